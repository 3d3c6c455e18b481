/* Copying trees; see tree_copy.h. Read copy_node first. */
#include "tree_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "file.h"
#include "overlay.h"
#include "path.h"

/* Of a tar archive: a header takes one, and data whole ones. */
#define ARCHIVE_BLOCK 512

struct tree_link {
	dev_t device;
	ino_t inode;
	char *path;
};

/* One object on its way. */
struct node {
	int from_fd, to_fd;
	const char *from, *to;
	struct stat st;
};

static int copy_node(struct tree_copy *copy, struct node *node, struct error *err);

/* --- attributes ---------------------------------------------------------------------------------- */

static int copy_xattr(int from, int to, const char *name, struct error *err)
{
	AUTO_FREE char *value = NULL;
	ssize_t length = fgetxattr(from, name, NULL, 0);

	if (length < 0)
		return 0; /* gone since it was listed */
	value = memory_zeroed((size_t)length + 1, 1);
	length = fgetxattr(from, name, value, (size_t)length);
	if (length < 0)
		return 0;
	if (fsetxattr(to, name, value, (size_t)length, 0) < 0 && errno != ENOTSUP && errno != EPERM)
		return error_sys(err, "set the attribute '%s'", name);
	return 0;
}

static int copy_xattrs(int from, int to, bool capabilities, struct error *err)
{
	ssize_t length = flistxattr(from, NULL, 0);
	AUTO_FREE char *names = length > 0 ? memory_zeroed((size_t)length + 1, 1) : NULL;

	if (!names)
		return 0;
	length = flistxattr(from, names, (size_t)length);
	for (char *name = names; name < names + length; name += strlen(name) + 1) {
		if (overlay_owns_attribute(name) ||
		    (!capabilities && strcmp(name, "security.capability") == 0))
			continue;
		if (copy_xattr(from, to, name, err) < 0)
			return -1;
	}
	return 0;
}

static uid_t owner_of(const struct tree_copy *copy, const struct stat *st)
{
	return copy->owner == TREE_OWNER_CHANGED ? copy->uid : st->st_uid;
}

static gid_t group_of(const struct tree_copy *copy, const struct stat *st)
{
	return copy->owner == TREE_OWNER_CHANGED ? copy->gid : st->st_gid;
}

static int set_owner(const struct tree_copy *copy, struct tree_name at, const struct stat *st,
		     struct error *err)
{
	int flags = AT_SYMLINK_NOFOLLOW | (*at.name ? 0 : AT_EMPTY_PATH);

	if (copy->owner == TREE_OWNER_COPIER ||
	    fchownat(at.fd, at.name, owner_of(copy, st), group_of(copy, st), flags) == 0)
		return 0;
	return error_sys(err, "set the owner");
}

/* In this order: chown takes setuid bits and capabilities away, and all else changes the times. */
static int copy_attributes(const struct tree_copy *copy, int from, int to, const struct stat *st,
			   struct error *err)
{
	const struct timespec times[] = {st->st_atim, st->st_mtim};
	struct stat now;
	bool other;

	if (set_owner(copy, (struct tree_name){to, ""}, st, err) < 0)
		return -1;
	if (fstat(to, &now) < 0)
		return error_sys(err, "look at the copy");
	/* Such a program would become what nobody has said it may be: root's. */
	other = !S_ISDIR(st->st_mode) && (now.st_uid != st->st_uid || now.st_gid != st->st_gid);
	if (fchmod(to, st->st_mode & (other ? 01777 : 07777)) < 0)
		return error_sys(err, "set the mode");
	if (copy_xattrs(from, to, !other, err) < 0)
		return -1;
	if (futimens(to, times) < 0)
		return error_sys(err, "set the times");
	return 0;
}

/* --- one of each kind ---------------------------------------------------------------------------- */

/* Takes away what is in the way, unless it is a directory. Returns 1 if there is room now. */
static int make_room(const struct node *node, struct error *err)
{
	if (unlinkat(node->to_fd, node->to, 0) == 0 || errno == ENOENT)
		return 1;
	if (errno == EISDIR)
		return error_set(err, EISDIR,
				 "cannot overwrite directory \"%s\" with non-directory", node->to);
	return error_sys(err, "replace '%s'", node->to);
}

/* Copies `length` bytes from where both descriptors are. Returns 1 if the file ended before. */
static int copy_bytes(struct tree_name from, int to, off_t length, struct error *err)
{
	char buffer[1 << 16];

	while (length > 0) {
		size_t wanted = (size_t)MIN(length, (off_t)sizeof(buffer));
		ssize_t count = read(from.fd, buffer, wanted);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return error_sys(err, "read '%s'", from.name);
		if (count == 0)
			return 1;
		if (file_write_all(to, buffer, (size_t)count, from.name, err) < 0)
			return -1;
		length -= count;
	}
	return 0;
}

/* A hole stays a hole: lseek(2), SEEK_HOLE. */
static int copy_data(struct tree_name from, int to, off_t size, struct error *err)
{
	off_t data = 0, hole = 0;
	int ended;

	/* As files of /proc are: how long they are shows when they are read. */
	if (size == 0)
		return copy_bytes(from, to, INT64_MAX, err) < 0 ? -1 : 0;
	while (hole < size && (data = lseek(from.fd, hole, SEEK_DATA)) >= 0) {
		hole = lseek(from.fd, data, SEEK_HOLE);
		if (hole < 0 || lseek(from.fd, data, SEEK_SET) < 0 || lseek(to, data, SEEK_SET) < 0)
			return error_sys(err, "look for data in '%s'", from.name);
		ended = copy_bytes(from, to, MIN(hole, size) - data, err);
		/* It has become shorter, or, as files of /sys, never had what its size says. */
		if (ended)
			return ended < 0 ? -1 : 0;
	}
	/* ENXIO: there is only a hole from there on. */
	if (data < 0 && errno != ENXIO)
		return error_sys(err, "look for data in '%s'", from.name);
	if (ftruncate(to, size) < 0)
		return error_sys(err, "set the size of '%s'", from.name);
	return 0;
}

/* Opens the source; what it is now counts, if somebody has just put another in its place. */
static int open_source(struct node *node, int flags, mode_t kind, struct error *err)
{
	AUTO_CLOSE int fd = openat(node->from_fd, node->from,
				   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags);

	if (fd < 0 || fstat(fd, &node->st) < 0)
		return error_sys(err, "open '%s'", node->from);
	if ((node->st.st_mode & S_IFMT) != kind)
		return error_set(err, EAGAIN, "'%s' changed while it was copied", node->from);
	return take_fd(&fd);
}

static int copy_file(struct tree_copy *copy, struct node *node, struct error *err)
{
	AUTO_CLOSE int from = open_source(node, 0, S_IFREG, err), to = -1;

	if (from < 0 || make_room(node, err) < 0)
		return -1;
	to = openat(node->to_fd, node->to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (to < 0)
		return error_sys(err, "make file '%s'", node->to);
	if (copy_data((struct tree_name){from, node->from}, to, node->st.st_size, err) < 0)
		return -1;
	copy->archive_bytes += roundup((uint64_t)node->st.st_size, ARCHIVE_BLOCK);
	return copy_attributes(copy, from, to, &node->st, err);
}

static int copy_symlink(struct tree_copy *copy, const struct node *node, struct error *err)
{
	const struct timespec times[] = {node->st.st_atim, node->st.st_mtim};
	char target[4096];
	ssize_t length = readlinkat(node->from_fd, node->from, target, sizeof(target) - 1);

	if (length < 0)
		return error_sys(err, "read the link '%s'", node->from);
	target[length] = '\0';
	if (make_room(node, err) < 0)
		return -1;
	if (symlinkat(target, node->to_fd, node->to) < 0)
		return error_sys(err, "make the link '%s'", node->to);
	if (set_owner(copy, (struct tree_name){node->to_fd, node->to}, &node->st, err) < 0)
		return -1;
	if (utimensat(node->to_fd, node->to, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, "set the times of the link '%s'", node->to);
	return 0;
}

/* Devices, fifos and sockets. */
static int copy_special(struct tree_copy *copy, const struct node *node, struct error *err)
{
	const struct timespec times[] = {node->st.st_atim, node->st.st_mtim};
	char path[40];
	AUTO_CLOSE int fd = -1;

	if (make_room(node, err) < 0)
		return -1;
	if (mknodat(node->to_fd, node->to, node->st.st_mode, node->st.st_rdev) < 0)
		return error_sys(err, "make '%s'", node->to);
	if (set_owner(copy, (struct tree_name){node->to_fd, node->to}, &node->st, err) < 0)
		return -1;
	/* The umask may have changed its mode, and there is no lchmod. */
	fd = openat(node->to_fd, node->to, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || chmod(path, node->st.st_mode & 07777) < 0 ||
	    utimensat(node->to_fd, node->to, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, "set the mode of '%s'", node->to);
	return 0;
}

static int copy_entries(struct tree_copy *copy, int from, int to, struct error *err)
{
	AUTO_CLOSE_DIR DIR *dir = fdopendir(dup(from));
	size_t length = copy->path.length;
	struct dirent *entry;

	if (!dir)
		return error_sys(err, "read a directory");
	rewinddir(dir);
	while ((entry = readdir(dir))) {
		struct node node = {from, to, entry->d_name, entry->d_name, {0}};

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		text_add_format(&copy->path, "/%s", entry->d_name);
		if (copy_node(copy, &node, err) < 0)
			return -1;
		copy->path.length = length;
		copy->path.data[length] = '\0';
	}
	return 0;
}

static int copy_directory(struct tree_copy *copy, struct node *node, struct error *err)
{
	AUTO_CLOSE int from = open_source(node, O_DIRECTORY, S_IFDIR, err), to = -1;

	if (from < 0)
		return -1;
	if (mkdirat(node->to_fd, node->to, 0700) < 0 && errno != EEXIST)
		return error_sys(err, "make directory '%s'", node->to);
	to = openat(node->to_fd, node->to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0 && (errno == ENOTDIR || errno == ELOOP))
		return error_set(err, ENOTDIR,
				 "cannot overwrite non-directory \"%s\" with directory", node->to);
	if (to < 0)
		return error_sys(err, "open directory '%s'", node->to);
	if (copy_entries(copy, from, to, err) < 0)
		return -1;
	return copy_attributes(copy, from, to, &node->st, err);
}

/* --- hard links ---------------------------------------------------------------------------------- */

static const struct tree_link *find_link(const struct tree_copy *copy, const struct stat *st)
{
	for (size_t i = 0; i < copy->link_count; i++)
		if (copy->links[i].inode == st->st_ino && copy->links[i].device == st->st_dev)
			return &copy->links[i];
	return NULL;
}

static void remember_link(struct tree_copy *copy, const struct stat *st)
{
	copy->links = memory_resized(copy->links, copy->link_count + 1, sizeof(*copy->links));
	copy->links[copy->link_count++] =
		(struct tree_link){st->st_dev, st->st_ino, memory_string(text_string(&copy->path))};
}

static int make_link(const struct tree_copy *copy, const struct tree_link *link,
		     const struct node *node, struct error *err)
{
	AUTO_FREE char *dir_path = memory_string(link->path);
	char *slash = strrchr(dir_path, '/');
	AUTO_CLOSE int dir = -1;

	if (slash)
		*slash = '\0';
	dir = path_open_in_root(copy->top, slash && *dir_path ? dir_path : "/",
				O_PATH | O_DIRECTORY, 0, err);
	if (dir < 0 || make_room(node, err) < 0)
		return -1;
	if (linkat(dir, slash ? slash + 1 : link->path, node->to_fd, node->to, 0) < 0)
		return error_sys(err, "make a hard link '%s'", node->to);
	return 0;
}

static int copy_or_link(struct tree_copy *copy, struct node *node, struct error *err)
{
	const struct tree_link *link = node->st.st_nlink > 1 ? find_link(copy, &node->st) : NULL;

	if (link)
		return make_link(copy, link, node, err);
	if (node->st.st_nlink > 1)
		remember_link(copy, &node->st);
	return S_ISREG(node->st.st_mode) ? copy_file(copy, node, err)
					 : copy_special(copy, node, err);
}

static int copy_node(struct tree_copy *copy, struct node *node, struct error *err)
{
	if (fstatat(node->from_fd, node->from, &node->st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, "look at '%s'", node->from);
	copy->archive_bytes += ARCHIVE_BLOCK;
	if (S_ISDIR(node->st.st_mode))
		return copy_directory(copy, node, err);
	if (S_ISLNK(node->st.st_mode))
		return copy_symlink(copy, node, err);
	return copy_or_link(copy, node, err);
}

/* --- exported ------------------------------------------------------------------------------------ */

int tree_copy(struct tree_copy *copy, struct tree_name from, struct tree_name to, struct error *err)
{
	struct node node = {from.fd, to.fd, from.name, to.name, {0}};

	copy->top = to.fd;
	text_release(&copy->path);
	text_add_string(&copy->path, to.name);
	if (copy_node(copy, &node, err) < 0)
		return error_wrap(err, "copy to '%s'", text_string(&copy->path));
	return 0;
}

int tree_copy_contents(struct tree_copy *copy, int from_fd, int to_fd, struct error *err)
{
	struct stat st;

	copy->top = to_fd;
	text_release(&copy->path);
	if (fstat(from_fd, &st) < 0)
		return error_sys(err, "look at a directory");
	copy->archive_bytes += ARCHIVE_BLOCK;
	if (copy_entries(copy, from_fd, to_fd, err) < 0)
		return error_wrap(err, "copy to '%s'", text_string(&copy->path));
	return copy->keep_top ? 0 : copy_attributes(copy, from_fd, to_fd, &st, err);
}

void tree_copy_release(struct tree_copy *copy)
{
	for (size_t i = 0; i < copy->link_count; i++)
		free(copy->links[i].path);
	cleanup_memory(&copy->links);
	text_release(&copy->path);
	*copy = (struct tree_copy){0};
}

int tree_is_empty(int dir_fd, struct error *err)
{
	AUTO_CLOSE_DIR DIR *dir =
		fdopendir(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;

	if (!dir)
		return error_sys(err, "read a directory");
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return 0;
	return 1;
}

uint64_t tree_size(const char *path)
{
	char *const paths[] = {(char *)path, NULL};
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	uint64_t bytes = 0;
	FTSENT *entry;

	if (!tree)
		return 0;
	while ((entry = fts_read(tree)))
		/* Of a file with several names, each counts for its part. */
		if (entry->fts_info == FTS_F)
			bytes += (uint64_t)entry->fts_statp->st_size /
				 (entry->fts_statp->st_nlink ? entry->fts_statp->st_nlink : 1);
	fts_close(tree);
	return bytes;
}
