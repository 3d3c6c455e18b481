/* Parts of /proc and /sys that a container may not read or write; see rootfs.h. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "mounts.h"
#include "path.h"
#include "rootfs.h"
#include "trace.h"

/* Not namespaced, and they tell about the host, or about other containers. Docker 28.2's list. */
static const char *const masked[] = {
	"/proc/asound",
	"/proc/acpi",
	"/proc/interrupts", /* times of key strokes, of network packets */
	"/proc/kcore",	    /* all of the machine's memory */
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/sys/firmware",
	"/sys/devices/virtual/powercap", /* power readings: what others compute (CVE-2020-8694) */
	"/sys/devices/system/cpu/cpu[0-9]*/thermal_throttle",
};

/* Writing them would change the host. */
static const char *const read_only[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

/* What the masks are made of. */
struct cover {
	int root;
	int null;  /* /dev/null */
	int empty; /* the first mount with nothing in it; -1: not needed yet */
};

/* Returns a descriptor, or -1 with ENOENT for what this kernel does not have. */
static int open_if_there(int root, const char *path, struct error *err)
{
	int fd = path_open_in_root(root, path, O_PATH, 0, err);

	if (fd < 0 && err->code == ENOTDIR)
		err->code = ENOENT;
	return fd;
}

/* One empty file system for all: a machine may have hundreds of processors. Only a mount that is
 * attached can be cloned (before Linux 6.15), so the first one itself is used. */
static int cover_directory(struct cover *cover, const char *path, struct error *err)
{
	trace("mount -t tmpfs -o ro tmpfs %q", path);
	if (cover->empty >= 0)
		return mount_clone(cover->empty, false, err);
	cover->empty = mount_new("tmpfs", "tmpfs", "ro", err);
	return cover->empty < 0 ? -1 : fcntl(cover->empty, F_DUPFD_CLOEXEC, 0);
}

static int cover_file(struct cover *cover, const char *path, struct error *err)
{
	trace("mount --bind /dev/null %q", path);
	return mount_clone(cover->null, false, err);
}

static int mask(struct cover *cover, const char *path, struct error *err)
{
	AUTO_CLOSE int target = open_if_there(cover->root, path, err), fd = -1;
	struct stat st;

	if (target < 0)
		return err->code == ENOENT ? 0 : -1;
	if (fstat(target, &st) < 0)
		return error_sys(err, "look at '%s'", path);
	fd = S_ISDIR(st.st_mode) ? cover_directory(cover, path, err) : cover_file(cover, path, err);
	if (fd < 0 || mount_attach(fd, target, path, err) < 0)
		return error_wrap(err, "mask '%s'", path);
	return 0;
}

static int mask_all(struct cover *cover, const char *pattern, struct error *err)
{
	glob_t found = {0};
	int result = 0;

	/* A pattern without a star finds itself, or nothing. */
	if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc && result == 0; i++)
		result = mask(cover, found.gl_pathv[i], err);
	globfree(&found);
	return result;
}

static int protect(int root, const char *path, struct error *err)
{
	AUTO_CLOSE int target = open_if_there(root, path, err), fd = -1;

	if (target < 0)
		return err->code == ENOENT ? 0 : -1;
	trace("mount --bind -o ro %q %q", path, path);
	fd = mount_clone(target, true, err);
	if (fd < 0 || mount_make_read_only(fd, true, err) < 0 ||
	    mount_attach(fd, target, path, err) < 0)
		return error_wrap(err, "make '%s' read-only", path);
	return 0;
}

/* /dev may be a volume by now, and its "null" anything: a file that is bound over a masked one
 * could be read and written. */
static int open_null(int root, struct error *err)
{
	AUTO_CLOSE int null = path_open_in_root(root, "/dev/null", O_PATH | O_NOFOLLOW, 0, err);
	struct stat st;

	if (null < 0)
		return error_hint(err, ENOENT, "is there a volume on /dev?");
	if (fstat(null, &st) < 0)
		return error_sys(err, "look at '/dev/null'");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return error_set(err, EINVAL,
				 "'/dev/null' in the container is not the null device");
	return take_fd(&null);
}

static int protect_kernel(int root, struct error *err)
{
	AUTO_CLOSE int null = open_null(root, err), empty = -1;
	struct cover cover = {root, null, -1};
	int result = null < 0 ? -1 : 0;

	for (size_t i = 0; i < ARRAY_LENGTH(read_only) && result == 0; i++)
		result = protect(root, read_only[i], err);
	for (size_t i = 0; i < ARRAY_LENGTH(masked) && result == 0; i++)
		result = mask_all(&cover, masked[i], err);
	empty = cover.empty;
	return result;
}

int rootfs_protect(const struct rootfs *rootfs, struct error *err)
{
	AUTO_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return error_sys(err, "open '/'");
	if (!(rootfs->wishes && rootfs->wishes->unmasked) && protect_kernel(root, err) < 0)
		return -1;
	if (!rootfs->read_only)
		return 0;
	/* Last, and not what is mounted inside: /dev, /dev/shm and volumes stay as they are. */
	trace("mount -o remount,bind,ro /");
	return mount_make_read_only(root, false, err);
}
