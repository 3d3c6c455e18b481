/* A cgroup and those below it; see cgroup_tree.h. */
#include "cgroup_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "path.h"

#define LIST_MOST (16 << 20)

void cgroup_tree_children(const char *dir, struct strings *children)
{
	AUTO_CLOSE_DIR DIR *entries = opendir(dir);
	const struct dirent *entry;

	while (entries && (entry = readdir(entries)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			AUTO_FREE char *child = path_join(dir, entry->d_name);

			strings_add(children, child);
		}
}

static int add_pids(const char *dir, struct strings *pids, struct error *err)
{
	AUTO_FREE char *path = path_join(dir, "cgroup.procs");
	AUTO_TEXT struct text list = {0};
	char *rest;

	if (file_read(AT_FDCWD, path, LIST_MOST, &list, err) < 0)
		return -1;
	rest = list.data;
	for (const char *pid; (pid = strsep(&rest, "\n"));)
		if (*pid)
			strings_add(pids, pid);
	return 0;
}

int cgroup_tree_pids(const char *dir, struct strings *pids, struct error *err)
{
	AUTO_STRINGS struct strings children = {0};
	struct error ignored;

	if (add_pids(dir, pids, err) < 0)
		return -1;
	cgroup_tree_children(dir, &children);
	for (size_t i = 0; i < children.count; i++)
		cgroup_tree_pids(children.items[i], pids, &ignored);
	return 0;
}

uint64_t cgroup_tree_number(const char *dir, const char *file, const char *key)
{
	AUTO_FREE char *path = path_join(dir, file);
	AUTO_TEXT struct text text = {0};
	size_t length = strlen(key);
	struct error ignored;
	char *rest;

	if (file_read(AT_FDCWD, path, LIST_MOST, &text, &ignored) < 0)
		return 0;
	if (!length)
		return strtoull(text_string(&text), NULL, 10);
	rest = text.data;
	for (const char *line; (line = strsep(&rest, "\n"));)
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoull(line + length, NULL, 10);
	return 0;
}

uint64_t cgroup_tree_sum(const char *dir, const char *file, const char *key)
{
	AUTO_STRINGS struct strings children = {0};
	uint64_t sum = cgroup_tree_number(dir, file, key);

	cgroup_tree_children(dir, &children);
	for (size_t i = 0; i < children.count; i++)
		sum += cgroup_tree_sum(children.items[i], file, key);
	return sum;
}
