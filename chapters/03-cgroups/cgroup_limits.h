/*
 * What a container may use, in Docker's terms, whichever version of cgroups will hold it to that.
 */
#ifndef CGROUP_LIMITS_H
#define CGROUP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "devices.h"

enum cgroup_rate_kind {
	CGROUP_READ_BPS,
	CGROUP_WRITE_BPS,
	CGROUP_READ_IOPS,
	CGROUP_WRITE_IOPS,
	CGROUP_RATE_KINDS,
};

/* How much of one block device: bytes or requests in a second. */
struct cgroup_rate {
	enum cgroup_rate_kind kind;
	char *device; /* "/dev/sda" */
	uint64_t per_second;
};

struct cgroup_rates {
	struct cgroup_rate *items;
	size_t count;
};

/* Zeroed: no limit. Strings and lists are its own. */
struct cgroup_limits {
	uint64_t memory_bytes;
	int64_t memory_swap_bytes; /* memory and swap together, as Docker counts; 0: twice the
				    * memory; -1: unlimited */
	uint64_t memory_reservation_bytes;
	bool has_swappiness;
	uint64_t memory_swappiness; /* 0 to 100 */
	bool oom_kill_disable;
	uint64_t nano_cpus;		 /* 1.5 cpus are 1 500 000 000; not with a quota */
	int64_t cpu_quota_us;		 /* 0: as it is; negative: none */
	uint64_t cpu_period_us;		 /* 0: CGROUP_PERIOD_US */
	uint64_t cpu_shares;		 /* 2 to 262144; 1024 is normal */
	char *cpuset_cpus, *cpuset_mems; /* "0-1,3"; NULL: all */
	int64_t pids;			 /* 0 or negative: unlimited */
	uint64_t blkio_weight;		 /* 10 to 1000; 0: normal */
	struct cgroup_rates rates;
	struct device_rules devices; /* allowed beyond Docker's default */
	char *parent;		     /* the cgroup in which it is made; NULL: as its name says */
};

/* Adds a rate; the device's path is copied. */
void cgroup_rates_add(struct cgroup_rates *rates, enum cgroup_rate_kind kind, const char *device,
		      uint64_t per_second);

/* Time on all processors together in each period, as given or as it follows from nano_cpus. 0: not
 * given; negative: unlimited. */
struct cgroup_quota {
	int64_t quota_us;
	uint64_t period_us;
	const char *option; /* what asks for it */
};
#define CGROUP_PERIOD_US 100000
/* What is written as period and quota. */
struct cgroup_quota cgroup_limits_quota(const struct cgroup_limits *limits);

/* Copies what `from` says into *to, which is released first. */
void cgroup_limits_copy(struct cgroup_limits *to, const struct cgroup_limits *from);

/* Memory and swap together, in bytes, as Docker counts: twice the memory if only that is given;
 * -1: no limit. 0 without a limit on memory. */
int64_t cgroup_memory_and_swap(const struct cgroup_limits *limits);

void cgroup_limits_release(struct cgroup_limits *limits);
#define AUTO_CGROUP_LIMITS CLEANUP(cgroup_limits_release)

#endif
