/* The cgroup hierarchies of this host; see cgroup_layout.h. */
#include "cgroup_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_tree.h"
#include "file.h"
#include "path.h"

/* A host with very many mounts has a few thousand lines. */
#define PROC_FILE_MOST (16 << 20)

/* A line of mountinfo, as far as it matters here. */
struct mount {
	const char *root;    /* the directory of the file system that is mounted */
	char *point;	     /* where */
	const char *type;    /* "cgroup", "cgroup2" */
	const char *options; /* of the file system: "rw,cpu,cpuacct" */
};

/* The kernel writes blanks and backslashes in names as octal numbers: "\040". */
static void unescape(char *name)
{
	char *to = name;

	for (const char *from = name; *from; to++) {
		if (from[0] == '\\' && from[1] && from[2] && from[3]) {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0');
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* "36 35 0:30 ROOT POINT OPTIONS [more fields] - TYPE SOURCE FS-OPTIONS". Cuts the line up. */
static bool parse_mount(char *line, struct mount *mount)
{
	char *tail = strstr(line, " - ");
	char *fields[5];

	if (!tail)
		return false;
	*tail = '\0';
	tail += strlen(" - ");
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
		if (!(fields[i] = strsep(&line, " ")))
			return false;
	mount->root = fields[3];
	mount->point = fields[4];
	mount->type = strsep(&tail, " ");
	strsep(&tail, " ");
	mount->options = tail ? tail : "";
	return true;
}

static bool list_has(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (;; list++) {
		if (strncmp(list, word, length) == 0 && (!list[length] || list[length] == ','))
			return true;
		list = strchr(list, ',');
		if (!list)
			return false;
	}
}

/* Where the hierarchy of `controller` is mounted (NULL: that of v2). Of several mounts the one that
 * shows most of the tree counts: a bind mount may show only a part. The caller frees it. */
static char *find_mount(const char *mountinfo, const char *controller)
{
	AUTO_FREE char *copy = memory_string(mountinfo);
	AUTO_FREE char *found = NULL;
	size_t root_length = 0;
	char *rest = copy;

	for (char *line; (line = strsep(&rest, "\n"));) {
		struct mount mount;

		if (!strstr(line, " - cgroup") || !parse_mount(line, &mount))
			continue;
		if (strcmp(mount.type, controller ? "cgroup" : "cgroup2") != 0)
			continue;
		if (controller && !list_has(mount.options, controller))
			continue;
		if (found && strlen(mount.root) >= root_length)
			continue;
		root_length = strlen(mount.root);
		unescape(mount.point);
		cleanup_memory(&found);
		found = memory_string(mount.point);
	}
	return take_ptr(&found);
}

static struct cgroup_hierarchy *add_hierarchy(struct cgroup_layout *layout, char *mount)
{
	struct cgroup_hierarchy *added;

	layout->hierarchies = memory_resized(layout->hierarchies, layout->count + 1,
					     sizeof(*layout->hierarchies));
	added = &layout->hierarchies[layout->count++];
	*added = (struct cgroup_hierarchy){.mount = mount};
	return added;
}

/* Adds the v1 hierarchy with these controllers, "cpu,cpuacct", if it is mounted. */
static void add_v1(struct cgroup_layout *layout, const char *mountinfo, char *controllers)
{
	struct cgroup_hierarchy *added;
	char *first = strsep(&controllers, ",");
	char *mount = find_mount(mountinfo, first);

	if (!mount)
		return;
	added = add_hierarchy(layout, mount);
	strings_add(&added->controllers, first);
	for (const char *more; (more = strsep(&controllers, ","));)
		strings_add(&added->controllers, more);
}

/* A v2 host may still have a stray v1 hierarchy, as of net_cls: only those of limits count. */
static bool has_v1_limits(const struct cgroup_layout *layout)
{
	return cgroup_layout_find(layout, "memory") || cgroup_layout_find(layout, "cpu") ||
	       cgroup_layout_find(layout, "cpuset") || cgroup_layout_find(layout, "pids");
}

int cgroup_layout_parse(const char *mountinfo, const char *cgroups, struct cgroup_layout *layout,
			struct error *err)
{
	AUTO_CGROUP_LAYOUT struct cgroup_layout found = {0};
	AUTO_FREE char *copy = memory_string(cgroups);
	char *rest = copy, *mount;

	/* "ID:CONTROLLERS:PATH"; those of v2 have no name here. */
	for (char *line; (line = strsep(&rest, "\n"));) {
		const char *id = strsep(&line, ":");
		char *controllers = strsep(&line, ":");

		if (id && controllers && *controllers)
			add_v1(&found, mountinfo, controllers);
	}
	mount = has_v1_limits(&found) ? NULL : find_mount(mountinfo, NULL);
	if (mount) {
		cgroup_layout_release(&found);
		found.unified = true;
		add_hierarchy(&found, mount);
	}
	if (!found.count)
		return error_set(err, ENOTSUP, "no cgroup file system is mounted");
	*layout = found;
	found = (struct cgroup_layout){0};
	return 0;
}

int cgroup_layout_read(struct cgroup_layout *layout, struct error *err)
{
	AUTO_TEXT struct text mountinfo = {0}, cgroups = {0};

	if (file_read(AT_FDCWD, "/proc/self/mountinfo", PROC_FILE_MOST, &mountinfo, err) < 0 ||
	    file_read(AT_FDCWD, "/proc/self/cgroup", PROC_FILE_MOST, &cgroups, err) < 0)
		return -1;
	return cgroup_layout_parse(text_string(&mountinfo), text_string(&cgroups), layout, err);
}

const struct cgroup_hierarchy *cgroup_layout_find(const struct cgroup_layout *layout,
						  const char *controller)
{
	for (size_t i = 0; i < layout->count; i++)
		if (strings_contain(&layout->hierarchies[i].controllers, controller))
			return &layout->hierarchies[i];
	return NULL;
}

/* The root of version 2 has no such file, so its first child that has limits of memory is asked; without
 * any, whether the kernel knows swap at all. */
static bool unified_counts_swap(const char *mount)
{
	AUTO_STRINGS struct strings children = {0};

	cgroup_tree_children(mount, &children);
	for (size_t i = 0; i < children.count; i++) {
		AUTO_FREE char *memory = path_join(children.items[i], "memory.max");
		AUTO_FREE char *swap = path_join(children.items[i], "memory.swap.max");

		if (access(memory, F_OK) == 0)
			return access(swap, F_OK) == 0;
	}
	return access("/proc/swaps", F_OK) == 0;
}

bool cgroup_layout_counts_swap(const struct cgroup_layout *layout)
{
	const struct cgroup_hierarchy *memory = cgroup_layout_find(layout, "memory");
	AUTO_FREE char *path = NULL;

	if (layout->unified)
		return unified_counts_swap(layout->hierarchies[0].mount);
	path = memory ? path_join(memory->mount, "memory.memsw.limit_in_bytes") : NULL;
	return path && access(path, F_OK) == 0;
}

void cgroup_layout_release(struct cgroup_layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		cleanup_memory(&layout->hierarchies[i].mount);
		strings_release(&layout->hierarchies[i].controllers);
	}
	cleanup_memory(&layout->hierarchies);
	*layout = (struct cgroup_layout){0};
}
