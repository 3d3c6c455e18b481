/*
 * A table of what the cgroups of running programs use, and the end of those that were left behind.
 */
#ifndef CGROUP_STATS_H
#define CGROUP_STATS_H

#include "error.h"
#include "text.h"

/* Reads the cgroups below `parent`, "coracle", twice, a second apart, and adds a table of them: a line
 * for each, in the columns of `docker stats` that a cgroup can tell, and how often it was throttled. */
int cgroup_stats_table(const char *parent, struct text *text, struct error *err);

/* Removes the cgroups below `parent` that are called "PID-…", are empty, and whose maker is gone: it was
 * killed before it could. What is not there, or can't be removed, is left. */
void cgroup_stats_sweep(const char *parent);

#endif
