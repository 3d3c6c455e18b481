/* The archive's side of a copy; see copy_archive.h. */
#include "copy_archive.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "file.h"
#include "layer_attributes.h"
#include "layer_tree.h"
#include "tree_archive.h"

int copy_archive_write(const struct place *from, int output_fd, struct error *err)
{
	return tree_archive_write_one(from->parent, from->name, from->contents ? "." : from->name,
				      output_fd, err);
}

/* --- reading ------------------------------------------------------------------------------------- */

struct input {
	int fd;
	uint64_t *total_bytes;
	unsigned char buffer[1 << 16];
};

static int next(void *context, const unsigned char **bytes, size_t *count, struct error *err)
{
	struct input *input = context;
	ssize_t got;

	do
		got = read(input->fd, input->buffer, sizeof(input->buffer));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_sys(err, "read the archive");
	*bytes = input->buffer;
	*count = (size_t)got;
	*input->total_bytes += (uint64_t)got;
	return 0;
}

static int write_data(struct archive *archive, int fd, const struct archive_entry *entry,
		      struct error *err)
{
	const unsigned char *bytes;
	size_t count;

	for (;;) {
		if (archive_data(archive, &bytes, &count, err) < 0)
			return -1;
		if (!count)
			return layer_attributes_set(fd, entry, err);
		if (file_write_all(fd, bytes, count, text_string(&entry->name), err) < 0)
			return -1;
	}
}

/* In a layer the last of two entries counts, whatever the first was; here a link like /lib would be
 * lost, or a directory. */
static int check_kind(struct layer_tree *tree, const char *path, bool directory, struct error *err)
{
	const char *name;
	int parent = layer_tree_parent(tree, path, &name, err);
	struct stat st;

	if (parent < 0)
		return -1;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode) == directory)
		return 0;
	if (directory)
		return error_set(err, ENOTDIR,
				 "cannot overwrite non-directory \"%s\" with directory", path);
	return error_set(err, EISDIR, "cannot overwrite directory \"%s\" with non-directory", path);
}

static int unpack_entry(struct layer_tree *tree, struct archive *archive,
			const struct archive_entry *entry, struct error *err)
{
	char path[LAYER_PATH_SIZE];
	AUTO_CLOSE int fd = -1;

	if (layer_path(text_string(&entry->name), path, err) < 0)
		return -1;
	/* The directory itself stays what it is. */
	if (!*path)
		return 0;
	if (check_kind(tree, path, entry->type == ARCHIVE_DIRECTORY, err) < 0)
		return -1;
	if (entry->type != ARCHIVE_FILE)
		return layer_tree_make(tree, path, entry, err);
	fd = layer_tree_make(tree, path, entry, err);
	return fd < 0 ? -1 : write_data(archive, fd, entry, err);
}

int copy_archive_read(int root_fd, int target_fd, int input_fd, uint64_t *bytes, struct error *err)
{
	struct input input = {.fd = input_fd, .total_bytes = bytes};
	AUTO_ARCHIVE struct archive archive = {.source = {next, &input}};
	AUTO_LAYER_TREE struct layer_tree tree = {.root_fd = target_fd, .follow = true};
	const struct archive_entry *entry;
	int more = 1, result = 0;

	/* What links lead to is the container's then, wherever they lead. */
	if (fchdir(root_fd) < 0 || chroot(".") < 0)
		return error_sys(err, "enter the container's root");
	umask(0);
	while (result == 0 && (more = archive_next(&archive, &entry, err)) > 0)
		if (unpack_entry(&tree, &archive, entry, err) < 0)
			result = error_wrap(err, "entry '%s'", text_string(&entry->name));
	if (result == 0 && more == 0)
		result = layer_tree_finish(&tree, err);
	return more < 0 ? -1 : result;
}
