/* Paths; see path.h. */
#include "path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "text.h"
#include "trace.h"

/* So many renames do not meet one look by chance. */
#define OPEN_TRIES_MAX 128

char *path_join(const char *dir, const char *name)
{
	size_t length = strlen(dir);

	while (length > 0 && dir[length - 1] == '/')
		length--;
	while (*name == '/')
		name++;
	return memory_format("%.*s/%s", (int)length, dir, name);
}

/* Cuts the last component off, but never the root itself. */
static void cut_last(struct text *path)
{
	while (path->length > 0 && path->data[--path->length] != '/')
		;
	if (path->data)
		path->data[path->length] = '\0';
}

static void add_components(struct text *path, const char *from)
{
	while (*from) {
		size_t length = strcspn(from, "/");

		if (length == 2 && from[0] == '.' && from[1] == '.')
			cut_last(path);
		else if (length > 0 && !(length == 1 && from[0] == '.'))
			text_add_format(path, "/%.*s", (int)length, from);
		from += length;
		from += strspn(from, "/");
	}
}

char *path_normal(const char *base, const char *path)
{
	AUTO_TEXT struct text normal = {0};

	if (*path != '/')
		add_components(&normal, base);
	add_components(&normal, path);
	return memory_string(normal.length ? normal.data : "/");
}

int path_make_dirs(const char *path, mode_t mode, struct error *err)
{
	AUTO_FREE char *copy = memory_string(path);
	struct stat st;

	/* As a rule all but the last is there, or all is. */
	if (mkdir(path, mode) == 0 || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
		return 0;
	for (char *slash = copy; *slash;) {
		char kept;

		slash += strspn(slash, "/");
		slash += strcspn(slash, "/");
		kept = *slash;
		*slash = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return error_sys(err, "make directory '%s'", copy);
		*slash = kept;
	}
	/* EEXIST may have been a file; on the way the next mkdir says so, at the end nobody. */
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "make directory '%s': a file is in the way", path);
	return 0;
}

int path_open_in_root(int root_fd, const char *path, int flags, mode_t mode, struct error *err)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = (flags & (O_CREAT | O_TMPFILE)) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;

	/* EAGAIN: the kernel saw a rename on the way of a ".." and asks to look again. Not for ever:
	 * with O_NONBLOCK it also means that somebody holds a lease of the file. */
	for (int tries = 0; tries < OPEN_TRIES_MAX; tries++) {
		fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	if (fd < 0)
		return error_sys(err, "open '%s'", path);
	return fd;
}

/* Makes `name` in the directory `parent` if it is missing. */
static int make_one(int parent, const char *name, struct error *err)
{
	if (mkdirat(parent, name, 0755) < 0)
		return errno == EEXIST ? 0 : error_sys(err, "make directory '%s'", name);
	if (fchmodat(parent, name, 0755, 0) < 0)
		return error_sys(err, "set the mode of directory '%s'", name);
	return 0;
}

int path_make_dirs_in_root(int root_fd, const char *path, struct error *err)
{
	AUTO_FREE char *normal = path_normal("/", path);
	AUTO_CLOSE int dir = path_open_in_root(root_fd, normal, O_PATH | O_DIRECTORY, 0, err);
	char *at = normal;

	/* As a rule all is there. */
	if (dir >= 0)
		return take_fd(&dir);
	dir = path_open_in_root(root_fd, "/", O_PATH | O_DIRECTORY, 0, err);
	while (dir >= 0 && *at == '/' && at[1]) {
		char *name = at + 1;
		char kept;
		int next;

		at = name + strcspn(name, "/");
		kept = *at;
		*at = '\0';
		/* The name may be a link to elsewhere in the root: open the path from the root. */
		next = path_open_in_root(root_fd, normal, O_PATH | O_DIRECTORY, 0, err);
		if (next < 0 && err->code == ENOENT && make_one(dir, name, err) == 0)
			next = path_open_in_root(root_fd, normal, O_PATH | O_DIRECTORY, 0, err);
		*at = kept;
		cleanup_fd(&dir);
		dir = next;
	}
	if (dir < 0)
		return error_wrap(err, "make directory '%s' in the root file system", path);
	return take_fd(&dir);
}

int path_of_own(const char *relative, char **path, struct error *err)
{
	static const char *const bases[] = {"", "../"};
	AUTO_FREE char *program = realpath("/proc/self/exe", NULL);
	char *slash = program ? strrchr(program, '/') : NULL;

	if (!slash)
		return error_sys(err, "find the running program by /proc/self/exe");
	*slash = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(bases); i++) {
		AUTO_FREE char *found = memory_format("%s/%s%s", program, bases[i], relative);

		if (access(found, F_OK) == 0) {
			*path = take_ptr(&found);
			return 0;
		}
	}
	return error_set(err, ENOENT, "find '%s' beside or above '%s': is the installation whole?",
			 relative, program);
}

/* Opens a directory below `parent` for listing, unless it is a mount point: a bind mount has the
 * same st_dev as its source, but openat2(2) knows. */
static DIR *open_to_remove(int parent, const char *name, struct error *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV,
	};
	AUTO_CLOSE int fd = (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		error_sys(err, "open directory '%s'", name);
		error_hint(err, EXDEV, "something is mounted there: unmount it first");
		return NULL;
	}
	take_fd(&fd);
	return dir;
}

/* A container can nest directories deeper than we can have files open. What is below this depth is
 * moved up into the top directory, to be removed in the next round. */
#define DEPTH_MAX 64

struct removal {
	int top;	 /* the directory that is removed */
	unsigned number; /* of what is moved up: its name */
	bool lifted;	 /* something was moved up in this round */
};

static int lift(struct removal *removal, int parent, const char *name, struct error *err)
{
	int result;

	do {
		AUTO_FREE char *up = memory_format("lifted.%u", removal->number++);

		result = renameat2(parent, name, removal->top, up, RENAME_NOREPLACE);
	} while (result < 0 && errno == EEXIST);
	if (result < 0 && errno != ENOENT)
		return error_sys(err, "move the deep directory '%s' up", name);
	removal->lifted = true;
	return 0;
}

static int remove_at(struct removal *removal, int parent, const char *name, int depth,
		     struct error *err)
{
	AUTO_CLOSE_DIR DIR *dir = NULL;
	struct dirent *entry;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EBUSY)
		return error_set(err, EXDEV, "remove '%s': something is mounted on it", name);
	if (errno != EISDIR)
		return error_sys(err, "remove '%s'", name);
	if (depth == DEPTH_MAX)
		return lift(removal, parent, name, err);
	dir = open_to_remove(parent, name, err);
	if (!dir) /* removed by somebody else meanwhile? */
		return err->code == ENOENT ? 0 : -1;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    remove_at(removal, dirfd(dir), entry->d_name, depth + 1, err) < 0)
			return -1;
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTEMPTY && removal->lifted)
		return 0;
	return error_sys(err, "remove directory '%s'", name);
}

/* Opens the directory that `path` is in, and cuts `path` to its last component. */
static int open_parent(char *path, const char **name, struct error *err)
{
	size_t length = strlen(path);
	char *slash;
	int fd;

	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
	slash = strrchr(path, '/');
	*name = slash ? slash + 1 : path;
	if (slash)
		*slash = '\0';
	fd = open(!slash ? "." : *path ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_sys(err, "open the directory of '%s'", *name) : fd;
}

int path_remove_tree(const char *path, struct error *err)
{
	AUTO_FREE char *copy = memory_string(path);
	const char *name = NULL;
	AUTO_CLOSE int parent = open_parent(copy, &name, err);
	AUTO_CLOSE int top = -1;
	struct removal removal = {0};

	if (parent < 0)
		return err->code == ENOENT ? 0 : error_wrap(err, "remove '%s'", path);
	removal.top = top = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0 && errno == ENOENT)
		return 0;
	trace("rm -rf --one-file-system %q", path);
	do {
		removal.lifted = false;
		if (remove_at(&removal, parent, name, 0, err) < 0)
			return error_wrap(err, "remove '%s'", path);
	} while (removal.lifted);
	return 0;
}
