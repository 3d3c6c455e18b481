/* A table of cgroups; see cgroup_stats.h. */
#include "cgroup_stats.h"

#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "cgroup_layout.h"
#include "cgroup_tree.h"
#include "cgroup_usage.h"
#include "path.h"

#define MEBIBYTE 1048576.0

static const char *last_part(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* The directories of the cgroups below `parent`, in one hierarchy in which each of them is. */
static int list(const char *parent, struct strings *dirs, struct error *err)
{
	AUTO_CGROUP_LAYOUT struct cgroup_layout layout = {0};
	AUTO_FREE char *dir = NULL;

	if (cgroup_layout_read(&layout, err) < 0)
		return -1;
	dir = path_join(layout.hierarchies[0].mount, parent);
	cgroup_tree_children(dir, dirs);
	return 0;
}

/* Fills usages[i] for each; one that has ended meanwhile uses nothing. */
static void read_all(const char *parent, const struct strings *dirs, struct cgroup_usage *usages)
{
	for (size_t i = 0; i < dirs->count; i++) {
		AUTO_FREE char *name = path_join(parent, last_part(dirs->items[i]));
		AUTO_CGROUP struct cgroup *cgroup = NULL;
		struct error gone;

		if (cgroup_open(name, &cgroup, &gone) == 0)
			cgroup_usage_read(cgroup, &usages[i]);
	}
}

static void add_line(const char *name, const struct cgroup_usage *before,
		     const struct cgroup_usage *now, struct text *text)
{
	text_add_format(
		text,
		"%-24s %7.2f%%  %8.1fMiB / %.1fMiB  %7.1fMiB / %.1fMiB %6lu %6lu of %-6lu %lu\n",
		name, cgroup_usage_cpu_percent(before, now), (double)now->memory_bytes / MEBIBYTE,
		(double)now->memory_limit_bytes / MEBIBYTE, (double)now->disk_read_bytes / MEBIBYTE,
		(double)now->disk_written_bytes / MEBIBYTE, now->pids, now->throttled, now->periods,
		now->oom_kills);
}

int cgroup_stats_table(const char *parent, struct text *text, struct error *err)
{
	AUTO_STRINGS struct strings dirs = {0};
	AUTO_FREE struct cgroup_usage *before = NULL, *now = NULL;

	if (list(parent, &dirs, err) < 0)
		return -1;
	before = memory_zeroed(dirs.count + 1, sizeof(*before));
	now = memory_zeroed(dirs.count + 1, sizeof(*now));
	read_all(parent, &dirs, before);
	sleep(1);
	read_all(parent, &dirs, now);
	text_add_format(text, "%-24s %8s  %s  %s   %s  %s  %s\n", "CGROUP", "CPU %",
			"MEM USAGE / LIMIT", "BLOCK READ / WRITTEN", "PIDS", "THROTTLED",
			"OOM KILLS");
	for (size_t i = 0; i < dirs.count; i++)
		add_line(last_part(dirs.items[i]), &before[i], &now[i], text);
	return 0;
}
