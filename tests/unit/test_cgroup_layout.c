/* Chapter 03: layouts of cgroup hierarchies as hosts have them, and limits as files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cgroup_layout.h"
#include "cgroup_settings.h"
#include "cgroup_v1.h"
#include "cgroup_v2.h"
#include "file.h"
#include "tap.h"

/* Parses the fixture NAME of tests/unit/mountinfo. */
static int parse(const char *name, struct cgroup_layout *layout, struct error *err)
{
	AUTO_FREE char *mountinfo_path = memory_format("tests/unit/mountinfo/%s.mountinfo", name);
	AUTO_FREE char *cgroup_path = memory_format("tests/unit/mountinfo/%s.cgroup", name);
	AUTO_TEXT struct text mountinfo = {0}, cgroups = {0};

	if (file_read(AT_FDCWD, mountinfo_path, 1 << 20, &mountinfo, err) < 0 ||
	    file_read(AT_FDCWD, cgroup_path, 1 << 20, &cgroups, err) < 0)
		return -1;
	return cgroup_layout_parse(text_string(&mountinfo), text_string(&cgroups), layout, err);
}

static const char *mount_of(const struct cgroup_layout *layout, const char *controller)
{
	const struct cgroup_hierarchy *found = cgroup_layout_find(layout, controller);

	return found ? found->mount : "none";
}

static void test_v2(void)
{
	static const char *const names[] = {"systemd-v2", "stray-net-cls"};
	struct error err;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		AUTO_CGROUP_LAYOUT struct cgroup_layout layout = {0};

		ok(parse(names[i], &layout, &err) == 0, names[i]);
		ok(layout.unified, "it is version 2");
		is_number((long long)layout.count, 1, "in one hierarchy");
		is(layout.hierarchies[0].mount, "/sys/fs/cgroup", "at its mount point");
	}
}

static void test_odd_names(void)
{
	AUTO_CGROUP_LAYOUT struct cgroup_layout layout = {0};
	struct error err;

	ok(parse("odd", &layout, &err) == 0, "odd");
	is(layout.hierarchies[0].mount, "/srv/cgroup tree\\here",
	   "the mount of the whole tree counts, and its name is unescaped");
}

static void test_hybrid(void)
{
	AUTO_CGROUP_LAYOUT struct cgroup_layout layout = {0};
	struct error err;

	ok(parse("systemd-hybrid", &layout, &err) == 0, "systemd-hybrid");
	ok(!layout.unified, "it is version 1, for that has the controllers");
	is_number((long long)layout.count, 8, "in eight hierarchies, version 2 is left out");
	is(mount_of(&layout, "cpu"), "/sys/fs/cgroup/cpu,cpuacct", "cpu is mounted with cpuacct");
	is(mount_of(&layout, "cpuacct"), "/sys/fs/cgroup/cpu,cpuacct", "and cpuacct with cpu");
	is(mount_of(&layout, "cpuset"), "/sys/fs/cgroup/cpuset", "cpuset is not taken for cpu");
	is(mount_of(&layout, "name=systemd"), "/sys/fs/cgroup/systemd", "a named one counts too");
}

static void test_wsl2(void)
{
	AUTO_CGROUP_LAYOUT struct cgroup_layout layout = {0};
	struct error err;

	ok(parse("wsl2", &layout, &err) == 0, "wsl2");
	ok(!layout.unified, "it is version 1");
	is(mount_of(&layout, "cpu"), "/sys/fs/cgroup/cpu", "cpu is mounted alone");
	is(mount_of(&layout, "pids"), "none", "pids is not mounted, though the kernel has it");
}

static void test_nested(void)
{
	AUTO_CGROUP_LAYOUT struct cgroup_layout layout = {0};
	struct error err;

	ok(parse("nested-v1", &layout, &err) == 0, "nested-v1");
	is(mount_of(&layout, "memory"), "/sys/fs/cgroup/memory", "the larger part is taken");
	is_number((long long)layout.count, 4, "and each hierarchy once");
}

static void test_none(void)
{
	struct cgroup_layout layout = {0};
	struct error err;

	ok(parse("none", &layout, &err) < 0, "without any mount it fails");
	is_number(err.code, ENOTSUP, "with ENOTSUP");
	is(err.text, "no cgroup file system is mounted", "and says so");
	cgroup_layout_release(&layout);
}

/* A limit whose controller is not there is refused before anything is written. */
static void test_missing_controller(void)
{
	const struct cgroup_limits limits = {.pids = 10};
	AUTO_CGROUP_LAYOUT struct cgroup_layout layout = {0};
	struct error err;

	ok(parse("wsl2", &layout, &err) == 0, "wsl2 again");
	ok(cgroup_v1_set_up(&layout, "coracle-none/none", &limits, &err) < 0, "pids can't be set");
	is(err.text, "set --pids-limit: this host has no cgroup controller 'pids'",
	   "the error names the limit and the controller");
	is_number(err.code, ENOTSUP, "with ENOTSUP");
}

/* The settings as lines "file=value". */
static void describe(const struct cgroup_settings *settings, struct text *text)
{
	for (size_t i = 0; i < settings->count; i++)
		text_add_format(text, "%s%s=%s", i ? " " : "", settings->items[i].file,
				settings->items[i].value);
}

static void compare(const struct cgroup_limits *limits, const char *v1, const char *v2)
{
	AUTO_CGROUP_SETTINGS struct cgroup_settings ones = {0}, twos = {0};
	struct error err;
	AUTO_TEXT struct text one = {0}, two = {0};

	ok(cgroup_v1_settings(limits, &ones, &err) == 0, "version 1 takes the limits");
	ok(cgroup_v2_settings(limits, &twos, &err) == 0, "version 2 takes the limits");
	describe(&ones, &one);
	describe(&twos, &two);
	is(text_string(&one), v1, "version 1 files");
	is(text_string(&two), v2, "version 2 files");
}

static void test_settings(void)
{
	compare(&(struct cgroup_limits){0}, "", "");
	compare(&(struct cgroup_limits){.memory_bytes = 100},
		"memory.limit_in_bytes=100 memory.memsw.limit_in_bytes=200",
		"memory.max=100 memory.swap.max=100");
	compare(&(struct cgroup_limits){.memory_bytes = 100, .memory_swap_bytes = 130},
		"memory.limit_in_bytes=100 memory.memsw.limit_in_bytes=130",
		"memory.max=100 memory.swap.max=30");
	compare(&(struct cgroup_limits){.memory_bytes = 100, .memory_swap_bytes = 100},
		"memory.limit_in_bytes=100 memory.memsw.limit_in_bytes=100",
		"memory.max=100 memory.swap.max=0");
	compare(&(struct cgroup_limits){.memory_bytes = 100, .memory_swap_bytes = -1},
		"memory.limit_in_bytes=100 memory.memsw.limit_in_bytes=-1",
		"memory.max=100 memory.swap.max=max");
	compare(&(struct cgroup_limits){.memory_reservation_bytes = 9},
		"memory.soft_limit_in_bytes=9", "memory.low=9");
	compare(&(struct cgroup_limits){.cpu_quota_us = 150000}, "cpu.cfs_quota_us=150000",
		"cpu.max=150000 100000");
	compare(&(struct cgroup_limits){.cpu_quota_us = -1}, "cpu.cfs_quota_us=-1",
		"cpu.max=max 100000");
	compare(&(struct cgroup_limits){.cpu_period_us = 50000}, "cpu.cfs_period_us=50000",
		"cpu.max=max 50000");
	compare(&(struct cgroup_limits){.cpu_quota_us = 20000, .cpu_period_us = 50000},
		"cpu.cfs_period_us=50000 cpu.cfs_quota_us=20000", "cpu.max=20000 50000");
	compare(&(struct cgroup_limits){.cpu_shares = 1024}, "cpu.shares=1024", "cpu.weight=39");
	compare(&(struct cgroup_limits){.cpu_shares = 2}, "cpu.shares=2", "cpu.weight=1");
	compare(&(struct cgroup_limits){.cpu_shares = 262144}, "cpu.shares=262144",
		"cpu.weight=10000");
	compare(&(struct cgroup_limits){.cpuset_cpus = "0-1", .cpuset_mems = "0"},
		"cpuset.cpus=0-1 cpuset.mems=0", "cpuset.cpus=0-1 cpuset.mems=0");
	compare(&(struct cgroup_limits){.pids = 7}, "pids.max=7", "pids.max=7");
	compare(&(struct cgroup_limits){.pids = -1}, "pids.max=max", "pids.max=max");
	compare(&(struct cgroup_limits){.nano_cpus = 10000000},
		"cpu.cfs_period_us=100000 cpu.cfs_quota_us=1000", "cpu.max=1000 100000");
	compare(&(struct cgroup_limits){.blkio_weight = 10}, "blkio.weight=10 blkio.bfq.weight=10",
		"io.bfq.weight=10 io.weight=1");
	compare(&(struct cgroup_limits){.blkio_weight = 1000},
		"blkio.weight=1000 blkio.bfq.weight=1000", "io.bfq.weight=1000 io.weight=10000");
}

/* What only version 1 can do is refused by name on version 2. */
static void test_refused(const struct cgroup_limits *limits, const char *v1, const char *text)
{
	AUTO_CGROUP_SETTINGS struct cgroup_settings ones = {0}, twos = {0};
	AUTO_TEXT struct text one = {0};
	struct error err;

	ok(cgroup_v1_settings(limits, &ones, &err) == 0, "version 1 can do it");
	describe(&ones, &one);
	is(text_string(&one), v1, "by its file");
	ok(cgroup_v2_settings(limits, &twos, &err) < 0, "version 2 can't");
	is(err.text, text, "and the option is named");
	is_number(err.code, ENOTSUP, "with ENOTSUP");
}

static void test_bad_device(const char *device, int code)
{
	AUTO_CGROUP_LIMITS struct cgroup_limits limits = {0};
	AUTO_CGROUP_SETTINGS struct cgroup_settings ones = {0}, twos = {0};
	struct error err;

	cgroup_rates_add(&limits.rates, CGROUP_READ_IOPS, device, 10);
	ok(cgroup_v1_settings(&limits, &ones, &err) < 0, "no rate of it on version 1");
	is_number(err.code, code, "with its reason");
	ok(cgroup_v2_settings(&limits, &twos, &err) < 0, "no rate of it on version 2");
	is_number(err.code, code, "with its reason");
}

static void test_device_rules(void)
{
	static const char *const wrong[] = {"",	       "c",	  "c ",	    "z 1:3 r",
					    "c 1:3",   "c 1 3 r", "c :3 r", "c 1:3 rwmr",
					    "c 1:3 x", "c 1:3 r "};
	AUTO_CGROUP_LIMITS struct cgroup_limits limits = {0}, copy = {0};
	struct error err;
	char text[64];

	ok(device_rules_parse(&limits.devices, "b 7:* rw", &err) == 0, "a rule is read");
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		ok(device_rules_parse(&limits.devices, wrong[i], &err) < 0,
		   "what is no rule is refused");
	cgroup_limits_copy(&copy, &limits);
	is_number((long)copy.devices.count, 1, "one rule is copied");
	device_rule_format(&copy.devices.items[0], text, sizeof(text));
	is(text, "b 7:* rw", "and reads as it was written");
}

int main(void)
{
	test_v2();
	test_odd_names();
	test_hybrid();
	test_wsl2();
	test_nested();
	test_none();
	test_missing_controller();
	test_settings();
	test_refused(
		&(struct cgroup_limits){.has_swappiness = true, .memory_swappiness = 7},
		"memory.swappiness=7",
		"set --memory-swappiness: cgroup version 2, which this host has, can't do that");
	test_refused(
		&(struct cgroup_limits){.oom_kill_disable = true}, "memory.oom_control=1",
		"set --oom-kill-disable: cgroup version 2, which this host has, can't do that");
	test_bad_device("/dev/none-such", ENOENT);
	test_bad_device("/dev/null", ENOTBLK);
	test_device_rules();
	return tap_done();
}
