/*
 * What `03-cgroups` prints itself: the front end of `03-cgroups stats`, and warnings.
 */
#ifndef STATS_COMMAND_H
#define STATS_COMMAND_H

#include "cgroup_limits.h"

/* Reads options, and prints the table of cgroup_stats.h once a second, or once. argv[0] is "stats";
 * `name` is for the help and for errors. Returns the exit status. */
int stats_command(const char *name, int argc, char *const *argv);

/* Prints what cgroup_warnings says, as Docker: "WARNING: …" on standard error. */
void stats_print_warnings(const struct cgroup_limits *limits);

#endif
