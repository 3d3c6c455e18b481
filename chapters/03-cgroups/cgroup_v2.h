/*
 * Version 2: one tree, in which each cgroup says which controllers its children get.
 */
#ifndef CGROUP_V2_H
#define CGROUP_V2_H

#include "cgroup.h"
#include "cgroup_settings.h"

/* Adds what version 2 writes for these limits, in order. Errors: ENOTSUP for what only version 1
 * can do; ENOENT, ENOTBLK for a device whose rate is limited. */
int cgroup_v2_settings(const struct cgroup_limits *limits, struct cgroup_settings *settings,
		       struct error *err);

/* Writes settings to the cgroup `dir`. Errors: ENOTSUP for a file that is missing; EINVAL and others
 * for a value that the kernel refuses. */
int cgroup_v2_write(const char *dir, const struct cgroup_settings *settings, struct error *err);

/* Fills the new cgroup `name` below `mount`, open as `fd`: enables the controllers for it, from the
 * mount point down, and writes limits and device rules.
 * Errors: ENOTSUP for a controller that is needed and missing; EBUSY if processes are in a cgroup
 * whose children it should get; EINVAL and others for a value that the kernel refuses. */
int cgroup_v2_set_up(const char *mount, const char *name, int fd,
		     const struct cgroup_limits *limits, struct error *err);

#endif
