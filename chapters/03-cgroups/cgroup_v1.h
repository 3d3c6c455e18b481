/*
 * Version 1: a tree for each controller, and a process is put into each of them.
 */
#ifndef CGROUP_V1_H
#define CGROUP_V1_H

#include "cgroup.h"
#include "cgroup_layout.h"
#include "cgroup_settings.h"

/* Adds what version 1 writes for these limits, in order. Errors: ENOENT, ENOTBLK for a device whose
 * rate is limited. */
int cgroup_v1_settings(const struct cgroup_limits *limits, struct cgroup_settings *settings,
		       struct error *err);

/* Writes settings to the cgroup `name`. Errors: ENOTSUP for a controller or file that is missing;
 * EINVAL and others for a value that the kernel refuses. */
int cgroup_v1_write(const struct cgroup_layout *layout, const char *name,
		    const struct cgroup_settings *settings, struct error *err);

/* Fills the new cgroup `name` in every hierarchy: cpus and memory nodes, limits, device rules.
 * Errors: ENOTSUP for a controller that is needed and missing; EINVAL and others for a value that
 * the kernel refuses. */
int cgroup_v1_set_up(const struct cgroup_layout *layout, const char *name,
		     const struct cgroup_limits *limits, struct error *err);

/* Writes new limits to the cgroup while processes are in it. */
int cgroup_v1_update(const struct cgroup_layout *layout, const char *name,
		     const struct cgroup_limits *limits, struct error *err);

/* Moves a process into the cgroup in every hierarchy. */
int cgroup_v1_add(const struct cgroup_layout *layout, const char *name, pid_t pid,
		  struct error *err);

/* Moves the calling thread, which must be the only one of its process. */
int cgroup_v1_enter(const struct cgroup_layout *layout, const char *name, struct error *err);

#endif
