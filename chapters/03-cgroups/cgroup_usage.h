/*
 * What a cgroup uses, and what its limits have done.
 */
#ifndef CGROUP_USAGE_H
#define CGROUP_USAGE_H

#include <stdint.h>

#include "cgroup.h"
#include "error.h"

/* What can't be read, because the host lacks the controller, is 0. */
struct cgroup_usage {
	uint64_t time_us;      /* when it was read: CLOCK_MONOTONIC */
	uint64_t cpu_us;       /* processor time so far, of all its processes */
	uint64_t memory_bytes; /* without page cache that could be dropped, as Docker counts */
	uint64_t memory_limit_bytes; /* the host's memory if there is no limit */
	uint64_t disk_read_bytes, disk_written_bytes;
	uint64_t pids;		     /* processes and threads */
	uint64_t periods, throttled; /* of cpu.max: all so far, and those cut short */
	uint64_t throttled_us;	     /* how long it stood still */
	uint64_t oom_kills;
};

/* Reads them all. */
void cgroup_usage_read(const struct cgroup *cgroup, struct cgroup_usage *usage);

/* Processors' worth of time between two readings, in percent: 150 for one and a half. */
double cgroup_usage_cpu_percent(const struct cgroup_usage *before, const struct cgroup_usage *now);

/* How many processes the kernel killed in it, or in a cgroup inside it, for lack of memory. 0 if that
 * can't be read. */
uint64_t cgroup_oom_kills(const struct cgroup *cgroup);

#endif
