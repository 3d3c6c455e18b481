/* User namespaces; see id_map.h. */
#include "id_map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "mounts.h"
#include "trace.h"

#define OWNER "containers" /* podman's name */

/* The ranges of subuid(5), "containers:FIRST:COUNT", cut into pieces. Returns 1 for what is found. */
static int find_range(const char *path, unsigned index, uint32_t *first, struct error *err)
{
	AUTO_TEXT struct text text = {0};
	char *rest, *line;

	if (file_read(AT_FDCWD, path, 1 << 20, &text, err) < 0)
		return err->code == ENOENT ? 0 : -1;
	rest = text.data;
	while ((line = strsep(&rest, "\n"))) {
		uint32_t start, count;

		if (sscanf(line, OWNER ":%" SCNu32 ":%" SCNu32, &start, &count) != 2)
			continue;
		if (index < count / ID_MAP_COUNT) {
			*first = start + index * ID_MAP_COUNT;
			return 1;
		}
		index -= count / ID_MAP_COUNT;
	}
	return 0;
}

static int find_auto(unsigned index, struct id_map *map, struct error *err)
{
	uint32_t users = 0, groups = 0;
	int result = find_range("/etc/subuid", index, &users, err);

	if (result > 0)
		result = find_range("/etc/subgid", index, &groups, err);
	if (result < 0)
		return -1;
	if (result == 0 || users != groups)
		return error_set(
			err, ENOENT,
			"no free range of %d ids: /etc/subuid and /etc/subgid need the same line '" OWNER
			":FIRST:COUNT'",
			ID_MAP_COUNT);
	*map = (struct id_map){users, ID_MAP_COUNT};
	return 0;
}

static int write_map(const struct id_map *map, pid_t pid, const char *name, struct error *err)
{
	AUTO_FREE char *path = memory_format("/proc/%d/%s", pid, name);
	AUTO_FREE char *line = memory_format("0 %" PRIu32 " %" PRIu32, map->first, map->count);

	trace("echo %q > %s", line, path);
	return file_write_value(AT_FDCWD, path, line, err);
}

/* A second, detached view of a directory, in which the owners are those of the namespace. */
static int make_view(const char *path, int namespace_fd, struct error *err)
{
	AUTO_CLOSE int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), view = -1;
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP,
					.userns_fd = (uint64_t)namespace_fd};

	if (dir < 0)
		return error_sys(err, "open directory '%s'", path);
	view = mount_clone(dir, false, err);
	if (view < 0)
		return -1;
	if (mount_setattr(view, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0) {
		error_sys(err, "map the owners of '%s'", path);
		return error_hint(
			err, EINVAL,
			"its file system, or this kernel, has no idmapped mounts: ext4 and xfs have them since Linux 5.12, btrfs since 5.15, tmpfs since 6.3, and overlayfs takes them as layers since 5.19");
	}
	return take_fd(&view);
}

/* The way to it is not mapped, and its root is one of the others there. */
static int check_way(const char *path, struct error *err)
{
	AUTO_FREE char *above = memory_string(path);
	char *slash;
	struct stat st;

	while ((slash = strrchr(above, '/')) && slash != above) {
		*slash = '\0';
		if (stat(above, &st) == 0 && !(st.st_mode & S_IXOTH))
			return error_set(
				err, EACCES,
				"the container's users can't reach '%s': directory '%s' is closed to others",
				path, above);
	}
	return 0;
}

/* Only from outside can a view of ours be put into the child's mount namespace, and only a process
 * of its own can go there and need not come back. */
static int attach_inside(int view, pid_t pid, const char *path, struct error *err)
{
	AUTO_FREE char *mounts = memory_format("/proc/%d/ns/mnt", pid);
	AUTO_CLOSE int namespace = open(mounts, O_RDONLY | O_CLOEXEC), target = -1;
	int status = 0;
	pid_t helper;

	if (namespace < 0)
		return error_sys(err, "open '%s'", mounts);
	helper = fork();
	if (helper == 0) {
		if (setns(namespace, CLONE_NEWNS) < 0 ||
		    (target = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0 ||
		    mount_attach(view, target, path, err) < 0)
			_exit(errno);
		_exit(0);
	}
	if (helper < 0 || waitpid(helper, &status, 0) < 0)
		return error_sys(err, "fork to enter a mount namespace");
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return errno ? error_sys(err, "mount on '%s' in the container's namespace", path) : 0;
}

/* --- exported ------------------------------------------------------------------------------ */

int id_map_find(const char *word, unsigned index, struct id_map *map, struct error *err)
{
	if (strcmp(word, "auto") == 0)
		return find_auto(index, map, err);
	if (strcmp(word, "host") != 0 && strcmp(word, "keep-id") != 0)
		return error_set(err, EINVAL, "it is host, keep-id or auto");
	*map = (struct id_map){0, *word == 'k' ? UINT32_MAX : 0};
	return 0;
}

int id_map_apply(const struct id_map *map, pid_t pid, const struct strings *paths,
		 struct error *err)
{
	AUTO_FREE char *file = memory_format("/proc/%d/ns/user", pid);
	AUTO_CLOSE int namespace = -1;

	if (!map->count)
		return 0;
	if (write_map(map, pid, "uid_map", err) < 0 || write_map(map, pid, "gid_map", err) < 0)
		return -1;
	/* The same numbers need no translation. */
	if (!map->first)
		return 0;
	namespace = open(file, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return error_sys(err, "open '%s'", file);
	for (size_t i = 0; i < paths->count; i++) {
		const char *path = paths->items[i];
		AUTO_CLOSE int view = -1;

		if (check_way(path, err) < 0)
			return -1;
		trace("mount --bind -o X-mount.idmap=%s %q %q", file, path, path);
		view = make_view(path, namespace, err);
		if (view < 0 || attach_inside(view, pid, path, err) < 0)
			return -1;
	}
	return 0;
}

int id_map_become_root(struct error *err)
{
	trace("setpriv --reuid=0 --regid=0");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return error_sys(err, "become root in the user namespace");
	return 0;
}
