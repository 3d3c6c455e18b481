/* A directory as an archive; see tree_archive.h. */
#include "tree_archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive_write.h"
#include "changes.h"
#include "text.h"

#define CAPABILITY "security.capability"

/* A file of several names that has been written under the first of them. */
struct linked {
	dev_t device;
	ino_t inode;
	char *name;
};

struct tree {
	int root_fd, output_fd;
	const char *name, *as; /* names that begin so are written so; NULL: as they are */
	bool layer;
	struct linked *linked;
	size_t linked_count;
};

static void tree_release(struct tree *tree)
{
	for (size_t i = 0; i < tree->linked_count; i++)
		free(tree->linked[i].name);
	free(tree->linked);
}
#define AUTO_TREE CLEANUP(tree_release)

/* By its whole path each time: a tree may be deeper than we may have descriptors. */
static int open_at(const struct tree *tree, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (unsigned int)flags | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, tree->root_fd, *path ? path : ".", &how, sizeof(how));
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(const struct tree *tree, const char *path, struct strings *names, struct error *err)
{
	AUTO_CLOSE int fd = open_at(tree, path, O_RDONLY | O_DIRECTORY);
	AUTO_CLOSE_DIR DIR *dir = NULL;
	struct dirent *entry;

	if (fd >= 0)
		dir = fdopendir(fd);
	if (!dir)
		return error_sys(err, "open directory '/%s'", path);
	take_fd(&fd);
	while ((entry = readdir(dir)))
		if (!is_dots(entry->d_name))
			strings_add(names, entry->d_name);
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), compare_names);
	return 0;
}

static bool has_other_names(const struct stat *st)
{
	return st->st_nlink > 1 && !S_ISDIR(st->st_mode);
}

static const char *find_linked(const struct tree *tree, const struct stat *st)
{
	if (!has_other_names(st))
		return NULL;
	for (size_t i = 0; i < tree->linked_count; i++)
		if (tree->linked[i].inode == st->st_ino && tree->linked[i].device == st->st_dev)
			return tree->linked[i].name;
	return NULL;
}

static void remember(struct tree *tree, const struct stat *st, const char *name)
{
	if (!has_other_names(st))
		return;
	tree->linked = memory_resized(tree->linked, tree->linked_count + 1, sizeof(*tree->linked));
	tree->linked[tree->linked_count++] =
		(struct linked){st->st_dev, st->st_ino, memory_string(name)};
}

/* 0 for what has no place in an archive. */
static int type_of(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG: return ARCHIVE_FILE;
	case S_IFDIR: return ARCHIVE_DIRECTORY;
	case S_IFLNK: return ARCHIVE_SYMLINK;
	case S_IFCHR: return ARCHIVE_CHARACTER_DEVICE;
	case S_IFBLK: return ARCHIVE_BLOCK_DEVICE;
	case S_IFIFO: return ARCHIVE_FIFO;
	default: return 0;
	}
}

static int add_target(int fd, struct archive_entry *entry, struct error *err)
{
	char target[4096];
	ssize_t length = readlinkat(fd, "", target, sizeof(target));

	if (length < 0)
		return error_sys(err, "read a link");
	text_add(&entry->target, target, (size_t)length);
	return 0;
}

/* Without it `ping` of many an image would not work any more. Its other attributes Docker drops, too. */
static void add_capability(int fd, struct archive_entry *entry, struct archive_xattr *xattr)
{
	ssize_t length = fgetxattr(fd, CAPABILITY, xattr->value, xattr->length);

	if (length <= 0)
		return;
	xattr->length = (size_t)length;
	entry->xattrs = xattr;
	entry->xattr_count = 1;
}

/* A container that runs may have put a device of the host there since the file was examined. */
static int open_file(const struct tree *tree, const char *path, struct error *err)
{
	AUTO_CLOSE int fd = open_at(tree, path, O_RDONLY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(err, "open '/%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EAGAIN, "'/%s' changed while it was read", path);
	return take_fd(&fd);
}

static int write_file(const struct tree *tree, const char *path, struct archive_entry *entry,
		      struct error *err)
{
	AUTO_CLOSE int fd = open_file(tree, path, err);
	unsigned char value[64];
	char name[] = CAPABILITY;
	struct archive_xattr xattr = {name, value, sizeof(value)};

	if (fd < 0)
		return -1;
	add_capability(fd, entry, &xattr);
	if (archive_write_entry(tree->output_fd, entry, err) < 0)
		return -1;
	return archive_write_file(tree->output_fd, fd, entry->size_bytes, err);
}

/* "etc/passwd" of "etc", which is to be "copy", is "copy/passwd". */
static void add_name(const struct tree *tree, const char *path, struct text *name)
{
	if (tree->as)
		text_add_format(name, "%s%s", tree->as, path + strlen(tree->name));
	else
		text_add_string(name, path);
}

/* What is found at a path; fd is for its link's target. */
struct node {
	const char *path;
	int fd;
	struct stat st;
};

static int write_entry(struct tree *tree, const struct node *node, struct archive_entry *entry,
		       struct error *err)
{
	const char *first = find_linked(tree, &node->st);

	add_name(tree, node->path, &entry->name);
	if (first) {
		entry->type = ARCHIVE_HARD_LINK;
		text_add_string(&entry->target, first);
	} else {
		remember(tree, &node->st, text_string(&entry->name));
	}
	if (entry->type == ARCHIVE_DIRECTORY)
		text_add_string(&entry->name, "/");
	if (entry->type == ARCHIVE_SYMLINK && add_target(node->fd, entry, err) < 0)
		return -1;
	if (entry->type != ARCHIVE_FILE)
		return archive_write_entry(tree->output_fd, entry, err);
	entry->size_bytes = (uint64_t)node->st.st_size;
	return write_file(tree, node->path, entry, err);
}

/* --- of a layer ------------------------------------------------------------------------------ */

static int write_mark(const struct tree *tree, const char *directory, const char *name,
		      struct error *err)
{
	struct archive_entry entry = {.type = ARCHIVE_FILE, .mode = 0600};
	int result;

	text_add_format(&entry.name, "%s%s%s", directory, *directory ? "/" : "", name);
	result = archive_write_entry(tree->output_fd, &entry, err);
	text_release(&entry.name);
	return result;
}

/* ".wh.NAME" beside the others: image-spec layer.md. */
static int write_whiteout(const struct tree *tree, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *directory = memory_format("%.*s", slash ? (int)(slash - path) : 0, path);
	AUTO_FREE char *name = memory_format(".wh.%s", slash ? slash + 1 : path);

	return write_mark(tree, directory, name, err);
}

static int write_opaque(const struct tree *tree, const char *path, struct error *err)
{
	AUTO_CLOSE int fd = open_at(tree, path, O_RDONLY | O_DIRECTORY);
	char value[2];

	if (fd < 0)
		return error_sys(err, "open directory '/%s'", path);
	if (fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)) != 1 || *value != 'y')
		return 0;
	return write_mark(tree, path, ".wh..wh..opq", err);
}

/* What is empty, and was made so that something can be mounted on it in every container. */
static bool is_place_to_mount(const struct tree *tree, const char *path, const struct stat *st)
{
	AUTO_FREE char *absolute = memory_format("/%s", path);
	AUTO_STRINGS struct strings names = {0};
	struct error ignored;

	if (!changes_is_place_to_mount(absolute, st))
		return false;
	return !S_ISDIR(st->st_mode) ||
	       (list(tree, path, &names, &ignored) == 0 && names.count == 0);
}

static void fill_entry(const struct stat *st, struct archive_entry *entry)
{
	entry->mode = st->st_mode & 07777;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	entry->mtime = st->st_mtim;
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		entry->major = major(st->st_rdev);
		entry->minor = minor(st->st_rdev);
	}
}

/* Returns 1 for a directory. */
static int write_path(struct tree *tree, const char *path, struct error *err)
{
	AUTO_CLOSE int fd = open_at(tree, path, O_PATH);
	struct archive_entry entry = {0};
	struct node node = {.path = path, .fd = fd};
	int result;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &node.st) < 0)
		return error_sys(err, "examine '/%s'", path);
	entry.type = (enum archive_type)type_of(&node.st);
	if (!entry.type || (tree->layer && is_place_to_mount(tree, path, &node.st)))
		return 0;
	if (tree->layer && S_ISCHR(node.st.st_mode) && node.st.st_rdev == 0)
		return write_whiteout(tree, path, err);
	fill_entry(&node.st, &entry);
	result = write_entry(tree, &node, &entry, err);
	text_release(&entry.name);
	text_release(&entry.target);
	if (result == 0 && tree->layer && S_ISDIR(node.st.st_mode))
		result = write_opaque(tree, path, err);
	return result < 0 ? -1 : S_ISDIR(node.st.st_mode);
}

static int write_directory(struct tree *tree, const char *path, struct error *err)
{
	AUTO_STRINGS struct strings names = {0};

	if (list(tree, path, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *child = *path ? memory_format("%s/%s", path, names.items[i])
					      : memory_string(names.items[i]);
		int result = write_path(tree, child, err);

		if (result < 0 || (result > 0 && write_directory(tree, child, err) < 0))
			return -1;
	}
	return 0;
}

int tree_archive_write(int root_fd, int output_fd, struct error *err)
{
	AUTO_TREE struct tree tree = {.root_fd = root_fd, .output_fd = output_fd};

	if (write_directory(&tree, "", err) < 0)
		return -1;
	return archive_write_end(output_fd, err);
}

int tree_archive_write_one(int dir_fd, const char *name, const char *as, int output_fd,
			   struct error *err)
{
	AUTO_TREE struct tree tree = {.root_fd = dir_fd,
				      .output_fd = output_fd,
				      .name = name,
				      .as = as};
	int result = write_path(&tree, name, err);

	if (result < 0 || (result > 0 && write_directory(&tree, name, err) < 0))
		return -1;
	return archive_write_end(output_fd, err);
}

int tree_archive_write_layer(int upper_fd, int output_fd, struct error *err)
{
	AUTO_TREE struct tree tree = {.root_fd = upper_fd, .output_fd = output_fd, .layer = true};

	if (write_directory(&tree, "", err) < 0)
		return -1;
	return archive_write_end(output_fd, err);
}
