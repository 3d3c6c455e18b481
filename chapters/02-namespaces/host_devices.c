/* Devices of the host in a container; see host_devices.h. */
#include "host_devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "mounts.h"
#include "path.h"
#include "text.h"
#include "trace.h"

static bool is_access(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= 3 && strspn(text, "rwm") == length;
}

int host_device_parse(const char *text, struct host_device *device, struct error *err)
{
	AUTO_FREE char *copy = memory_string(text);
	char *rest = copy, *source = strsep(&rest, ":"), *target = strsep(&rest, ":");
	const char *access = strsep(&rest, ":");

	/* Two parts are source and target, or source and access. */
	if (target && !access && is_access(target)) {
		access = target;
		target = NULL;
	}
	if (rest || *source != '/' || (target && *target != '/') || (access && !is_access(access)))
		return error_set(
			err, EINVAL,
			"bad format for a device: it is /dev/SRC[:/dev/DST][:rwm], absolute paths and any of r, w and m");
	*device = (struct host_device){memory_string(source),
				       memory_string(target ? target : source), "rwm"};
	if (access)
		snprintf(device->access, sizeof(device->access), "%s", access);
	return 0;
}

/* What is there already, as /dev/null, stays. */
static int make_node(int root_fd, const char *source, const char *target, const struct stat *st,
		     struct error *err)
{
	const char *name = strrchr(target, '/') + 1;
	AUTO_FREE char *above = memory_format("%.*s", (int)(name - target), target);
	AUTO_CLOSE int dir = path_make_dirs_in_root(root_fd, above, err);

	if (dir < 0)
		return -1;
	trace("mknod -m %o %q %c %u %u", st->st_mode & 07777, target,
	      S_ISBLK(st->st_mode) ? 'b' : 'c', major(st->st_rdev), minor(st->st_rdev));
	if (mknodat(dir, name, st->st_mode, st->st_rdev) < 0) {
		/* In a user namespace nobody may make devices. */
		if (errno == EPERM)
			return mount_bind_new(source, dir, name, err);
		return errno == EEXIST ? 0 : error_sys(err, "make device '%s'", target);
	}
	if (fchownat(dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(dir, name, st->st_mode & 07777, 0) < 0)
		return error_sys(err, "set owner and mode of '%s'", target);
	return 0;
}

/* What a container has of its own, as runc leaves it out. */
static bool is_left_out(const char *name)
{
	static const char *const names[] = {".",  "..",	     "pts",   "shm",  "mqueue",
					    "fd", "console", ".udev", ".lxc", "ptmx"};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static int make_tree(int root_fd, const char *source, const char *target, int depth,
		     struct error *err);

static int make_entries(int root_fd, const char *source, const char *target, int depth,
			struct error *err)
{
	AUTO_CLOSE_DIR DIR *dir = opendir(source);
	struct dirent *entry;

	if (!dir)
		return error_sys(err, "read directory '%s'", source);
	while ((entry = readdir(dir))) {
		AUTO_FREE char *from = path_join(source, entry->d_name);
		AUTO_FREE char *to = path_join(target, entry->d_name);

		if (!is_left_out(entry->d_name) && make_tree(root_fd, from, to, depth, err) < 0)
			return -1;
	}
	return 0;
}

/* Links and files in it are no devices. */
static int make_tree(int root_fd, const char *source, const char *target, int depth,
		     struct error *err)
{
	struct stat st;

	if (lstat(source, &st) < 0)
		return errno == ENOENT ? 0 : error_sys(err, "look at device '%s'", source);
	if (S_ISDIR(st.st_mode) && depth < 8)
		return make_entries(root_fd, source, target, depth + 1, err);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		return make_node(root_fd, source, target, &st, err);
	return 0;
}

int host_device_make(int root_fd, const struct host_device *device, struct error *err)
{
	struct stat st;

	if (stat(device->source, &st) < 0)
		return error_sys(err, "error gathering device information for '%s'",
				 device->source);
	if (S_ISDIR(st.st_mode))
		return make_entries(root_fd, device->source, device->target, 0, err);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return error_set(err, EINVAL, "'%s' is not a device node", device->source);
	return make_node(root_fd, device->source, device->target, &st, err);
}

int host_devices_make_all(int root_fd, struct error *err)
{
	return make_entries(root_fd, "/dev", "/dev", 0, err);
}

void host_device_release(struct host_device *device)
{
	cleanup_memory(&device->source);
	cleanup_memory(&device->target);
}
