/* Volumes; see volume.h. */
#include "volume.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mounts.h"
#include "path.h"
#include "text.h"
#include "trace.h"

/* --- the option ---------------------------------------------------------------------------- */

/* "SRC:DST:MODE" in its parts; those that are missing are NULL. */
struct parts {
	char *source, *target, *mode, *more;
};

static int check_mode(const char *mode, bool *read_only, struct error *err)
{
	*read_only = mode && strcmp(mode, "ro") == 0;
	if (mode && *mode && !*read_only && strcmp(mode, "rw") != 0)
		return error_set(err, EINVAL, "invalid mode: %s", mode);
	return 0;
}

static int check_target(const struct volumes *volumes, const char *target, struct error *err)
{
	AUTO_FREE char *normal = path_normal("/", target);

	if (*target != '/')
		return error_set(err, EINVAL,
				 "invalid mount path: '%s' mount path must be absolute", target);
	if (strcmp(normal, "/") == 0)
		return error_set(err, EINVAL, "invalid specification: destination can't be '/'");
	for (size_t i = 0; i < volumes->count; i++)
		if (strcmp(volumes->items[i].target, normal) == 0)
			return error_set(err, EEXIST, "Duplicate mount point: %s", normal);
	return 0;
}

/* Docker's words: only a bad target is told with all that it belongs to. */
static int refuse_target(const char *text, const char *type, struct error *err)
{
	if (err->code == EEXIST)
		return -1;
	error_wrap(err, "invalid mount config for type \"%s\"", type);
	return error_wrap(err, "invalid volume specification: '%s'", text);
}

/* As the docker command does: "./x" is below the current directory. The caller frees it. */
static char *absolute_source(const char *source)
{
	AUTO_FREE char *here = getcwd(NULL, 0);

	return path_normal(here ? here : "/", source);
}

static bool is_path(const char *source)
{
	return *source == '/' || strcmp(source, ".") == 0 || strcmp(source, "..") == 0 ||
	       text_starts_with(source, "./") || text_starts_with(source, "../");
}

/* Takes the two strings over. */
static void add(struct volumes *volumes, char *source, char *target, bool read_only)
{
	volumes->items =
		memory_resized(volumes->items, volumes->count + 1, sizeof(*volumes->items));
	volumes->items[volumes->count++] = (struct volume){source, target, read_only};
}

int volumes_add(struct volumes *volumes, const char *text, struct error *err)
{
	AUTO_FREE char *copy = memory_string(text);
	struct parts parts = {0};
	char *rest = copy;
	bool read_only;

	parts.source = strsep(&rest, ":");
	parts.target = strsep(&rest, ":");
	parts.mode = strsep(&rest, ":");
	if (rest || !*parts.source || (parts.target && !*parts.target))
		return error_set(err, EINVAL, "invalid volume specification: '%s'", text);
	if (!parts.target)
		return error_set(
			err, ENOTSUP,
			"anonymous volume '%s': volumes without a host path come later; give HOST:CONTAINER",
			text);
	if (check_mode(parts.mode, &read_only, err) < 0)
		return -1;
	if (check_target(volumes, parts.target, err) < 0)
		return refuse_target(text, is_path(parts.source) ? "bind" : "volume", err);
	if (!is_path(parts.source))
		return error_set(
			err, ENOTSUP,
			"named volume '%s': named volumes come later; give a host path, './%s' for a relative one",
			parts.source, parts.source);
	add(volumes, absolute_source(parts.source), path_normal("/", parts.target), read_only);
	return 0;
}

void volumes_add_file(struct volumes *volumes, const char *source, const char *target,
		      bool read_only)
{
	add(volumes, memory_string(source), memory_string(target), read_only);
}

int volumes_prepare(const struct volumes *volumes, struct error *err)
{
	for (size_t i = 0; i < volumes->count; i++) {
		const char *source = volumes->items[i].source;

		if (access(source, F_OK) == 0)
			continue;
		trace("mkdir -p %q", source);
		if (path_make_dirs(source, 0755, err) < 0)
			return error_wrap(err, "make the source of a volume");
	}
	return 0;
}

/* --- the mounts ---------------------------------------------------------------------------- */

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

/* Both are known by descriptor now: what is checked here is what is mounted. */
static int check_kinds(const struct volume *volume, int source, int target, struct error *err)
{
	struct stat from, to;
	struct statfs where;

	if (fstat(source, &from) < 0 || fstat(target, &to) < 0 || fstatfs(target, &where) < 0)
		return error_sys(err, "look at '%s'", volume->target);
	/* Whoever could put a file there could fake what the masks of /proc protect. */
	if (where.f_type == PROC_SUPER_MAGIC)
		return error_set(err, EPERM, "\"%s\" cannot be mounted because it is inside /proc",
				 volume->target);
	if (S_ISDIR(from.st_mode) == S_ISDIR(to.st_mode))
		return 0;
	return error_set(
		err, ENOTDIR,
		"mount '%s' on '%s': not a directory: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type",
		volume->source, volume->target);
}

static void trace_bind(const struct volume *volume, const char *root)
{
	AUTO_FREE char *target = path_join(root, volume->target);

	trace("mount --rbind%s %q %q", volume->read_only ? " -o ro=recursive" : "", volume->source,
	      target);
}

static int mount_one(const struct volume *volume, int root_fd, const char *root, struct error *err)
{
	AUTO_CLOSE int source = -1, target = -1, fd = -1;
	struct stat st;

	source = open(volume->source, O_PATH | O_CLOEXEC);
	if (source < 0 || fstat(source, &st) < 0)
		return error_sys(err, "open the volume's source '%s'", volume->source);
	trace_bind(volume, root);
	target = mount_open_target(root_fd, volume->target, S_ISDIR(st.st_mode), err);
	if (target < 0 || check_kinds(volume, source, target, err) < 0)
		return -1;
	fd = mount_clone(source, true, err);
	if (fd < 0)
		return -1;
	/* Also what is mounted below it, or "ro" would protect only the half. */
	if (volume->read_only && mount_make_read_only(fd, true, err) < 0)
		return -1;
	return mount_attach(fd, target, volume->target, err);
}

int volumes_mount(const struct volumes *volumes, const char *root, struct error *err)
{
	AUTO_FREE const struct volume **sorted = memory_zeroed(volumes->count, sizeof(*sorted));
	AUTO_CLOSE int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_sys(err, "open the root directory '%s'", root);
	for (size_t i = 0; i < volumes->count; i++)
		sorted[i] = &volumes->items[i];
	/* The outer ones first, or they would hide those inside. */
	qsort(sorted, volumes->count, sizeof(*sorted), compare_depth);
	for (size_t i = 0; i < volumes->count; i++)
		if (mount_one(sorted[i], root_fd, root, err) < 0)
			return error_wrap(err, "mount volume '%s:%s'", sorted[i]->source,
					  sorted[i]->target);
	return 0;
}

void volumes_release(struct volumes *volumes)
{
	for (size_t i = 0; i < volumes->count; i++) {
		cleanup_memory(&volumes->items[i].source);
		cleanup_memory(&volumes->items[i].target);
	}
	cleanup_memory(&volumes->items);
	volumes->count = 0;
}
