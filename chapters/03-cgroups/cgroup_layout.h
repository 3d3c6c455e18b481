/*
 * Which cgroup hierarchies this host has, and where they are mounted.
 *
 * Nothing is assumed: /proc/self/cgroup lists the hierarchies and their controllers, and
 * /proc/self/mountinfo says where each is mounted. Names as "/sys/fs/cgroup/cpu,cpuacct" are only a
 * custom. cgroups(7), proc(5)
 */
#ifndef CGROUP_LAYOUT_H
#define CGROUP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "error.h"
#include "text.h"

struct cgroup_hierarchy {
	char *mount;		    /* its mount point, or the first of several */
	struct strings controllers; /* of v1: "cpu", "cpuacct"; "name=systemd" counts as one */
};

/* Zeroed: none. */
struct cgroup_layout {
	bool unified; /* v2: one hierarchy; which controllers it has, its cgroup.controllers says */
	struct cgroup_hierarchy *hierarchies; /* those that a container is put into */
	size_t count;
};

/* Reads the layout from the texts of the two files. A hybrid host, where version 1 has the
 * controllers, counts as version 1, and its version 2 hierarchy is left out. The caller releases
 * *layout. Errors: ENOTSUP if no cgroup file system is mounted. */
int cgroup_layout_parse(const char *mountinfo, const char *cgroups, struct cgroup_layout *layout,
			struct error *err);

/* The same for this process. */
int cgroup_layout_read(struct cgroup_layout *layout, struct error *err);

/* The hierarchy of a version 1 controller; NULL if it has none. */
const struct cgroup_hierarchy *cgroup_layout_find(const struct cgroup_layout *layout,
						  const char *controller);

/* Whether the kernel counts swap: some are built or booted so that they don't. */
bool cgroup_layout_counts_swap(const struct cgroup_layout *layout);

void cgroup_layout_release(struct cgroup_layout *layout);
#define AUTO_CGROUP_LAYOUT CLEANUP(cgroup_layout_release)

#endif
