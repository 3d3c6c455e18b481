/* Version 2 of cgroups; see cgroup_v2.h. */
#include "cgroup_v2.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "devices.h"
#include "file.h"
#include "path.h"
#include "text.h"
#include "trace.h"

/* --- limits as files ------------------------------------------------------------------------- */

#define ADD(option, file, ...)                                                                     \
	cgroup_settings_add(settings, (struct cgroup_setting){option, file}, __VA_ARGS__)

static void add_memory(const struct cgroup_limits *limits, struct cgroup_settings *settings)
{
	/* Kernels without swap lack it: Docker goes on then, too. */
	const struct cgroup_setting swap = {"--memory-swap", "memory.swap.max", MAY_LACK};
	int64_t both = cgroup_memory_and_swap(limits);

	if (limits->memory_bytes)
		ADD("--memory", "memory.max", "%lu", limits->memory_bytes);
	/* Step 3.3: Docker counts both together, and version 2 swap alone. */
	if (both > 0)
		cgroup_settings_add(settings, swap, "%ld", both - (int64_t)limits->memory_bytes);
	if (both < 0)
		cgroup_settings_add(settings, swap, "max");
	if (limits->memory_reservation_bytes)
		ADD("--memory-reservation", "memory.low", "%lu", limits->memory_reservation_bytes);
}

/* Shares are 2 to 262144 and normally 1024, weights 1 to 10000 and normally 100. This line through
 * the ends is what runc draws up to its version 1.3.1, and so Docker 28.2: 1024 becomes 39. */
static uint64_t shares_to_weight(uint64_t shares)
{
	return 1 + (shares - 2) * 9999 / 262142;
}

static void add_cpu(const struct cgroup_limits *limits, struct cgroup_settings *settings)
{
	struct cgroup_quota quota = cgroup_limits_quota(limits);
	uint64_t period_us = quota.period_us ? quota.period_us : CGROUP_PERIOD_US;

	if (quota.quota_us > 0)
		ADD(quota.option, "cpu.max", "%ld %lu", quota.quota_us, period_us);
	else if (quota.quota_us || quota.period_us)
		ADD(quota.option, "cpu.max", "max %lu", period_us);
	if (limits->cpu_shares)
		ADD("--cpu-shares", "cpu.weight", "%lu", shares_to_weight(limits->cpu_shares));
	if (limits->cpuset_cpus && *limits->cpuset_cpus)
		ADD("--cpuset-cpus", "cpuset.cpus", "%s", limits->cpuset_cpus);
	if (limits->cpuset_mems && *limits->cpuset_mems)
		ADD("--cpuset-mems", "cpuset.mems", "%s", limits->cpuset_mems);
}

static int add_io(const struct cgroup_limits *limits, struct cgroup_settings *settings,
		  struct error *err)
{
	static const char *const files[CGROUP_RATE_KINDS] = {"io.max", "io.max", "io.max",
							     "io.max"};
	static const char *const prefixes[CGROUP_RATE_KINDS] = {
		"rbps=", "wbps=", "riops=", "wiops="};
	/* The scheduler BFQ takes Docker's 10 to 1000 as they are; io.weight is 1 to 10000. */
	const struct cgroup_setting bfq = {"--blkio-weight", "io.bfq.weight", OR_NEXT};

	if (limits->blkio_weight) {
		cgroup_settings_add(settings, bfq, "%lu", limits->blkio_weight);
		ADD("--blkio-weight", "io.weight", "%lu",
		    1 + (limits->blkio_weight - 10) * 9999 / 990);
	}
	return cgroup_settings_add_rates(settings, &limits->rates, files, prefixes, err);
}

/* What version 1 could do, and version 2 has no file for. */
static int refuse_old(const struct cgroup_limits *limits, struct error *err)
{
	const char *option = limits->has_swappiness	? "--memory-swappiness"
			     : limits->oom_kill_disable ? "--oom-kill-disable"
							: NULL;

	if (!option)
		return 0;
	return error_set(err, ENOTSUP,
			 "set %s: cgroup version 2, which this host has, can't do that", option);
}

int cgroup_v2_settings(const struct cgroup_limits *limits, struct cgroup_settings *settings,
		       struct error *err)
{
	if (refuse_old(limits, err) < 0)
		return -1;
	add_memory(limits, settings);
	add_cpu(limits, settings);
	if (limits->pids > 0)
		ADD("--pids-limit", "pids.max", "%ld", limits->pids);
	if (limits->pids < 0)
		ADD("--pids-limit", "pids.max", "max");
	return add_io(limits, settings, err);
}

/* --- controllers for the children ------------------------------------------------------------ */

/* Words as "cpu memory", read from a cgroup's file. */
static int read_words(const char *dir, const char *file, struct strings *words, struct error *err)
{
	AUTO_FREE char *path = path_join(dir, file);
	AUTO_TEXT struct text text = {0};
	char *rest;

	if (file_read(AT_FDCWD, path, 1 << 20, &text, err) < 0)
		return -1;
	rest = text.data;
	for (const char *word; (word = strsep(&rest, " \n"));)
		if (*word)
			strings_add(words, word);
	return 0;
}

/* Adds "+memory" to what is written to subtree_control. */
static void add_enabled(struct text *enabled, const char *controller)
{
	text_add_format(enabled, "%s+%s", enabled->length ? " " : "", controller);
}

/* Which controllers the limits need. */
static int list_needed(const struct cgroup_settings *settings, const struct strings *present,
		       struct text *needed, struct error *err)
{
	AUTO_STRINGS struct strings listed = {0};

	for (size_t i = 0; i < settings->count; i++) {
		const struct cgroup_setting *setting = &settings->items[i];
		AUTO_FREE char *controller = cgroup_setting_controller(setting);

		if (!strings_contain(present, controller))
			return error_set(err, ENOTSUP,
					 "set %s: this host has no cgroup controller '%s'",
					 setting->option, controller);
		if (strings_contain(&listed, controller))
			continue;
		strings_add(&listed, controller);
		add_enabled(needed, controller);
	}
	return 0;
}

/* Which it should have anyway, so that its usage can be told: those that runc enables. */
static void list_wanted(const struct strings *present, struct text *wanted)
{
	static const char *const known[] = {"cpuset", "cpu", "io", "memory", "pids"};

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (strings_contain(present, known[i]))
			add_enabled(wanted, known[i]);
}

/* Only the root of the tree may have processes and give its children controllers as well. */
static int explain_busy(const char *dir, struct error *err)
{
	AUTO_STRINGS struct strings pids = {0};
	struct error ignored;

	if (err->code != EBUSY || read_words(dir, "cgroup.procs", &pids, &ignored) < 0 ||
	    pids.count == 0)
		return -1;
	return error_hint(
		err, EBUSY,
		"process %s is in that cgroup, and one with processes can't limit its children: mkdir %s/init, and move each into %s/init/cgroup.procs",
		pids.items[0], dir, dir);
}

static int enable_in(const char *dir, const struct text *wanted, const struct text *needed,
		     struct error *err)
{
	AUTO_FREE char *path = path_join(dir, "cgroup.subtree_control");

	if (wanted->length) {
		trace("echo %q > %q", wanted->data, path);
		if (file_write_value(AT_FDCWD, path, wanted->data, err) == 0)
			return 0;
	}
	/* What no limit needs may be missing. */
	if (!needed->length)
		return 0;
	trace("echo %q > %q", needed->data, path);
	if (file_write_value(AT_FDCWD, path, needed->data, err) == 0)
		return 0;
	return explain_busy(dir, err);
}

/* A controller is there for a cgroup only if all of its ancestors, from the top down, say so. */
static int enable_controllers(const char *mount, const char *name,
			      const struct cgroup_settings *settings, struct error *err)
{
	AUTO_STRINGS struct strings present = {0};
	AUTO_TEXT struct text wanted = {0}, needed = {0};
	AUTO_FREE char *dir = path_join(mount, name);

	if (read_words(mount, "cgroup.controllers", &present, err) < 0)
		return -1;
	if (list_needed(settings, &present, &needed, err) < 0)
		return -1;
	list_wanted(&present, &wanted);
	for (char *slash = dir + strlen(mount); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (enable_in(dir, &wanted, &needed, err) < 0)
			return -1;
		*slash = '/';
	}
	return 0;
}

static char *same_dir(const void *dir, const char *controller)
{
	(void)controller;
	return memory_string(dir);
}

int cgroup_v2_write(const char *dir, const struct cgroup_settings *settings, struct error *err)
{
	return cgroup_settings_write(settings, same_dir, dir, err);
}

int cgroup_v2_set_up(const char *mount, const char *name, int fd,
		     const struct cgroup_limits *limits, struct error *err)
{
	AUTO_CGROUP_SETTINGS struct cgroup_settings settings = {0};
	AUTO_FREE char *dir = path_join(mount, name);

	if (cgroup_v2_settings(limits, &settings, err) < 0)
		return -1;
	/* Step 3.1: first, for without its controller a limit has no file. */
	if (enable_controllers(mount, name, &settings, err) < 0)
		return -1;
	/* Step 3.2: before anybody is in it. */
	if (cgroup_v2_write(dir, &settings, err) < 0)
		return -1;
	/* Step 3.4: devices are no file, but a program that is asked. */
	if (devices_attach(&limits->devices, fd, dir, err) < 0)
		return -1;
	return 0;
}
