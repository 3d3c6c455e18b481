/*
 * What is done to a container by its cgroup while it runs: looked at, stopped, limited anew.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "cgroup.h"
#include "cgroup_usage.h"
#include "container.h"
#include "engine.h"
#include "error.h"

/* Fills what only the kernel knows of a container that runs: whether it is paused, and whether a
 * process in it was killed for lack of memory. */
void container_observe(const struct engine *engine, struct container *container);

/* Fills only whether it is paused, and asks the kernel only if container_pause was called. */
void container_observe_pause(const struct engine *engine, struct container *container);

/* Stops all processes of a container, or lets them go on; returns when all do.
 * Errors: ESRCH if it does not run; EALREADY, in Docker's words, if it is so already. */
int container_pause(const struct engine *engine, const struct container *container,
		    struct error *err);
int container_unpause(const struct engine *engine, const struct container *container,
		      struct error *err);

/* Gives it new limits, at once if it runs; what is zero in them stays; and another restart policy,
 * which counts when its life ends next (NULL: as it is). They are recorded.
 * Errors: EINVAL, in Docker's words, for what contradicts the limits that it has. */
int container_update(const struct engine *engine, struct container *container,
		     const struct cgroup_limits *limits, const struct restart_policy *restart,
		     struct error *err);

struct container_usage {
	struct cgroup_usage cgroup;
	uint64_t received_bytes, sent_bytes; /* by its interfaces, lo excepted */
};

/* Reads what it uses; all is 0 if it does not run. */
void container_read_usage(const struct engine *engine, const struct container *container,
			  struct container_usage *usage);

/* Adds the pids, on the host, of all its processes. Errors: ESRCH if it does not run. */
int container_pids(const struct engine *engine, const struct container *container,
		   struct strings *pids, struct error *err);

#endif
