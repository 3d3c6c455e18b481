/* Making files safely; see layer_tree.h. */
#include "layer_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "layer_attributes.h"

/* overlayfs takes this for "nothing here, and nothing below". */
static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static int open_directory(const struct layer_tree *tree, int base, const char *path)
{
	const struct open_how strict = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	const struct open_how following = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
					   .resolve = RESOLVE_NO_MAGICLINKS};
	struct open_how how = tree->follow ? following : strict;

	return (int)syscall(SYS_openat2, base, *path ? path : ".", &how, sizeof(how));
}

static int in_the_way(const struct stat *st, const char *name, struct error *err)
{
	return error_set(err, EINVAL, "a %s is in the way: '%s'",
			 S_ISLNK(st->st_mode) ? "symbolic link" : "file", name);
}

/* Makes sure that `name` is a directory. Another thing there is replaced if `replace`, or if it is
 * a whiteout: the two together are a directory that hides the one below. */
static int make_directory(const struct layer_tree *tree, int parent, const char *name, bool replace,
			  struct error *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st = {0};
	bool exists = mkdirat(parent, name, 0755) < 0;

	if (exists && errno != EEXIST)
		return error_sys(err, "make directory '%s'", name);
	if (exists && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, "examine '%s'", name);
	if (exists && !S_ISDIR(st.st_mode)) {
		if (!replace && !is_whiteout(&st))
			return in_the_way(&st, name, err);
		if (unlinkat(parent, name, 0) < 0 || mkdirat(parent, name, 0755) < 0)
			return error_sys(err, "replace '%s' by a directory", name);
	}
	fd = open_directory(tree, parent, name);
	if (fd < 0)
		return error_sys(err, "open directory '%s'", name);
	if (is_whiteout(&st) && layer_attributes_make_opaque(fd, err) < 0)
		return -1;
	return take_fd(&fd);
}

/* Opens a directory of the tree, and makes what is missing of it. */
static int make_parents(const struct layer_tree *tree, const char *path, struct error *err)
{
	char part[LAYER_PATH_SIZE];
	AUTO_CLOSE int dir = open_directory(tree, tree->root_fd, path);

	if (dir >= 0)
		return take_fd(&dir);
	dir = open_directory(tree, tree->root_fd, "");
	while (dir >= 0 && *path) {
		size_t length = strcspn(path, "/");
		int next;

		memcpy(part, path, length);
		part[length] = '\0';
		path += length + (path[length] == '/');
		next = open_directory(tree, dir, part);
		if (next < 0)
			next = make_directory(tree, dir, part, false, err);
		if (next < 0)
			return -1;
		cleanup_fd(&dir);
		dir = next;
	}
	if (dir < 0)
		return error_sys(err, "open the layer's directory");
	return take_fd(&dir);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int layer_path(const char *name, char path[LAYER_PATH_SIZE], struct error *err)
{
	size_t length = 0;

	if (*name == '/')
		return error_set(err, EINVAL, "its name is an absolute path");
	for (; *name; name += strspn(name, "/")) {
		const char *part = name;
		size_t count = strcspn(name, "/");

		name += count;
		if (count == 1 && *part == '.')
			continue;
		if (count == 2 && part[0] == '.' && part[1] == '.')
			return error_set(err, EINVAL, "its name holds '..'");
		if (length + 1 + count >= LAYER_PATH_SIZE)
			return error_set(err, ENAMETOOLONG, "its name is too long");
		if (length)
			path[length++] = '/';
		memcpy(path + length, part, count);
		length += count;
	}
	path[length] = '\0';
	return 0;
}

int layer_tree_parent(struct layer_tree *tree, const char *path, const char **name,
		      struct error *err)
{
	const char *last = last_part(path);
	size_t length = last > path ? (size_t)(last - path - 1) : 0;
	int fd;

	*name = last;
	if (tree->parent_fd > 0 && strncmp(tree->parent, path, length) == 0 &&
	    !tree->parent[length])
		return tree->parent_fd;
	if (tree->parent_fd > 0)
		close(tree->parent_fd);
	tree->parent_fd = 0;
	memcpy(tree->parent, path, length);
	tree->parent[length] = '\0';
	fd = make_parents(tree, tree->parent, err);
	if (fd >= 0)
		tree->parent_fd = fd;
	return fd;
}

/* --- one entry ---------------------------------------------------------------------------- */

/* The last of two entries of the same name counts. */
static int make_room(int parent, const char *name, struct error *err)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, "examine '%s'", name);
	if (unlinkat(parent, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) == 0)
		return 0;
	error_sys(err, "replace '%s', which is in the layer twice", name);
	return error_hint(err, ENOTEMPTY, "first as a directory");
}

static dev_t device_of(const struct archive_entry *entry)
{
	return makedev(entry->major, entry->minor);
}

/* Makes anything but a directory or a hard link. Like the calls, it returns -1 with errno. */
static int make_node(int parent, const char *name, const struct archive_entry *entry)
{
	switch (entry->type) {
	case ARCHIVE_FILE:
		return openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			      entry->mode & 0777);
	case ARCHIVE_SYMLINK: return symlinkat(text_string(&entry->target), parent, name);
	case ARCHIVE_CHARACTER_DEVICE:
		return mknodat(parent, name, S_IFCHR | entry->mode, device_of(entry));
	case ARCHIVE_BLOCK_DEVICE:
		return mknodat(parent, name, S_IFBLK | entry->mode, device_of(entry));
	default: return mknodat(parent, name, S_IFIFO | entry->mode, 0);
	}
}

static int create(int parent, const char *name, const struct archive_entry *entry,
		  struct error *err)
{
	int made = make_node(parent, name, entry);

	if (made < 0 && errno == EEXIST) {
		if (make_room(parent, name, err) < 0)
			return -1;
		made = make_node(parent, name, entry);
	}
	if (made < 0)
		return error_sys(err, "create '%s'", name);
	if (entry->type == ARCHIVE_FILE)
		return made;
	return layer_attributes_set_at(parent, name, entry, err);
}

/* A target that starts with "/" starts at the layer's root. Only what this layer has made counts,
 * and a whiteout is not that. Returns the directory that holds it. */
static int open_target(struct layer_tree *tree, const char *path, struct error *err)
{
	char parent[LAYER_PATH_SIZE];
	const char *name = last_part(path);
	AUTO_CLOSE int fd = -1;
	struct stat st;

	memcpy(parent, path, (size_t)(name - path));
	parent[name > path ? name - path - 1 : 0] = '\0';
	fd = open_directory(tree, tree->root_fd, parent);
	if (fd < 0 || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || is_whiteout(&st))
		return error_set(err, EINVAL, "its target '%s' is not in this layer", path);
	if (S_ISDIR(st.st_mode))
		return error_set(err, EINVAL, "its target '%s' is a directory", path);
	return take_fd(&fd);
}

/* Owner, mode and the rest are those of the file, which an earlier entry has set. */
static int make_hard_link(struct layer_tree *tree, const char *path,
			  const struct archive_entry *entry, struct error *err)
{
	const char *target = text_string(&entry->target), *name;
	char target_path[LAYER_PATH_SIZE];
	AUTO_CLOSE int target_dir = -1;
	int parent;

	if (layer_path(target + strspn(target, "/"), target_path, err) < 0)
		return error_wrap(err, "its target '%s'", target);
	if (strcmp(target_path, path) == 0)
		return error_set(err, EINVAL, "it is a hard link to itself");
	target_dir = open_target(tree, target_path, err);
	if (target_dir < 0)
		return -1;
	target = last_part(target_path);
	parent = layer_tree_parent(tree, path, &name, err);
	if (parent < 0)
		return -1;
	if (linkat(target_dir, target, parent, name, 0) == 0)
		return 0;
	if (errno == EEXIST && make_room(parent, name, err) < 0)
		return -1;
	if (linkat(target_dir, target, parent, name, 0) < 0)
		return error_sys(err, "link '%s' to '%s'", name, target_path);
	return 0;
}

/* A layer may have a million directories: they are noted in a file without a name beside it, and in
 * memory only where there can be none. open(2) O_TMPFILE */
static int open_notes(struct layer_tree *tree, struct error *err)
{
	AUTO_CLOSE int fd = openat(tree->root_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		fd = memfd_create("directories", MFD_CLOEXEC);
	if (fd >= 0)
		tree->notes = fdopen(fd, "r+");
	if (!tree->notes)
		return error_sys(err, "make a file without a name");
	take_fd(&fd);
	return 0;
}

static int remember_directory(struct layer_tree *tree, const char *path,
			      const struct archive_entry *entry, struct error *err)
{
	const struct layer_note note = {entry->mode, entry->mtime};

	if (!tree->notes && open_notes(tree, err) < 0)
		return -1;
	if (fwrite(&note, sizeof(note), 1, tree->notes) != 1 ||
	    fwrite(path, strlen(path) + 1, 1, tree->notes) != 1)
		return error_sys(err, "note the directory '%s'", path);
	return 0;
}

static int make_directory_entry(struct layer_tree *tree, const char *path,
				const struct archive_entry *entry, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	const char *name;
	int parent;

	if (*path) {
		parent = layer_tree_parent(tree, path, &name, err);
		if (parent < 0)
			return -1;
		fd = make_directory(tree, parent, name, true, err);
	} else {
		fd = open_directory(tree, tree->root_fd, "");
	}
	if (fd < 0)
		return *path ? -1 : error_sys(err, "open the layer's directory");
	if (layer_attributes_set_owner(fd, entry, err) < 0)
		return -1;
	return remember_directory(tree, path, entry, err);
}

int layer_tree_make(struct layer_tree *tree, const char *path, const struct archive_entry *entry,
		    struct error *err)
{
	const char *name;
	int parent;

	if (entry->type == ARCHIVE_DIRECTORY)
		return make_directory_entry(tree, path, entry, err);
	if (!*path)
		return error_set(err, EINVAL, "it stands for the root, and is no directory");
	if (entry->type == ARCHIVE_HARD_LINK)
		return make_hard_link(tree, path, entry, err);
	parent = layer_tree_parent(tree, path, &name, err);
	if (parent < 0)
		return -1;
	return create(parent, name, entry, err);
}

int layer_tree_hide(struct layer_tree *tree, const char *path, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	const char *name;
	int parent = layer_tree_parent(tree, path, &name, err);

	if (parent < 0)
		return -1;
	if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST)
		return error_sys(err, "make a whiteout of '%s'", name);
	/* The layer has the name too: a file counts as it is, a directory must not merge. */
	fd = open_directory(tree, parent, name);
	return fd < 0 ? 0 : layer_attributes_make_opaque(fd, err);
}

static int finish_directory(const struct layer_tree *tree, const struct layer_note *note,
			    const char *path, struct error *err)
{
	const struct timespec times[] = {note->mtime, note->mtime};
	AUTO_CLOSE int fd = open_directory(tree, tree->root_fd, path);

	/* A later entry has put something else there. */
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0 || fchmod(fd, note->mode) < 0 || futimens(fd, times) < 0)
		return error_sys(err, "set mode and time of directory '%s'", path);
	return 0;
}

/* In the order of the archive: of several entries for a directory the last counts. */
int layer_tree_finish(struct layer_tree *tree, struct error *err)
{
	AUTO_FREE char *path = NULL;
	struct layer_note note;
	size_t room = 0;

	if (!tree->notes)
		return 0;
	if (fseek(tree->notes, 0, SEEK_SET) < 0)
		return error_sys(err, "read the notes of directories");
	while (fread(&note, sizeof(note), 1, tree->notes) == 1)
		if (getdelim(&path, &room, '\0', tree->notes) > 0 &&
		    finish_directory(tree, &note, path, err) < 0)
			return -1;
	if (ferror(tree->notes))
		return error_sys(err, "read the notes of directories");
	return 0;
}

void layer_tree_release(struct layer_tree *tree)
{
	if (tree->parent_fd > 0)
		close(tree->parent_fd);
	if (tree->notes)
		fclose(tree->notes);
	*tree = (struct layer_tree){0};
}
