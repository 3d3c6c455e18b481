/* The options of chapter 03; see cgroup_options.h. */
#include "cgroup_options.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "text.h"

#define MEMORY_LEAST (6 << 20)
#define CPU_PERIOD_US 100000
/* More numbers of cpus or nodes than that no kernel has. */
#define SET_SIZE 8192

/* --- parsers of one value -------------------------------------------------------------------- */

/* -1, the way to say "unlimited", or a size. */
static int option_swap(void *field, const char *value, struct error *err)
{
	uint64_t bytes;

	if (strcmp(value, "-1") == 0) {
		*(int64_t *)field = -1;
		return 0;
	}
	if (text_to_bytes(value, &bytes, err) < 0)
		return -1;
	*(int64_t *)field = (int64_t)bytes;
	return 0;
}

static int option_number(void *field, const char *value, struct error *err)
{
	return text_to_number(value, INT64_MAX, field, err);
}

/* Negative numbers mean "no limit", as 0 does. */
static int option_limit(void *field, const char *value, struct error *err)
{
	bool negative = *value == '-';
	uint64_t number;

	if (text_to_number(value + negative, INT64_MAX, &number, err) < 0)
		return -1;
	*(uint64_t *)field = negative ? 0 : number;
	return 0;
}

/* "1.5" is 1500 thousandths; a thousandth is what the kernel can tell apart. */
static int option_cpus(void *field, const char *value, struct error *err)
{
	char *end;
	double cpus;

	if (!isdigit((unsigned char)*value) && *value != '.')
		return error_set(err, EINVAL, "failed to parse %s as a rational number", value);
	cpus = strtod(value, &end);
	if (*end || strpbrk(value, "xXpP") || end == value)
		return error_set(err, EINVAL, "failed to parse %s as a rational number", value);
	*(uint64_t *)field = cpus > 1e9 ? UINT64_MAX : (uint64_t)(cpus * 1000 + 0.5);
	if (*(uint64_t *)field == 0 && cpus > 0)
		return error_set(err, EINVAL, "value is too precise");
	return 0;
}

/* --- lists as "0-2,5" ------------------------------------------------------------------------ */

/* Reads "5" or "0-2" at *at, and moves *at behind it. */
static bool read_range(const char **at, unsigned long *first, unsigned long *last)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	*first = *last = strtoul(*at, &end, 10);
	if (*end == '-') {
		if (!isdigit((unsigned char)end[1]))
			return false;
		*last = strtoul(end + 1, &end, 10);
	}
	*at = end;
	return *first <= *last && *last < SET_SIZE;
}

static bool read_set(const char *list, bool set[SET_SIZE])
{
	for (;; list++) {
		unsigned long first, last;

		if (!read_range(&list, &first, &last) || (*list && *list != ','))
			return false;
		memset(set + first, true, last - first + 1);
		if (!*list)
			return true;
	}
}

/* Compares what is asked for with what the kernel's file lists. */
static int check_set(const char *kind, const char *plural, const char *list, const char *path,
		     struct error *err)
{
	bool wanted[SET_SIZE] = {false}, present[SET_SIZE] = {false};
	AUTO_TEXT struct text online = {0};

	if (!list || !*list)
		return 0;
	if (!read_set(list, wanted))
		return error_set(err, EINVAL, "Invalid value %s for cpuset %s", list, kind);
	/* A kernel for one memory node has no such file: it will judge the list itself. */
	if (file_read(AT_FDCWD, path, SET_SIZE * 8, &online, err) < 0)
		return 0;
	online.data[strcspn(online.data, "\n")] = '\0';
	read_set(online.data, present);
	for (size_t i = 0; i < SET_SIZE; i++)
		if (wanted[i] && !present[i])
			return error_set(
				err, EINVAL,
				"Requested %s are not available - requested %s, available: %s",
				plural, list, online.data);
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------- */

static int check_memory(const struct cgroup_limits *limits, struct error *err)
{
	uint64_t memory = limits->memory_bytes, reservation = limits->memory_reservation_bytes;

	if (memory && memory < MEMORY_LEAST)
		return error_set(err, EINVAL, "Minimum memory limit allowed is 6MB");
	if (memory && limits->memory_swap_bytes > 0 && (uint64_t)limits->memory_swap_bytes < memory)
		return error_set(
			err, EINVAL,
			"Minimum memoryswap limit should be larger than memory limit, see usage");
	if (!memory && limits->memory_swap_bytes > 0)
		return error_set(
			err, EINVAL,
			"You should always set the Memory limit when using Memoryswap limit, see usage");
	if (reservation && reservation < MEMORY_LEAST)
		return error_set(err, EINVAL, "Minimum memory reservation allowed is 6MB");
	if (memory && memory < reservation)
		return error_set(
			err, EINVAL,
			"Minimum memory limit can not be less than memory reservation limit, see usage");
	return 0;
}

static int check_cpus(struct cgroup_options *options, struct error *err)
{
	struct cgroup_limits *limits = &options->limits;
	uint64_t thousandths = options->cpu_thousandths;
	cpu_set_t usable;
	int count;

	if (!thousandths)
		return 0;
	if (limits->cpu_period_us)
		return error_set(
			err, EINVAL,
			"Conflicting options: Nano CPUs and CPU Period cannot both be set");
	if (limits->cpu_quota_us)
		return error_set(err, EINVAL,
				 "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
	count = sched_getaffinity(0, sizeof(usable), &usable) < 0 ? 1 : CPU_COUNT(&usable);
	if (thousandths < 10 || thousandths > (uint64_t)count * 1000)
		return error_set(
			err, EINVAL,
			"range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available",
			count, count);
	limits->cpu_period_us = CPU_PERIOD_US;
	limits->cpu_quota_us = thousandths * CPU_PERIOD_US / 1000;
	return 0;
}

static int check_quota(const struct cgroup_limits *limits, struct error *err)
{
	uint64_t period_us = limits->cpu_period_us, quota_us = limits->cpu_quota_us;

	if (period_us && (period_us < 1000 || period_us > 1000000))
		return error_set(
			err, EINVAL,
			"CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
	if (quota_us && quota_us < 1000)
		return error_set(err, EINVAL, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
	return 0;
}

#define FIELD(name) offsetof(struct cgroup_options, name)

const struct option_row cgroup_option_rows[] = {
	{"memory", 'm', "BYTES", option_bytes, FIELD(limits.memory_bytes), "Memory limit",
	 "memory.max", "cgroups(7)"},
	{"memory-swap", 0, "BYTES", option_swap, FIELD(limits.memory_swap_bytes),
	 "Limit of memory plus swap; -1 for unlimited swap", "memory.swap.max", "cgroups(7)"},
	{"memory-reservation", 0, "BYTES", option_bytes, FIELD(limits.memory_reservation_bytes),
	 "What it keeps when memory is short", "memory.low", "cgroups(7)"},
	{"cpus", 0, "NUMBER", option_cpus, FIELD(cpu_thousandths), "Number of CPUs, as 1.5",
	 "cpu.max", "cgroups(7)"},
	{"cpu-period", 0, "MICROSECONDS", option_number, FIELD(limits.cpu_period_us),
	 "Period in which the quota may be used", "cpu.max", "cgroups(7)"},
	{"cpu-quota", 0, "MICROSECONDS", option_limit, FIELD(limits.cpu_quota_us),
	 "CPU time in each period", "cpu.max", "cgroups(7)"},
	{"cpu-shares", 'c', "NUMBER", option_number, FIELD(limits.cpu_shares),
	 "Weight against others; 1024 is normal", "cpu.weight", "cgroups(7)"},
	{"cpuset-cpus", 0, "LIST", option_string, FIELD(limits.cpuset_cpus),
	 "CPUs it may run on, as 0-2,5", "cpuset.cpus", "cpuset(7)"},
	{"cpuset-mems", 0, "LIST", option_string, FIELD(limits.cpuset_mems), "Memory nodes it may use",
	 "cpuset.mems", "cpuset(7)"},
	{"pids-limit", 0, "NUMBER", option_limit, FIELD(limits.pids),
	 "Number of processes and threads; -1 for unlimited", "pids.max", "cgroups(7)"},
	{0},
};

int cgroup_options_check(struct cgroup_options *options, struct error *err)
{
	if (check_memory(&options->limits, err) < 0 || check_cpus(options, err) < 0 ||
	    check_quota(&options->limits, err) < 0)
		return -1;
	if (check_set("cpus", "CPUs", options->limits.cpuset_cpus, "/sys/devices/system/cpu/online", err) <
		    0 ||
	    check_set("mems", "memory nodes", options->limits.cpuset_mems,
		      "/sys/devices/system/node/online", err) < 0)
		return -1;
	return 0;
}

void cgroup_options_release(struct cgroup_options *options)
{
	cgroup_limits_release(&options->limits);
}
