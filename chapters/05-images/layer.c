/*
 * Unpacking a layer. layer_unpack is the straight line; unpack_entry decides what a name means:
 *
 *	.wh..wh..opq	the directory hides what lower layers have in it
 *	.wh..wh.NAME	a note of an old Docker to itself
 *	.wh.NAME	lower layers' NAME is removed
 *	others		are made (layer_tree.c)
 */
#include "layer.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "file.h"
#include "layer_attributes.h"
#include "layer_tree.h"
#include "text.h"
#include "trace.h"

/* Each entry may take an inode. The largest images have some hundred thousand. */
#define MOST_ENTRIES 2000000

#define WHITEOUT ".wh."
#define WHITEOUT_NOTE ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

static int write_data(struct archive *archive, int fd, const struct archive_entry *entry,
		      uint64_t *unpacked_bytes, struct error *err)
{
	const unsigned char *bytes;
	size_t count;

	for (;;) {
		if (archive_data(archive, &bytes, &count, err) < 0)
			return -1;
		if (!count)
			break;
		if (file_write_all(fd, bytes, count, text_string(&entry->name), err) < 0)
			return -1;
		*unpacked_bytes += count;
	}
	return layer_attributes_set(fd, entry, err);
}

static int hide(struct layer_tree *tree, char *path, struct error *err)
{
	const char *name;
	char *last;
	int parent = layer_tree_parent(tree, path, &name, err);

	if (parent < 0)
		return -1;
	if (strcmp(name, WHITEOUT_OPAQUE) == 0)
		return layer_attributes_make_opaque(parent, err);
	last = path + (name - path);
	name += strlen(WHITEOUT);
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(err, EINVAL, "it is a whiteout of nothing");
	memmove(last, name, strlen(name) + 1);
	return layer_tree_hide(tree, path, err);
}

enum meaning { MEANS_ITSELF, MEANS_WHITEOUT, MEANS_NOTHING, MEANS_NONSENSE };

static enum meaning meaning_of(const char *path)
{
	for (const char *part = path; *part; part += strspn(part, "/")) {
		size_t length = strcspn(part, "/");
		bool last = !part[length];

		if (!text_starts_with(part, WHITEOUT)) {
			part += length;
			continue;
		}
		if (last && strcmp(part, WHITEOUT_OPAQUE) == 0)
			return MEANS_WHITEOUT;
		if (text_starts_with(part, WHITEOUT_NOTE))
			return MEANS_NOTHING;
		return last ? MEANS_WHITEOUT : MEANS_NONSENSE;
	}
	return MEANS_ITSELF;
}

static int unpack_entry(struct layer_tree *tree, struct archive *archive,
			const struct archive_entry *entry, uint64_t *unpacked_bytes,
			struct error *err)
{
	char path[LAYER_PATH_SIZE];
	AUTO_CLOSE int fd = -1;

	if (layer_path(text_string(&entry->name), path, err) < 0)
		return -1;
	switch (meaning_of(path)) {
	/* Step 5.3: an order to hide, and no file. */
	case MEANS_WHITEOUT: return hide(tree, path, err);
	case MEANS_NOTHING: return 0;
	case MEANS_NONSENSE: return error_set(err, EINVAL, "it lies below a whiteout");
	case MEANS_ITSELF: break;
	}
	if (entry->type != ARCHIVE_FILE)
		return layer_tree_make(tree, path, entry, err);
	fd = layer_tree_make(tree, path, entry, err);
	if (fd < 0)
		return -1;
	return write_data(archive, fd, entry, unpacked_bytes, err);
}

static int unpack_entries(struct layer_tree *tree, struct archive *archive,
			  struct layer_result *result, struct error *err)
{
	const struct archive_entry *entry;
	int more;

	while ((more = archive_next(archive, &entry, err)) > 0) {
		if (++result->entries > MOST_ENTRIES)
			return error_set(err, E2BIG, "the layer has more than %d entries",
					 MOST_ENTRIES);
		if (unpack_entry(tree, archive, entry, &result->unpacked_bytes, err) < 0)
			return error_wrap(err, "entry '%s'", text_string(&entry->name));
	}
	if (more < 0)
		return -1;
	/* Step 5.4: modes and times of directories; a file that is made in one would change them. */
	if (layer_tree_finish(tree, err) < 0)
		return -1;
	return 0;
}

/* The digest of a layer is that of all its bytes; an archive may end before them. */
static int drain(const struct archive_source *source, struct error *err)
{
	const unsigned char *bytes;
	size_t count;

	do
		if (source->next(source->context, &bytes, &count, err) < 0)
			return -1;
	while (count);
	return 0;
}

static int unpack_archive(const struct archive_source *source, int directory_fd,
			  struct layer_result *result, struct error *err)
{
	AUTO_ARCHIVE struct archive archive = {.source = *source};
	AUTO_LAYER_TREE struct layer_tree tree = {.root_fd = directory_fd};

	if (unpack_entries(&tree, &archive, result, err) < 0)
		return -1;
	return drain(source, err);
}

int layer_unpack(const struct archive_source *source, int directory_fd, struct layer_result *result,
		 struct error *err)
{
	struct layer_result unpacked = {0};
	mode_t old_mask;
	int failed;

	trace("tar --extract --xattrs --same-owner --same-permissions --numeric-owner");
	/* Modes are exactly the archive's. */
	old_mask = umask(0);
	failed = unpack_archive(source, directory_fd, &unpacked, err);
	umask(old_mask);
	if (failed)
		return -1;
	*result = unpacked;
	return 0;
}
