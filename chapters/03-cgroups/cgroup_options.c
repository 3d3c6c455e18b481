/* The options of chapter 03; see cgroup_options.h. */
#include "cgroup_options.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "devices.h"
#include "host_devices.h"
#include "file.h"
#include "text.h"

#define MEMORY_LEAST (6 << 20)
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

/* As Go reads it for Docker: with a sign, and 0x, or 0 for an octal number, in front. */
static int option_whole(void *field, const char *value, struct error *err)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(value, &end, 0);
	if (!*value || *end || isspace((unsigned char)*value))
		return error_set(err, EINVAL, "'%s' is not a whole number", value);
	if (errno)
		return error_set(err, ERANGE, "'%s' is too large", value);
	*(int64_t *)field = number;
	return 0;
}

/* Reads a decimal number with at most nine digits after the point, in thousand-millionths. */
static int read_nano(const char *value, size_t length, long double *nano)
{
	size_t whole = strspn(value, "0123456789");
	bool point = value[whole] == '.';
	size_t digits = point ? strspn(value + whole + 1, "0123456789") : 0;

	if (whole + digits == 0 || whole + point + digits != length)
		return -1;
	*nano = strtold(value, NULL) * 1000000000;
	return digits > 9 && strspn(value + whole + 10, "0") < digits - 9 ? 1 : 0;
}

/* "1.5" is 1 500 000 000 thousand-millionths, and "3/2" is the same. */
static int option_cpus(void *field, const char *value, struct error *err)
{
	bool negative = *value == '-';
	const char *number = value + (negative || *value == '+');
	size_t length = strcspn(number, "/");
	long double nano = 0, divisor = 1000000000;
	int result = read_nano(number, length, &nano);
	bool too_many;

	if (result == 0 && number[length])
		result = read_nano(number + length + 1, strlen(number + length + 1), &divisor);
	if (result < 0 || divisor == 0)
		return error_set(err, EINVAL, "failed to parse %s as a rational number", value);
	nano = nano / divisor * 1000000000;
	too_many = !(nano <= 1e18L); /* also what is no number */
	if (result > 0 || (number[length] && !too_many && nano != (long double)(uint64_t)nano))
		return error_set(err, EINVAL, "value is too precise");
	/* One that is out of range is told so later. */
	*(uint64_t *)field = negative || too_many ? UINT64_MAX : (uint64_t)(nano + 0.5L);
	return 0;
}

/* -1 is Docker's default: whatever the parent has. */
static int option_swappiness(void *field, const char *value, struct error *err)
{
	struct cgroup_limits *limits = field;

	if (option_whole(&limits->memory_swappiness, value, err) < 0)
		return -1;
	limits->has_swappiness = limits->memory_swappiness != (uint64_t)-1;
	return 0;
}

static int option_device_rule(void *field, const char *value, struct error *err)
{
	return device_rules_parse(field, value, err);
}

/* --- rates: "/dev/sda:1mb" ------------------------------------------------------------------- */

static int add_rate(struct cgroup_rates *rates, enum cgroup_rate_kind kind, const char *value,
		    struct error *err)
{
	bool bytes = kind == CGROUP_READ_BPS || kind == CGROUP_WRITE_BPS;
	size_t length = strcspn(value, ":");
	AUTO_FREE char *device = memory_format("%.*s", (int)length, value);
	uint64_t number = 0;
	struct error bad;

	if (!value[length] || !length)
		return error_set(err, EINVAL, "bad format: %s", value);
	if (!text_starts_with(device, "/dev/"))
		return error_set(err, EINVAL, "bad format for device path: %s", value);
	if ((bytes ? text_to_bytes(value + length + 1, &number, &bad)
		   : text_to_number(value + length + 1, INT64_MAX, &number, &bad)) < 0)
		return error_set(
			err, EINVAL,
			"invalid rate for device: %s. The correct format is <device-path>:<number>%s. Number must be a positive integer%s",
			value, bytes ? "[<unit>]" : "",
			bytes ? ". Unit is optional and can be kb, mb, or gb" : "");
	cgroup_rates_add(rates, kind, device, number);
	return 0;
}

static int option_read_bps(void *field, const char *value, struct error *err)
{
	return add_rate(field, CGROUP_READ_BPS, value, err);
}

static int option_write_bps(void *field, const char *value, struct error *err)
{
	return add_rate(field, CGROUP_WRITE_BPS, value, err);
}

static int option_read_iops(void *field, const char *value, struct error *err)
{
	return add_rate(field, CGROUP_READ_IOPS, value, err);
}

static int option_write_iops(void *field, const char *value, struct error *err)
{
	return add_rate(field, CGROUP_WRITE_IOPS, value, err);
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
		return error_set(err, EINVAL, "Invalid value %s for cpuset %s: invalid format: %s",
				 list, kind, list);
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
	if (limits->has_swappiness && limits->memory_swappiness > 100)
		return error_set(err, EINVAL,
				 "invalid value: %ld. Valid memory swappiness range is 0-100",
				 (long)limits->memory_swappiness);
	if (reservation && reservation < MEMORY_LEAST)
		return error_set(err, EINVAL, "Minimum memory reservation allowed is 6MB");
	if (memory && memory < reservation)
		return error_set(
			err, EINVAL,
			"Minimum memory limit can not be less than memory reservation limit, see usage");
	return 0;
}

static int check_cpus(const struct cgroup_limits *limits, struct error *err)
{
	cpu_set_t usable;
	int count;

	if (!limits->nano_cpus)
		return 0;
	if (limits->cpu_period_us)
		return error_set(
			err, EINVAL,
			"Conflicting options: Nano CPUs and CPU Period cannot both be set");
	if (limits->cpu_quota_us > 0)
		return error_set(err, EINVAL,
				 "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
	count = sched_getaffinity(0, sizeof(usable), &usable) < 0 ? 1 : CPU_COUNT(&usable);
	if (limits->nano_cpus < 10000000 || limits->nano_cpus > (uint64_t)count * 1000000000)
		return error_set(
			err, EINVAL,
			"range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available",
			count, count);
	return 0;
}

static int check_quota(const struct cgroup_limits *limits, struct error *err)
{
	uint64_t period_us = limits->cpu_period_us;
	int64_t quota_us = limits->cpu_quota_us;

	if (period_us && (period_us < 1000 || period_us > 1000000))
		return error_set(
			err, EINVAL,
			"CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
	if (quota_us > 0 && quota_us < 1000)
		return error_set(err, EINVAL, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
	return 0;
}

static int check_weights(const struct cgroup_limits *limits, struct error *err)
{
	uint64_t shares = limits->cpu_shares, weight = limits->blkio_weight;

	if ((int64_t)shares < 0)
		return error_set(err, EINVAL, "shares: invalid argument");
	if (shares == 1)
		return error_set(err, EINVAL, "the minimum allowed cpu-shares is 2");
	if (shares > 262144)
		return error_set(err, EINVAL, "the maximum allowed cpu-shares is 262144");
	if (weight && (weight < 10 || weight > 1000))
		return error_set(err, EINVAL, "Range of blkio weight is from 10 to 1000");
	return 0;
}

static int check_sets(const struct cgroup_limits *limits, struct error *err)
{
	if (check_set("cpus", "CPUs", limits->cpuset_cpus, "/sys/devices/system/cpu/online", err) <
	    0)
		return -1;
	return check_set("mems", "memory nodes", limits->cpuset_mems,
			 "/sys/devices/system/node/online", err);
}

static int check_all_but_memory(const struct cgroup_limits *limits, struct error *err)
{
	if (check_cpus(limits, err) < 0 || check_quota(limits, err) < 0 ||
	    check_weights(limits, err) < 0)
		return -1;
	return check_sets(limits, err);
}

#define FIELD(name) offsetof(struct cgroup_options, name)

const struct option_row cgroup_option_rows[] = {
	{"memory", 'm', "BYTES", option_bytes, FIELD(limits.memory_bytes), "Memory limit",
	 "memory.max", "cgroups(7)"},
	{"memory-swap", 0, "BYTES", option_swap, FIELD(limits.memory_swap_bytes),
	 "Limit of memory plus swap; -1 for unlimited swap", "memory.swap.max", "cgroups(7)"},
	{"memory-reservation", 0, "BYTES", option_bytes, FIELD(limits.memory_reservation_bytes),
	 "What it keeps when memory is short", "memory.low", "cgroups(7)"},
	{"cpus", 0, "NUMBER", option_cpus, FIELD(limits.nano_cpus), "Number of CPUs, as 1.5",
	 "cpu.max", "cgroups(7)"},
	{"cpu-period", 0, "MICROSECONDS", option_whole, FIELD(limits.cpu_period_us),
	 "Period in which the quota may be used", "cpu.max", "cgroups(7)"},
	{"cpu-quota", 0, "MICROSECONDS", option_whole, FIELD(limits.cpu_quota_us),
	 "CPU time in each period; -1 for unlimited", "cpu.max", "cgroups(7)"},
	{"cpu-shares", 'c', "NUMBER", option_whole, FIELD(limits.cpu_shares),
	 "Weight against others; 1024 is normal", "cpu.weight", "cgroups(7)"},
	{"cpuset-cpus", 0, "LIST", option_string, FIELD(limits.cpuset_cpus),
	 "CPUs it may run on, as 0-2,5", "cpuset.cpus", "cpuset(7)"},
	{"cpuset-mems", 0, "LIST", option_string, FIELD(limits.cpuset_mems),
	 "Memory nodes it may use", "cpuset.mems", "cpuset(7)"},
	{"pids-limit", 0, "NUMBER", option_whole, FIELD(limits.pids),
	 "Number of processes and threads; -1 for unlimited", "pids.max", "cgroups(7)"},
	{"memory-swappiness", 0, "PERCENT", option_swappiness, FIELD(limits),
	 "How readily it is swapped out, 0 to 100; version 1 only", "memory.swappiness",
	 "cgroups(7)"},
	{"oom-kill-disable", 0, NULL, option_flag, FIELD(limits.oom_kill_disable),
	 "Let it wait, not die, when memory is short; version 1 only", "memory.oom_control",
	 "cgroups(7)"},
	{"blkio-weight", 0, "NUMBER", option_whole, FIELD(limits.blkio_weight),
	 "Share of disk traffic, 10 to 1000", "io.weight", "cgroups(7)"},
	{"device-read-bps", 0, "DEVICE:BYTES", option_read_bps, FIELD(limits.rates),
	 "Bytes read in a second", "io.max", "cgroups(7)"},
	{"device-write-bps", 0, "DEVICE:BYTES", option_write_bps, FIELD(limits.rates),
	 "Bytes written in a second", "io.max", "cgroups(7)"},
	{"device-read-iops", 0, "DEVICE:NUMBER", option_read_iops, FIELD(limits.rates),
	 "Read requests in a second", "io.max", "cgroups(7)"},
	{"device-write-iops", 0, "DEVICE:NUMBER", option_write_iops, FIELD(limits.rates),
	 "Write requests in a second", "io.max", "cgroups(7)"},
	{"device-cgroup-rule", 0, "RULE", option_device_rule, FIELD(limits.devices),
	 "Allow devices, as 'c 10:200 rwm'", "BPF_PROG_TYPE_CGROUP_DEVICE", "bpf(2)"},
	{"cgroup-parent", 0, "PATH", option_string, FIELD(limits.parent),
	 "The cgroup below which its own is made", "mkdir", "cgroups(7)"},
	{0},
};

int cgroup_options_check(struct cgroup_options *options, struct error *err)
{
	return check_memory(&options->limits, err) < 0
		       ? -1
		       : check_all_but_memory(&options->limits, err);
}

int cgroup_options_check_update(struct cgroup_options *options, struct error *err)
{
	const struct cgroup_limits *limits = &options->limits;
	bool swap_alone = !limits->memory_bytes && limits->memory_swap_bytes > 0;

	if (!swap_alone && check_memory(limits, err) < 0)
		return -1;
	return check_all_but_memory(limits, err);
}

static int allow_device(struct device_rules *rules, const char *text, struct error *err)
{
	AUTO_HOST_DEVICE struct host_device device = {0};
	struct stat st;

	if (host_device_parse(text, &device, err) < 0)
		return -1;
	if (stat(device.source, &st) < 0)
		return error_sys(err, "error gathering device information for '%s'", device.source);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		struct device_rule rule = {S_ISBLK(st.st_mode) ? 'b' : 'c', (int)major(st.st_rdev),
					   (int)minor(st.st_rdev), ""};

		memcpy(rule.access, device.access, sizeof(rule.access));
		device_rules_add(rules, rule);
	}
	return 0;
}

int cgroup_options_complete(struct cgroup_options *options, struct namespaces_options *namespaces,
			    const struct attributes *attributes, struct error *err)
{
	const struct rootfs_wishes *wishes = &namespaces->wishes;

	if (namespaces_options_complete(namespaces, attributes, err) < 0 ||
	    cgroup_options_check(options, err) < 0)
		return -1;
	for (size_t i = 0; i < wishes->devices.count; i++)
		if (allow_device(&options->limits.devices, wishes->devices.items[i], err) < 0)
			return -1;
	if (wishes->privileged)
		device_rules_add(&options->limits.devices, DEVICE_RULE_ALL);
	return 0;
}

void cgroup_options_release(struct cgroup_options *options)
{
	cgroup_limits_release(&options->limits);
}
