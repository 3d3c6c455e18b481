/*
 * A table of what the cgroups of running programs use.
 */
#ifndef CGROUP_STATS_H
#define CGROUP_STATS_H

#include "error.h"
#include "text.h"

/* Reads the cgroups below `parent`, "coracle", twice, a second apart, and adds a table of them: a line
 * for each, in the columns of `docker stats` that a cgroup can tell, and how often it was throttled. */
int cgroup_stats_table(const char *parent, struct text *text, struct error *err);

#endif
