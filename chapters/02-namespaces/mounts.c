/* Mounts by descriptor; see mounts.h. */
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "path.h"
#include "text.h"
#include "trace.h"

/* The options that are the mount's; all others are the file system's. */
static uint64_t attribute_of(const char *option)
{
	static const struct {
		const char *option;
		uint64_t attribute;
	} known[] = {
		{"ro", MOUNT_ATTR_RDONLY},
		{"nosuid", MOUNT_ATTR_NOSUID},
		{"nodev", MOUNT_ATTR_NODEV},
		{"noexec", MOUNT_ATTR_NOEXEC},
		{"strictatime", MOUNT_ATTR_STRICTATIME},
		{"noatime", MOUNT_ATTR_NOATIME},
		{"nodiratime", MOUNT_ATTR_NODIRATIME},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (strcmp(known[i].option, option) == 0)
			return known[i].attribute;
	return 0;
}

/* Gives one option to the file system, or adds it to *attributes. */
static int set_option(int fs, char *option, uint64_t *attributes, struct error *err)
{
	uint64_t attribute = attribute_of(option);
	char *value = strchr(option, '=');
	int result;

	*attributes |= attribute;
	/* "ro" is both: the mount's and, as mount(2) does it, the file system's. */
	if (attribute && attribute != MOUNT_ATTR_RDONLY)
		return 0;
	if (value)
		*value++ = '\0';
	result = fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option, value, 0);
	if (result < 0) {
		error_sys(err, "set the mount option '%s'", option);
		return mount_explain(fs, err);
	}
	return 0;
}

static int set_options(int fs, const char *options, uint64_t *attributes, struct error *err)
{
	AUTO_FREE char *copy = memory_string(options);
	char *rest = copy, *option;

	while ((option = strsep(&rest, ",")))
		if (*option && set_option(fs, option, attributes, err) < 0)
			return -1;
	return 0;
}

/* The target of the link at the first `length` bytes of `path`, followed by the rest of `path`; NULL
 * if there is no link. */
static char *follow_link(int root_fd, const char *path, size_t length)
{
	AUTO_FREE char *prefix = memory_format("%.*s", (int)length, path);
	AUTO_FREE char *joined = NULL;
	char target[PATH_MAX];
	struct error ignored;
	AUTO_CLOSE int fd = path_open_in_root(root_fd, prefix, O_PATH | O_NOFOLLOW, 0, &ignored);
	ssize_t count = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof(target) - 1);

	if (count < 0)
		return NULL;
	target[count] = '\0';
	*strrchr(prefix, '/') = '\0';
	joined = memory_format("%s%s", target, path + length);
	return path_normal(prefix, joined);
}

/* Where a path leads that ends at nothing: images have links such as /etc/resolv.conf ->
 * ../run/resolv.conf, and what is missing is made where they point to. The caller frees it. */
static char *follow_links(int root_fd, const char *path)
{
	char *now = path_normal("/", path);
	size_t length = 0;

	/* MAXSYMLINKS as in the kernel: what is left then can't be opened, and is an error there. */
	for (int links = 0; links < 40 && now[length];) {
		char *next;

		length += 1 + strcspn(now + length + 1, "/");
		next = follow_link(root_fd, now, length);
		if (!next)
			continue;
		free(now);
		now = next;
		length = 0;
		links++;
	}
	return now;
}

static int make_file(int root_fd, const char *path, struct error *err)
{
	AUTO_FREE char *normal = path_normal("/", path);
	char *slash = strrchr(normal, '/');
	AUTO_CLOSE int dir = -1, made = -1;

	*slash = '\0';
	dir = path_make_dirs_in_root(root_fd, normal, err);
	if (dir < 0)
		return -1;
	made = openat(dir, slash + 1, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
	if (made < 0)
		return error_sys(err, "make file '%s' to mount on", path);
	return 0;
}

int mount_explain(int fs_fd, struct error *err)
{
	char log[256];
	ssize_t length = read(fs_fd, log, sizeof(log) - 1);

	if (length <= 0)
		return -1;
	log[length] = '\0';
	log[strcspn(log, "\n")] = '\0';
	/* A line is "e overlay: text": the letter says how bad it is. */
	return error_hint(err, err->code, "%s", length > 2 && log[1] == ' ' ? log + 2 : log);
}

int mount_new(const char *type, const char *source, const char *options, struct error *err)
{
	AUTO_CLOSE int fs = fsopen(type, FSOPEN_CLOEXEC);
	uint64_t attributes = 0;
	int fd;

	if (fs < 0) {
		error_sys(err, "make a file system of type '%s'", type);
		return error_hint(err, ENODEV, "this kernel has none; is a module missing?");
	}
	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return error_sys(err, "set the source '%s' of a file system", source);
	if (set_options(fs, options, &attributes, err) < 0)
		return -1;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		error_sys(err, "make a file system of type '%s'", type);
		return mount_explain(fs, err);
	}
	fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attributes);
	if (fd < 0)
		return error_sys(err, "make a mount of type '%s'", type);
	return fd;
}

int mount_clone(int fd, bool recursive, struct error *err)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
	int tree = open_tree(fd, "", recursive ? flags | AT_RECURSIVE : flags);

	if (tree < 0)
		return error_sys(err, "make a bind mount");
	return tree;
}

int mount_restrict(int fd, const char *options, struct error *err)
{
	AUTO_FREE char *copy = memory_string(options);
	struct mount_attr attributes = {0};
	char *rest = copy, *option;

	while ((option = strsep(&rest, ",")))
		attributes.attr_set |= attribute_of(option);
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
		return error_sys(err, "set the mount options '%s'", options);
	return 0;
}

int mount_make_read_only(int fd, bool recursive, struct error *err)
{
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};

	if (mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attributes,
			  sizeof(attributes)) < 0)
		return error_sys(err, "make a mount read-only");
	return 0;
}

int mount_attach(int fd, int target_fd, const char *target, struct error *err)
{
	const unsigned by_descriptor = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

	if (move_mount(fd, "", target_fd, "", by_descriptor) < 0)
		return error_sys(err, "mount on '%s'", target);
	return 0;
}

int mount_bind_new(const char *source, int dir_fd, const char *name, struct error *err)
{
	AUTO_CLOSE int made = openat(dir_fd, name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	AUTO_CLOSE int from = -1, fd = -1;

	if (made < 0)
		return error_sys(err, "make file '%s' to mount on", name);
	trace("mount --bind %q %q", source, name);
	from = open(source, O_PATH | O_CLOEXEC);
	if (from < 0)
		return error_sys(err, "open '%s'", source);
	fd = mount_clone(from, false, err);
	return fd < 0 ? -1 : mount_attach(fd, made, name, err);
}

int mount_clone_from(const char *file, const char *path, struct error *err)
{
	AUTO_CLOSE int ours = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), theirs = -1;
	AUTO_CLOSE int dir = -1, fd = -1;

	trace("nsenter --mount=%q # for %s", file, path);
	theirs = open(file, O_RDONLY | O_CLOEXEC);
	if (ours < 0 || theirs < 0 || setns(theirs, CLONE_NEWNS) < 0)
		return error_sys(err, "enter the mount namespace '%s'", file);
	dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		error_sys(err, "open '%s' in '%s'", path, file);
	else
		fd = mount_clone(dir, false, err);
	if (setns(ours, CLONE_NEWNS) < 0)
		return error_sys(err, "return to our mount namespace");
	return fd < 0 ? -1 : take_fd(&fd);
}

int mount_open_target(int root_fd, const char *path, bool directory, struct error *err)
{
	AUTO_FREE char *resolved = NULL;
	int fd = path_open_in_root(root_fd, path, O_PATH, 0, err);

	if (fd >= 0 || err->code != ENOENT)
		return fd;
	resolved = follow_links(root_fd, path);
	if (directory)
		return path_make_dirs_in_root(root_fd, resolved, err);
	if (make_file(root_fd, resolved, err) < 0)
		return -1;
	return path_open_in_root(root_fd, resolved, O_PATH, 0, err);
}
