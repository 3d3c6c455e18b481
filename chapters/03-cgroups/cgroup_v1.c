/* Version 1 of cgroups; see cgroup_v1.h. */
#include "cgroup_v1.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "file.h"
#include "path.h"
#include "trace.h"

#define ADD(option, file, ...)                                                                     \
	cgroup_settings_add(settings, (struct cgroup_setting){option, file}, __VA_ARGS__)

static void add_memory(const struct cgroup_limits *limits, struct cgroup_settings *settings)
{
	/* Kernels without accounting of swap lack it: Docker goes on then, too. */
	const struct cgroup_setting swap = {"--memory-swap", "memory.memsw.limit_in_bytes",
					    MAY_LACK};
	int64_t both = cgroup_memory_and_swap(limits);

	/* Memory first: the kernel refuses a limit of both that is below that of memory. */
	if (limits->memory_bytes)
		ADD("--memory", "memory.limit_in_bytes", "%lu", limits->memory_bytes);
	/* Step 3.3: or it would swap, instead of being killed. */
	if (both)
		cgroup_settings_add(settings, swap, "%ld", both);
	if (limits->memory_reservation_bytes)
		ADD("--memory-reservation", "memory.soft_limit_in_bytes", "%lu",
		    limits->memory_reservation_bytes);
	if (limits->has_swappiness)
		ADD("--memory-swappiness", "memory.swappiness", "%lu", limits->memory_swappiness);
	if (limits->oom_kill_disable)
		ADD("--oom-kill-disable", "memory.oom_control", "1");
}

static void add_cpu(const struct cgroup_limits *limits, struct cgroup_settings *settings)
{
	struct cgroup_quota quota = cgroup_limits_quota(limits);

	/* The period first: a quota must fit the period that is there. */
	if (quota.period_us)
		ADD(quota.option, "cpu.cfs_period_us", "%lu", quota.period_us);
	if (quota.quota_us)
		ADD(quota.option, "cpu.cfs_quota_us", "%ld", quota.quota_us);
	if (limits->cpu_shares)
		ADD("--cpu-shares", "cpu.shares", "%lu", limits->cpu_shares);
	if (limits->cpuset_cpus && *limits->cpuset_cpus)
		ADD("--cpuset-cpus", "cpuset.cpus", "%s", limits->cpuset_cpus);
	if (limits->cpuset_mems && *limits->cpuset_mems)
		ADD("--cpuset-mems", "cpuset.mems", "%s", limits->cpuset_mems);
}

static int add_io(const struct cgroup_limits *limits, struct cgroup_settings *settings,
		  struct error *err)
{
	static const char *const files[CGROUP_RATE_KINDS] = {
		"blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device",
		"blkio.throttle.read_iops_device", "blkio.throttle.write_iops_device"};
	static const char *const prefixes[CGROUP_RATE_KINDS] = {"", "", "", ""};
	/* Of the CFQ scheduler, which is gone since Linux 5.0, then of BFQ. */
	const struct cgroup_setting cfq = {"--blkio-weight", "blkio.weight", OR_NEXT};

	if (limits->blkio_weight) {
		cgroup_settings_add(settings, cfq, "%lu", limits->blkio_weight);
		ADD("--blkio-weight", "blkio.bfq.weight", "%lu", limits->blkio_weight);
	}
	return cgroup_settings_add_rates(settings, &limits->rates, files, prefixes, err);
}

int cgroup_v1_settings(const struct cgroup_limits *limits, struct cgroup_settings *settings,
		       struct error *err)
{
	add_memory(limits, settings);
	add_cpu(limits, settings);
	if (limits->pids > 0)
		ADD("--pids-limit", "pids.max", "%ld", limits->pids);
	if (limits->pids < 0)
		ADD("--pids-limit", "pids.max", "max");
	return add_io(limits, settings, err);
}

/* Reads what DIR/FILE holds. A new cpuset is empty, and no process may enter an empty one: then it
 * gets what its parent has, which may be as new, so from the mount point `mount` down. */
static int inherit(const char *mount, const char *dir, const char *file, struct text *value,
		   struct error *err)
{
	AUTO_FREE char *path = path_join(dir, file);
	AUTO_FREE char *parent = memory_string(dir);

	if (file_read(AT_FDCWD, path, 65536, value, err) < 0)
		return -1;
	value->data[strcspn(value->data, "\n")] = '\0';
	if (*value->data || strcmp(dir, mount) == 0)
		return 0;
	*strrchr(parent, '/') = '\0';
	if (inherit(mount, parent, file, value, err) < 0)
		return -1;
	trace("echo %q > %q", value->data, path);
	return file_write_value(AT_FDCWD, path, value->data, err);
}

static int fill_cpuset(const struct cgroup_layout *layout, const char *name, struct error *err)
{
	const struct cgroup_hierarchy *cpuset = cgroup_layout_find(layout, "cpuset");
	AUTO_FREE char *dir = cpuset ? path_join(cpuset->mount, name) : NULL;
	AUTO_TEXT struct text cpus = {0}, mems = {0};

	if (!cpuset)
		return 0;
	if (inherit(cpuset->mount, dir, "cpuset.cpus", &cpus, err) < 0)
		return -1;
	return inherit(cpuset->mount, dir, "cpuset.mems", &mems, err);
}

static int need_controller(const struct cgroup_layout *layout, const char *controller,
			   const char *for_what, struct error *err)
{
	if (cgroup_layout_find(layout, controller))
		return 0;
	return error_set(err, ENOTSUP, "%s: this host has no cgroup controller '%s'", for_what,
			 controller);
}

static int need_controllers(const struct cgroup_layout *layout,
			    const struct cgroup_settings *settings, struct error *err)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct cgroup_setting *setting = &settings->items[i];
		AUTO_FREE char *controller = cgroup_setting_controller(setting);
		AUTO_FREE char *for_what = memory_format("set %s", setting->option);

		if (need_controller(layout, controller, for_what, err) < 0)
			return -1;
	}
	return 0;
}

/* Where the cgroup is in the hierarchy of a controller. */
struct place {
	const struct cgroup_layout *layout;
	const char *name;
};

static char *dir_of(const void *context, const char *controller)
{
	const struct place *place = context;

	return path_join(cgroup_layout_find(place->layout, controller)->mount, place->name);
}

int cgroup_v1_write(const struct cgroup_layout *layout, const char *name,
		    const struct cgroup_settings *settings, struct error *err)
{
	const struct place place = {layout, name};

	if (need_controllers(layout, settings, err) < 0)
		return -1;
	return cgroup_settings_write(settings, dir_of, &place, err);
}

int cgroup_v1_set_up(const struct cgroup_layout *layout, const char *name,
		     const struct cgroup_limits *limits, struct error *err)
{
	AUTO_CGROUP_SETTINGS struct cgroup_settings settings = {0};
	AUTO_FREE char *devices = NULL;

	if (cgroup_v1_settings(limits, &settings, err) < 0 ||
	    need_controllers(layout, &settings, err) < 0)
		return -1;
	if (need_controller(layout, "devices", "limit the devices", err) < 0)
		return -1;
	/* Step 3.1: before --cpuset-cpus is written: its parent must have these cpus. */
	if (fill_cpuset(layout, name, err) < 0)
		return -1;
	/* Step 3.2: before anybody is in it. */
	if (cgroup_v1_write(layout, name, &settings, err) < 0)
		return -1;
	devices = path_join(cgroup_layout_find(layout, "devices")->mount, name);
	/* Step 3.4: without it a container could open every disk. */
	if (devices_write(&limits->devices, devices, err) < 0)
		return -1;
	return 0;
}

/* Memory is written before memory with swap, unless it is to become more than both are now: then the
 * second has to make room first. */
static void order_memory(const struct cgroup_layout *layout, const char *name,
			 struct cgroup_settings *settings)
{
	const struct cgroup_hierarchy *memory = cgroup_layout_find(layout, "memory");
	AUTO_TEXT struct text both = {0};
	AUTO_FREE char *path = NULL;
	struct error ignored;

	if (!memory || settings->count < 2 ||
	    strcmp(settings->items[0].file, "memory.limit_in_bytes") != 0 ||
	    strcmp(settings->items[1].file, "memory.memsw.limit_in_bytes") != 0)
		return;
	path = memory_format("%s/%s/%s", memory->mount, name, settings->items[1].file);
	if (file_read(AT_FDCWD, path, 64, &both, &ignored) == 0 &&
	    strtoull(settings->items[0].value, NULL, 10) > strtoull(both.data, NULL, 10)) {
		struct cgroup_setting first = settings->items[0];

		settings->items[0] = settings->items[1];
		settings->items[1] = first;
	}
}

int cgroup_v1_update(const struct cgroup_layout *layout, const char *name,
		     const struct cgroup_limits *limits, struct error *err)
{
	AUTO_CGROUP_SETTINGS struct cgroup_settings settings = {0};

	if (cgroup_v1_settings(limits, &settings, err) < 0)
		return -1;
	order_memory(layout, name, &settings);
	return cgroup_v1_write(layout, name, &settings, err);
}

static int write_everywhere(const struct cgroup_layout *layout, const char *name, const char *file,
			    const char *value, struct error *err)
{
	for (size_t i = 0; i < layout->count; i++) {
		AUTO_FREE char *path =
			memory_format("%s/%s/%s", layout->hierarchies[i].mount, name, file);

		trace("echo %s > %q", value, path);
		if (file_write_value(AT_FDCWD, path, value, err) < 0)
			return -1;
	}
	return 0;
}

int cgroup_v1_add(const struct cgroup_layout *layout, const char *name, pid_t pid,
		  struct error *err)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	return write_everywhere(layout, name, "cgroup.procs", number, err);
}

int cgroup_v1_enter(const struct cgroup_layout *layout, const char *name, struct error *err)
{
	/* 0 is the thread that writes. */
	return write_everywhere(layout, name, "tasks", "0", err);
}
