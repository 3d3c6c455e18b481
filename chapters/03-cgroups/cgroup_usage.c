/* What a cgroup uses; see cgroup_usage.h. */
#include "cgroup_usage.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "cgroup_tree.h"
#include "file.h"
#include "path.h"
#include "trace.h"

/* The number of a file, or of a line in it, in the hierarchy of its controller. */
static uint64_t number(const struct cgroup *cgroup, const char *controller, const char *file,
		       const char *key)
{
	AUTO_FREE char *dir = cgroup_dir(cgroup, controller);

	return dir ? cgroup_tree_number(dir, file, key) : 0;
}

/* Page cache that was not touched lately is the kernel's to drop at any moment: `free memory`, in
 * truth, and not counted. */
static uint64_t without_cache(uint64_t usage, uint64_t inactive_file)
{
	return inactive_file < usage ? usage - inactive_file : usage;
}

static uint64_t at_most_host(uint64_t limit_bytes)
{
	struct sysinfo host;

	if (sysinfo(&host) < 0)
		return limit_bytes;
	/* 0 is "max", which is no number. */
	return !limit_bytes || limit_bytes > host.totalram * host.mem_unit
		       ? host.totalram * host.mem_unit
		       : limit_bytes;
}

/* Sums a file of lines "8:0 Read 4096" (version 1) or "8:0 rbytes=4096 wbytes=0 …" (version 2). */
static void read_disks(const struct cgroup *cgroup, const char *controller, const char *file,
		       const char *const words[2], struct cgroup_usage *usage)
{
	AUTO_FREE char *dir = cgroup_dir(cgroup, controller);
	AUTO_FREE char *path = dir ? path_join(dir, file) : NULL;
	AUTO_TEXT struct text text = {0};
	uint64_t *const sums[2] = {&usage->disk_read_bytes, &usage->disk_written_bytes};
	struct error ignored;

	if (!path || file_read(AT_FDCWD, path, 16 << 20, &text, &ignored) < 0)
		return;
	for (int i = 0; i < 2; i++)
		for (const char *at = text_string(&text); (at = strstr(at, words[i]));) {
			at += strlen(words[i]);
			*sums[i] += strtoull(at, NULL, 10);
		}
}

static void read_v1(const struct cgroup *cgroup, struct cgroup_usage *usage)
{
	static const char *const words[2] = {" Read ", " Write "};

	usage->cpu_us = number(cgroup, "cpuacct", "cpuacct.usage", "") / 1000;
	usage->periods = number(cgroup, "cpu", "cpu.stat", "nr_periods");
	usage->throttled = number(cgroup, "cpu", "cpu.stat", "nr_throttled");
	usage->throttled_us = number(cgroup, "cpu", "cpu.stat", "throttled_time") / 1000;
	usage->memory_bytes =
		without_cache(number(cgroup, "memory", "memory.usage_in_bytes", ""),
			      number(cgroup, "memory", "memory.stat", "total_inactive_file"));
	usage->memory_limit_bytes =
		at_most_host(number(cgroup, "memory", "memory.limit_in_bytes", ""));
	read_disks(cgroup, "blkio", "blkio.throttle.io_service_bytes_recursive", words, usage);
}

static void read_v2(const struct cgroup *cgroup, struct cgroup_usage *usage)
{
	static const char *const words[2] = {" rbytes=", " wbytes="};

	usage->cpu_us = number(cgroup, "cpu", "cpu.stat", "usage_usec");
	usage->periods = number(cgroup, "cpu", "cpu.stat", "nr_periods");
	usage->throttled = number(cgroup, "cpu", "cpu.stat", "nr_throttled");
	usage->throttled_us = number(cgroup, "cpu", "cpu.stat", "throttled_usec");
	usage->memory_bytes =
		without_cache(number(cgroup, "memory", "memory.current", ""),
			      number(cgroup, "memory", "memory.stat", "inactive_file"));
	usage->memory_limit_bytes = at_most_host(number(cgroup, "memory", "memory.max", ""));
	read_disks(cgroup, "io", "io.stat", words, usage);
}

void cgroup_usage_read(const struct cgroup *cgroup, struct cgroup_usage *usage)
{
	*usage = (struct cgroup_usage){.time_us = trace_clock_us()};
	if (cgroup_is_unified(cgroup))
		read_v2(cgroup, usage);
	else
		read_v1(cgroup, usage);
	usage->pids = number(cgroup, "pids", "pids.current", "");
	usage->oom_kills = cgroup_oom_kills(cgroup);
}

double cgroup_usage_cpu_percent(const struct cgroup_usage *before, const struct cgroup_usage *now)
{
	uint64_t passed_us = now->time_us - before->time_us;

	if (now->time_us <= before->time_us || now->cpu_us < before->cpu_us)
		return 0;
	return 100.0 * (double)(now->cpu_us - before->cpu_us) / (double)passed_us;
}

uint64_t cgroup_oom_kills(const struct cgroup *cgroup)
{
	AUTO_FREE char *dir = cgroup_dir(cgroup, "memory");

	if (!dir)
		return 0;
	/* Version 2 counts for all above the one that was killed; version 1 only where it was. */
	return cgroup_is_unified(cgroup) ? cgroup_tree_number(dir, "memory.events", "oom_kill")
					 : cgroup_tree_sum(dir, "memory.oom_control", "oom_kill");
}
