/* What changed in an upper directory; see changes.h. Read compare_directory first. */
#include "changes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"

/* The directories of the layers that are seen as one at some path, the top first. */
struct below {
	int *fds;
	size_t count;
	bool hidden; /* by the upper directory at this path, or above: what it lacks is deleted */
};

struct comparison {
	struct text path;
	struct strings *changes;
};

static int compare_directory(struct comparison *comparison, int upper, struct below *below,
			     struct error *err);

static void below_release(struct below *below)
{
	for (size_t i = 0; i < below->count; i++)
		close(below->fds[i]);
	cleanup_memory(&below->fds);
	below->count = 0;
}

static void note(struct comparison *comparison, char kind)
{
	AUTO_FREE char *line = memory_format("%c %s", kind, text_string(&comparison->path));

	strings_add(comparison->changes, line);
}

/* --- the layers below ---------------------------------------------------------------------------- */

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* Such a directory hides what is below it. */
static bool is_opaque(int fd)
{
	char value[2];

	return fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)) == 1 && *value == 'y';
}

static void add_directory(struct below *below, int fd)
{
	below->fds = memory_resized(below->fds, below->count + 1, sizeof(*below->fds));
	below->fds[below->count++] = fd;
}

/* Finds what the layers show as NAME: its attributes, and if it is a directory, those that make it up.
 * Returns 1, or 0 if there is nothing. */
static int look_below(const struct below *below, const char *name, struct stat *found,
		      struct below *inside, struct error *err)
{
	bool any = false;

	for (size_t i = 0; i < below->count; i++) {
		struct stat st;
		int fd;

		if (fstatat(below->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno == ENOENT)
				continue;
			return error_sys(err, "look at '%s' in a layer", name);
		}
		if (is_whiteout(&st) || (any && !S_ISDIR(st.st_mode)))
			break;
		if (!any)
			*found = st;
		any = true;
		if (!S_ISDIR(st.st_mode))
			break;
		fd = openat(below->fds[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return error_sys(err, "open directory '%s' of a layer", name);
		add_directory(inside, fd);
		if (is_opaque(fd))
			break;
	}
	return any;
}

/* --- one object ---------------------------------------------------------------------------------- */

static ssize_t capability(int dir, const char *name, char *value, size_t size)
{
	AUTO_CLOSE int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return getxattr(path, "security.capability", value, size);
}

static bool same_capability(int upper, const struct below *below, const char *name)
{
	char new[64], old[64];
	ssize_t new_length = capability(upper, name, new, sizeof(new)), old_length = -1;

	for (size_t i = 0; i < below->count; i++) {
		struct stat st;

		if (fstatat(below->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		old_length = capability(below->fds[i], name, old, sizeof(old));
		break;
	}
	return new_length == old_length &&
	       (new_length < 0 || memcmp(new, old, (size_t)new_length) == 0);
}

/* What came out of an archive has whole seconds: Docker takes those for the same time. */
static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec &&
	       (a->tv_nsec == b->tv_nsec || a->tv_nsec == 0 || b->tv_nsec == 0);
}

/* By what Docker compares: a directory's own time and size tell only of what is in it. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	if (a->st_mode != b->st_mode || a->st_uid != b->st_uid || a->st_gid != b->st_gid ||
	    a->st_rdev != b->st_rdev)
		return false;
	return S_ISDIR(a->st_mode) ||
	       (a->st_size == b->st_size && is_same_time(&a->st_mtim, &b->st_mtim));
}

/* Notes the directory itself before what has changed in it, if it was not noted. */
static void note_parent(struct comparison *comparison, size_t before, bool noted)
{
	struct strings *changes = comparison->changes;
	char *last;

	if (noted || changes->count == before)
		return;
	note(comparison, 'C');
	last = changes->items[changes->count - 1];
	memmove(&changes->items[before + 1], &changes->items[before],
		(changes->count - 1 - before) * sizeof(*changes->items));
	changes->items[before] = last;
}

static int compare_inside(struct comparison *comparison, int upper, const char *name,
			  struct below *inside, struct error *err)
{
	AUTO_CLOSE int fd = openat(upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "open directory '%s'", text_string(&comparison->path));
	return compare_directory(comparison, fd, inside, err);
}

static int compare_object(struct comparison *comparison, int upper, const struct below *below,
			  const char *name, struct error *err)
{
	CLEANUP(below_release) struct below inside = {.hidden = below->hidden};
	const char *path = text_string(&comparison->path);
	struct stat now, old = {0};
	bool noted = true;
	size_t before;
	int there;

	if (fstatat(upper, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_sys(err, "look at '%s'", path);
	there = look_below(below, name, &old, &inside, err);
	if (there < 0)
		return -1;
	if (is_whiteout(&now)) {
		if (there)
			note(comparison, 'D');
		return 0;
	}
	if (S_ISLNK(now.st_mode) && changes_is_place_to_mount(path, &now))
		return 0;
	/* /etc itself is made for what is mounted in it, if the image has none. */
	if (!there && strcmp(path, "/etc") != 0 && !changes_is_place_to_mount(path, &now))
		note(comparison, 'A');
	else if (there && (!is_same(&now, &old) || !same_capability(upper, below, name)))
		note(comparison, 'C');
	else
		noted = false;
	if (!S_ISDIR(now.st_mode))
		return 0;
	before = comparison->changes->count;
	if (compare_inside(comparison, upper, name, &inside, err) < 0)
		return -1;
	note_parent(comparison, before, noted);
	return 0;
}

/* --- directories --------------------------------------------------------------------------------- */

static int add_names(int fd, struct strings *names, struct error *err)
{
	AUTO_CLOSE_DIR DIR *dir = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;

	if (!dir)
		return error_sys(err, "read a directory");
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			strings_add(names, entry->d_name);
	return 0;
}

/* In an opaque directory no whiteouts are needed: what is missing is deleted. */
static int note_hidden(struct comparison *comparison, int upper, const struct below *below,
		       const char *name, struct error *err)
{
	CLEANUP(below_release) struct below inside = {0};
	struct stat st;
	int there = look_below(below, name, &st, &inside, err);

	if (there > 0 && faccessat(upper, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		note(comparison, 'D');
	return there < 0 ? -1 : 0;
}

/* Collects the names of both sides, so that the changes come in their order. */
static int list_names(int upper, const struct below *below, struct strings *names,
		      struct error *err)
{
	if (add_names(upper, names, err) < 0)
		return -1;
	for (size_t i = 0; below->hidden && i < below->count; i++)
		if (add_names(below->fds[i], names, err) < 0)
			return -1;
	strings_sort(names);
	return 0;
}

static int compare_directory(struct comparison *comparison, int upper, struct below *below,
			     struct error *err)
{
	AUTO_STRINGS struct strings names = {0};
	size_t length = comparison->path.length;
	int result;

	below->hidden |= is_opaque(upper);
	result = list_names(upper, below, &names, err);
	for (size_t i = 0; result == 0 && i < names.count; i++) {
		const char *name = names.items[i];

		if (i > 0 && strcmp(name, names.items[i - 1]) == 0)
			continue;
		text_add_format(&comparison->path, "/%s", name);
		result = below->hidden ? note_hidden(comparison, upper, below, name, err) : 0;
		if (result == 0)
			result = compare_object(comparison, upper, below, name, err);
		comparison->path.length = length;
		comparison->path.data[length] = '\0';
	}
	return result;
}

int changes_list(const char *upper, const struct strings *layers, struct strings *changes,
		 struct error *err)
{
	AUTO_CLOSE int fd = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(below_release) struct below below = {0};
	AUTO_STRINGS struct strings found = {0};
	struct comparison comparison = {.changes = &found};
	int result;

	if (fd < 0)
		return error_sys(err, "open '%s'", upper);
	for (size_t i = layers->count; i-- > 0;) {
		int layer = open(layers->items[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (layer < 0)
			return error_sys(err, "open layer '%s'", layers->items[i]);
		add_directory(&below, layer);
		/* a layer may hide all below it */
		if (is_opaque(layer))
			break;
	}
	result = compare_directory(&comparison, fd, &below, err);
	text_release(&comparison.path);
	if (result == 0)
		strings_add_all(changes, &found);
	return result;
}

bool changes_is_place_to_mount(const char *path, const struct stat *st)
{
	static const char *const directories[] = {"/dev",  "/dev/pts", "/dev/shm", "/dev/mqueue",
						  "/proc", "/sys",     NULL};
	static const char *const files[] = {"/etc/hosts",   "/etc/hostname", "/etc/resolv.conf",
					    "/dev/console", "/.dockerenv",   NULL};
	bool file = S_ISREG(st->st_mode) && st->st_size == 0;

	if (S_ISLNK(st->st_mode))
		return strcmp(path, "/etc/mtab") == 0;
	for (const char *const *at = file ? files : directories; *at; at++)
		if (strcmp(*at, path) == 0)
			return file || S_ISDIR(st->st_mode);
	return false;
}
