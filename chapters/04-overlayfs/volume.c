/* Volumes as mounts; see volume.h. */
#include "volume.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "file.h"
#include "mounts.h"
#include "path.h"
#include "process.h"
#include "text.h"
#include "trace.h"

/* --- on the host ------------------------------------------------------------------------------- */

static bool begins_with(const char *propagation, const char *word)
{
	const char *name = propagation && *propagation == 'r' ? propagation + 1 : propagation;

	return name && strcmp(name, word) == 0;
}

static bool is_private(const struct volume *volume)
{
	return !volume->propagation || begins_with(volume->propagation, "private");
}

/* The optional fields of a mount, " shared:1 master:2", by its id. proc_pid_mountinfo(5) */
static char *optional_fields(unsigned long long mount_id)
{
	AUTO_TEXT struct text table = {0};
	struct error ignored;
	char *rest, *line;

	if (file_read(AT_FDCWD, "/proc/self/mountinfo", 64 << 20, &table, &ignored) < 0)
		return NULL;
	for (rest = table.data; (line = strsep(&rest, "\n"));) {
		char *end = strstr(line, " - ");

		if (!end || strtoull(line, NULL, 10) != mount_id)
			continue;
		*end = '\0';
		return memory_string(line);
	}
	return NULL;
}

/* What is not shared on the host can't be shared with the container. */
static int check_shared(const struct volume *volume, int source, struct error *err)
{
	bool shared = begins_with(volume->propagation, "shared");
	AUTO_FREE char *fields = NULL;
	struct statx at;

	if (statx(source, "", AT_EMPTY_PATH, STATX_MNT_ID, &at) < 0)
		return error_sys(err, "find the mount of '%s'", volume->source);
	fields = optional_fields(at.stx_mnt_id);
	if (fields && (strstr(fields, " shared:") || (!shared && strstr(fields, " master:"))))
		return 0;
	return error_set(err, EINVAL,
			 "path %s is mounted on a mount but it is not a shared%s mount",
			 volume->source, shared ? "" : " or slave");
}

/* Whoever writes to the volume may make links of its directories: none leads out of it. */
static int open_source(const struct volume *volume, struct error *err)
{
	AUTO_CLOSE int source = open(volume->source, O_PATH | O_CLOEXEC);
	int part;

	if (source < 0)
		return error_sys(err, "open the volume's source '%s'", volume->source);
	if (!volume->subpath)
		return take_fd(&source);
	part = path_open_in_root(source, volume->subpath, O_PATH, 0, err);
	if (part < 0)
		error_set(err, PROCESS_NOT_FOUND, "cannot access path %s/%s: %s", volume->source,
			  volume->subpath, strerror(err->code));
	return part;
}

/* A copy of the mount, which can be attached in another namespace. It is in the peer group of the
 * host's until set_propagation: that the child makes its mounts private does not reach it. */
static int take_tree(struct volume *volume, struct error *err)
{
	AUTO_CLOSE int source = open_source(volume, err);

	if (source < 0 || (!is_private(volume) && check_shared(volume, source, err) < 0))
		return -1;
	volume->tree = mount_clone(source, !volume->flat, err);
	if (volume->tree > 0)
		return 0;
	volume->tree = 0;
	return -1;
}

static int make_source(const struct volume *volume, struct error *err)
{
	const char *source = volume->source;

	if (access(source, F_OK) == 0)
		return 0;
	if (volume->by_mount)
		return error_set(
			err, EINVAL,
			"invalid mount config for type \"bind\": bind source path does not exist: %s",
			source);
	trace("mkdir -p %q", source);
	if (path_make_dirs(source, 0755, err) < 0)
		return error_wrap(err, "make the source of a volume");
	return 0;
}

int volumes_prepare(struct volumes *volumes, struct error *err)
{
	for (size_t i = 0; i < volumes->count; i++) {
		struct volume *volume = &volumes->items[i];

		if (volume->type == VOLUME_NAMED)
			return error_set(
				err, ENOTSUP,
				"volume '%s' on '%s': only coracle keeps volumes; give a host path, './NAME' for a relative one",
				volume->source ? volume->source : "", volume->target);
		if (volume->type != VOLUME_BIND)
			continue;
		if (make_source(volume, err) < 0)
			return -1;
		if ((volume->subpath || !is_private(volume)) && take_tree(volume, err) < 0)
			return -1;
	}
	return 0;
}

/* --- binds ------------------------------------------------------------------------------------- */

/* Whoever could put a file there could fake what the masks of /proc protect. */
static int refuse_proc(const struct volume *volume, int target, struct error *err)
{
	struct statfs where;

	if (fstatfs(target, &where) < 0)
		return error_sys(err, "look at '%s'", volume->target);
	if (where.f_type != PROC_SUPER_MAGIC)
		return 0;
	return error_set(err, EPERM, "\"%s\" cannot be mounted because it is inside /proc",
			 volume->target);
}

/* Both are known by descriptor now: what is checked here is what is mounted. Docker's client takes
 * "not a directory" for a command that is missing, and ends with 127. */
static int check_kinds(const struct volume *volume, int source, int target, struct error *err)
{
	struct stat from, to;

	if (fstat(source, &from) < 0 || fstat(target, &to) < 0)
		return error_sys(err, "look at '%s'", volume->target);
	if (S_ISDIR(from.st_mode) == S_ISDIR(to.st_mode))
		return 0;
	return error_set(
		err, PROCESS_NOT_FOUND,
		"mount '%s' on '%s': not a directory: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type",
		volume->source, volume->target);
}

/* Private means with all below it: nothing of the host's is to come in. */
static const char *propagation_of(const struct volume *volume)
{
	return is_private(volume) ? "rprivate" : volume->propagation;
}

static void trace_bind(const struct volume *volume, const char *root)
{
	AUTO_FREE char *target = path_join(root, volume->target);
	AUTO_FREE char *source = volume->subpath ? path_join(volume->source, volume->subpath)
						 : memory_string(volume->source);
	const char *bind = volume->flat ? "--bind" : "--rbind";
	const char *mode = volume->read_only ? " -o ro=recursive" : "";

	trace("mount %s%s %q %q", bind, mode, source, target);
	if (volume->tree)
		trace("mount --make-%s %q", propagation_of(volume), target);
}

static int set_propagation(int fd, const struct volume *volume, struct error *err)
{
	const char *wanted = propagation_of(volume);
	unsigned recursive = *wanted == 'r' ? AT_RECURSIVE : 0;
	struct mount_attr attributes = {.propagation = MS_PRIVATE};

	if (!is_private(volume))
		attributes.propagation = begins_with(wanted, "shared") ? MS_SHARED : MS_SLAVE;
	if (mount_setattr(fd, "", AT_EMPTY_PATH | recursive, &attributes, sizeof(attributes)) < 0)
		return error_sys(err, "make the mount of '%s' %s", volume->source, wanted);
	return 0;
}

/* The view to attach, of what was taken or of a source that is open. */
static int open_view(const struct volume *volume, int source, struct error *err)
{
	AUTO_CLOSE int fd = -1;

	if (volume->tree)
		fd = fcntl(source, F_DUPFD_CLOEXEC, 3);
	else
		fd = mount_clone(source, !volume->flat, err);
	if (fd < 0)
		return volume->tree ? error_sys(err, "duplicate a descriptor") : -1;
	if (volume->tree && set_propagation(fd, volume, err) < 0)
		return -1;
	/* Step 4.4: also what is mounted below it, or "ro" would protect only the half. */
	if (volume->read_only && mount_make_read_only(fd, !volume->writable_inside, err) < 0)
		return -1;
	return take_fd(&fd);
}

static int mount_bind(const struct volume *volume, int root_fd, const char *root, struct error *err)
{
	AUTO_CLOSE int source = volume->tree ? fcntl(volume->tree, F_DUPFD_CLOEXEC, 3)
					     : open(volume->source, O_PATH | O_CLOEXEC);
	AUTO_CLOSE int target = -1, fd = -1;
	struct stat st;

	if (source < 0 || fstat(source, &st) < 0)
		return error_sys(err, "open the volume's source '%s'", volume->source);
	trace_bind(volume, root);
	target = mount_open_target(root_fd, volume->target, S_ISDIR(st.st_mode), err);
	if (target < 0 || refuse_proc(volume, target, err) < 0 ||
	    check_kinds(volume, source, target, err) < 0)
		return -1;
	fd = open_view(volume, source, err);
	return fd < 0 ? -1 : mount_attach(fd, target, volume->target, err);
}

/* --- tmpfs --------------------------------------------------------------------------------------- */

/* With the mode of the directory that it hides, as runc does it, unless the user has given one. */
static char *tmpfs_options(const struct volume *volume, int root_fd)
{
	struct error missing;
	AUTO_CLOSE int there = path_open_in_root(root_fd, volume->target, O_PATH, 0, &missing);
	struct stat st;

	if (volume->whole_options || there < 0 || fstat(there, &st) < 0 || !S_ISDIR(st.st_mode))
		return memory_string(volume->tmpfs_options);
	return memory_format("mode=%o,%s", st.st_mode & 07777u, volume->tmpfs_options);
}

static int mount_tmpfs(const struct volume *volume, int root_fd, const char *root,
		       struct error *err)
{
	AUTO_FREE char *options = tmpfs_options(volume, root_fd);
	AUTO_FREE char *path = path_join(root, volume->target);
	AUTO_CLOSE int target = -1, fd = -1;

	trace("mount -t tmpfs -o %q tmpfs %q", options, path);
	target = mount_open_target(root_fd, volume->target, true, err);
	if (target < 0 || refuse_proc(volume, target, err) < 0)
		return -1;
	fd = mount_new("tmpfs", "tmpfs", options, err);
	return fd < 0 ? -1 : mount_attach(fd, target, volume->target, err);
}

/* --- all of them ------------------------------------------------------------------------------- */

static int depth(const char *path)
{
	int count = 0;

	for (; *path; path++)
		count += *path == '/';
	return count;
}

/* For qsort: fewer components first, then as they were given. */
static int compare_depth(const void *left, const void *right)
{
	const struct volume *a = *(const struct volume *const *)left;
	const struct volume *b = *(const struct volume *const *)right;
	int difference = depth(a->target) - depth(b->target);

	return difference ? difference : (a > b) - (a < b);
}

static int mount_one(const struct volume *volume, int root_fd, const char *root, struct error *err)
{
	if (volume->type == VOLUME_TMPFS)
		return mount_tmpfs(volume, root_fd, root, err);
	return mount_bind(volume, root_fd, root, err);
}

int volumes_mount(const struct volumes *volumes, const char *root, struct error *err)
{
	AUTO_FREE const struct volume **sorted = memory_zeroed(volumes->count, sizeof(*sorted));
	AUTO_CLOSE int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_sys(err, "open the root directory '%s'", root);
	for (size_t i = 0; i < volumes->count; i++)
		sorted[i] = &volumes->items[i];
	/* Step 4.5: the outer ones first, or they would hide those inside. */
	qsort(sorted, volumes->count, sizeof(*sorted), compare_depth);
	for (size_t i = 0; i < volumes->count; i++)
		if (mount_one(sorted[i], root_fd, root, err) < 0)
			return error_wrap(err, "mount volume '%s:%s'",
					  sorted[i]->source ? sorted[i]->source : "tmpfs",
					  sorted[i]->target);
	return 0;
}
