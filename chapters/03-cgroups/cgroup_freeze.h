/*
 * A cgroup stands still, and goes on: what `docker pause` is.
 */
#ifndef CGROUP_FREEZE_H
#define CGROUP_FREEZE_H

#include <stdbool.h>

#include "cgroup.h"
#include "error.h"

/* Stops every process in it and below, or lets them go on, and returns when all do. A process does
 * not notice. Errors: ENOTSUP without a freezer; ETIMEDOUT if a process did not stop within ten
 * seconds (state D): none is frozen then. cgroups(7) */
int cgroup_freeze(struct cgroup *cgroup, bool frozen, struct error *err);

/* Whether it was frozen by cgroup_freeze. */
bool cgroup_is_frozen(const struct cgroup *cgroup);

#endif
