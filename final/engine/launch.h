/*
 * From a record to a running process, and back.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include "cgroup.h"
#include "container.h"
#include "engine.h"
#include "error.h"
#include "namespaces.h"
#include "networks.h"
#include "overlay.h"
#include "process.h"
#include "rootfs.h"
#include "volume.h"

/* What a launch holds while the container runs. A zeroed struct holds nothing. */
struct launch {
	const struct engine *engine;
	struct container *container;
	struct overlay overlay;
	char *upper, *work, *root;
	struct volumes volumes;
	struct namespaces namespaces;
	struct sharing_files shared;
	struct rootfs rootfs;
	struct cgroup *cgroup;
	struct networks networks;
	struct process process;
};

/* What a command is connected to. */
struct launch_streams {
	int stdio[3];	     /* its standard streams, unless it has a terminal */
	struct winsize size; /* of the terminal, whose other end is then process.terminal */
};

/* Starts the container's command and fills pid, start and address of its state. The launch refers
 * to engine and container from then on. On failure all is given back. Errors: those of
 * process_start, and of every step before. */
int launch_start(struct launch *launch, const struct engine *engine, struct container *container,
		 const struct launch_streams *streams, struct error *err);

/* The name of a container's cgroup, for cgroup_open. The caller frees it. */
char *launch_cgroup_name(const struct engine *engine, const struct container *container);

/* Gives back the cgroup, with every process left in it, and the address of a container; what is
 * gone already is fine. Both are tried even if one fails. */
int launch_give_back(const struct engine *engine, const struct container *container,
		     struct error *err);

void launch_release(struct launch *launch);
#define AUTO_LAUNCH CLEANUP(launch_release)

#endif
