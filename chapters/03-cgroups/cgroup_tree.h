/*
 * A cgroup and those below it, which a container may have made.
 */
#ifndef CGROUP_TREE_H
#define CGROUP_TREE_H

#include <stdint.h>

#include "error.h"
#include "text.h"

/* Adds the full paths of the cgroups right below `dir`. One that vanishes meanwhile has none. */
void cgroup_tree_children(const char *dir, struct strings *children);

/* Adds the pids of all processes in `dir` and below. Errors: ENOENT. */
int cgroup_tree_pids(const char *dir, struct strings *pids, struct error *err);

/* The number after `key` in a file of lines as "oom_kill 3", or in one that is a number alone if `key`
 * is "". 0 if there is none. */
uint64_t cgroup_tree_number(const char *dir, const char *file, const char *key);

/* The same, summed over `dir` and those below: version 1 counts some things in each cgroup apart. */
uint64_t cgroup_tree_sum(const char *dir, const char *file, const char *key);

#endif
