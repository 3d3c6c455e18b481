/*
 * The end of a cgroup: its processes killed, it and what was made inside it removed.
 */
#ifndef CGROUP_REMOVE_H
#define CGROUP_REMOVE_H

#include "error.h"

/* Kills every process in the cgroup `dir` and below, and removes it with all cgroups inside. Fine
 * if it is gone. Tries for some ten seconds. Errors: EBUSY if a process does not end (state D). */
int cgroup_remove(const char *dir, struct error *err);

#endif
