/* Reading the image store; see store.h. Whatever is present is correct, so nothing is hashed. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "manifest.h"
#include "path.h"

/* Two digests, each with a newline. */
#define MOST_REFERENCE_BYTES 1000

static const char *hex_of(const char *digest)
{
	return digest + strlen("sha256:");
}

/* A name that is there without what it names: somebody else has changed the store. */
static int damaged(const char *what, struct error *err)
{
	/* It is not the store that lacks these. */
	if (err->code == EMFILE || err->code == ENFILE || err->code == ENOMEM)
		return -1;
	error_wrap(err, "the image store is damaged: %s", what);
	err->code = EIO;
	return -1;
}

/* --- references ---------------------------------------------------------------------------- */

static void stored_reference_release(struct stored_reference *stored)
{
	reference_release(&stored->reference);
	cleanup_memory(&stored->digest);
	cleanup_memory(&stored->manifest_digest);
	cleanup_memory(&stored->id);
	cleanup_memory(&stored->damage);
}

/* "sha256:…\nsha256:…\n" */
static int split_lines(char *text, struct stored_reference *stored, struct error *err)
{
	char *save = NULL;
	char *digest = strtok_r(text, "\n", &save);
	char *manifest_digest = strtok_r(NULL, "\n", &save);

	if (!digest || !manifest_digest || !reference_is_digest(digest) ||
	    !reference_is_digest(manifest_digest))
		return error_set(err, EIO, "a reference does not hold two digests");
	stored->digest = memory_string(digest);
	stored->manifest_digest = memory_string(manifest_digest);
	return 0;
}

static int read_id(const char *root, const char *manifest_digest, char **id, struct error *err)
{
	AUTO_MANIFEST struct manifest manifest = {0};

	if (store_manifest(root, manifest_digest, &manifest, err) < 0)
		return -1;
	*id = memory_string(manifest.config.digest);
	return 0;
}

static int read_reference(const char *path, struct stored_reference *stored, struct error *err)
{
	AUTO_TEXT struct text text = {0};

	if (file_read(AT_FDCWD, path, MOST_REFERENCE_BYTES, &text, err) < 0)
		return err->code == EFBIG ? damaged(path, err) : -1;
	if (split_lines(text.data, stored, err) < 0)
		return damaged(path, err);
	return 0;
}

/* "docker.io/library/alpine/:latest" to "docker.io/library/alpine:latest", and back to its parts.
 * Returns false for a file that is no reference. */
static bool parse_file_name(const char *relative, struct reference *reference)
{
	AUTO_FREE char *name = memory_string(relative);
	char *slash = strrchr(name, '/');
	struct error ignored;

	if (!slash || (slash[1] != ':' && slash[1] != '@'))
		return false;
	memmove(slash, slash + 1, strlen(slash));
	return reference_parse(name, reference, &ignored) == 0;
}

static int add_reference(const char *root, const char *path, const char *relative,
			 struct stored_references *list, struct error *err)
{
	struct stored_reference stored = {0};
	struct error ignored;

	if (!parse_file_name(relative, &stored.reference))
		return 0;
	if (read_reference(path, &stored, err) < 0) {
		/* Removed a moment ago. */
		if (err->code != EIO) {
			stored_reference_release(&stored);
			return err->code == ENOENT ? 0 : -1;
		}
		stored.digest = memory_string("");
		stored.manifest_digest = memory_string("");
		stored.damage = memory_string(err->text);
	}
	/* An image that is damaged can still be chosen by its name, so that it can be removed. */
	if (!stored.damage)
		read_id(root, stored.manifest_digest, &stored.id, &ignored);
	list->items = memory_resized(list->items, list->count + 1, sizeof(stored));
	list->items[list->count++] = stored;
	return 0;
}

static int walk(FTS *fts, const char *root, size_t prefix, struct stored_references *list,
		struct error *err)
{
	FTSENT *at;

	while ((at = fts_read(fts)))
		if (at->fts_info == FTS_F &&
		    add_reference(root, at->fts_path, at->fts_path + prefix, list, err) < 0)
			return -1;
	return 0;
}

char *store_blob_path(const char *root, const char *digest)
{
	return memory_format("%s/blobs/sha256/%s", root, hex_of(digest));
}

char *store_layer_path(const char *root, const char *diff_id)
{
	return memory_format("%s/layers/%s", root, hex_of(diff_id));
}

char *store_reference_path(const char *root, const struct reference *reference)
{
	return memory_format("%s/refs/%s/%s/%c%s", root, reference->domain, reference->path,
			     reference->digest ? '@' : ':',
			     reference->digest ? reference->digest : reference->tag);
}

int store_references(const char *root, struct stored_references *list, struct error *err)
{
	AUTO_FREE char *refs = path_join(root, "refs");
	AUTO_STORED_REFERENCES struct stored_references found = {0};
	char *const paths[] = {refs, NULL};
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int result;

	if (!fts)
		return error_sys(err, "list '%s'", refs);
	result = walk(fts, root, strlen(refs) + 1, &found, err);
	fts_close(fts);
	if (result < 0)
		return -1;
	*list = found;
	found = (struct stored_references){0};
	return 0;
}

void stored_references_release(struct stored_references *list)
{
	for (size_t i = 0; i < list->count; i++)
		stored_reference_release(&list->items[i]);
	free(list->items);
	*list = (struct stored_references){0};
}

/* --- which image is meant ------------------------------------------------------------------ */

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool is_named(const struct stored_reference *stored, const struct reference *reference)
{
	if (!same(stored->reference.domain, reference->domain) ||
	    !same(stored->reference.path, reference->path))
		return false;
	if (!reference->digest)
		return same(stored->reference.tag, reference->tag);
	return same(stored->reference.digest, reference->digest) ||
	       same(stored->digest, reference->digest) ||
	       same(stored->manifest_digest, reference->digest);
}

/* By a digest several may be named: all are the same image. */
static size_t choose_by_name(const struct stored_references *list,
			     const struct reference *reference, size_t *chosen)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		if (is_named(&list->items[i], reference))
			chosen[count++] = i;
	return count;
}

/* -1 if several images' ids begin so. */
static int choose_by_id(const struct stored_references *list, const char *hex, size_t *chosen)
{
	int count = 0;

	if (!*hex || hex[strspn(hex, "0123456789abcdef")])
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		const char *id = list->items[i].id;

		if (!id || !text_starts_with(hex_of(id), hex))
			continue;
		if (count && !same(id, list->items[chosen[0]].id))
			return -1;
		chosen[count++] = i;
	}
	return count;
}

int store_choose(const struct stored_references *list, const char *name, size_t *chosen,
		 bool *by_id, struct error *err)
{
	AUTO_REFERENCE struct reference reference = {0};
	const char *hex = text_starts_with(name, "sha256:") ? hex_of(name) : name;
	bool is_reference = reference_parse(name, &reference, err) == 0;
	int count = 0;

	*by_id = false;
	if (is_reference)
		count = (int)choose_by_name(list, &reference, chosen);
	if (count)
		return count;
	*by_id = true;
	count = choose_by_id(list, hex, chosen);
	if (count < 0)
		return error_set(err, ENOENT, "No such image: %s (several ids begin so)", name);
	/* What can't be a reference may still have been meant as an id. */
	if (!count && (is_reference || hex != name || strlen(hex) == 64))
		return error_set(err, ENOENT, "No such image: %s", name);
	return count ? count : -1;
}

/* --- images -------------------------------------------------------------------------------- */

static int read_blob(const char *root, const char *digest, struct text *text, struct error *err)
{
	AUTO_FREE char *path = store_blob_path(root, digest);

	if (file_read(AT_FDCWD, path, MANIFEST_BYTES_MAX, text, err) < 0)
		return damaged(digest, err);
	return 0;
}

int store_manifest(const char *root, const char *digest, struct manifest *manifest,
		   struct error *err)
{
	AUTO_TEXT struct text text = {0};

	if (read_blob(root, digest, &text, err) < 0)
		return -1;
	if (manifest_parse(text.data, text.length, NULL, manifest, err) < 0)
		return damaged(digest, err);
	if (!manifest->is_index)
		return 0;
	manifest_release(manifest);
	error_set(err, EIO, "an index is not the manifest of an image");
	return damaged(digest, err);
}

static int read_config(const char *root, const char *digest, struct image_config *config,
		       struct error *err)
{
	AUTO_TEXT struct text text = {0};

	if (read_blob(root, digest, &text, err) < 0)
		return -1;
	if (image_config_parse(text.data, text.length, config, err) < 0)
		return damaged(digest, err);
	return 0;
}

int store_layer_size(const char *root, const char *diff_id, uint64_t *bytes, struct error *err)
{
	AUTO_FREE char *path = store_layer_path(root, diff_id);
	AUTO_FREE char *size_path = memory_format("%s.size", path);
	AUTO_TEXT struct text text = {0};

	if (file_read(AT_FDCWD, size_path, 32, &text, err) < 0 ||
	    text_to_number(text.data, UINT64_MAX, bytes, err) < 0)
		return damaged(size_path, err);
	return 0;
}

static int add_layer(const char *root, const char *diff_id, struct image *image, struct error *err)
{
	AUTO_FREE char *path = NULL;
	uint64_t bytes;

	if (!reference_is_digest(diff_id)) {
		error_set(err, EIO, "not a digest");
		return damaged(diff_id, err);
	}
	path = store_layer_path(root, diff_id);
	if (access(path, F_OK) < 0) {
		error_sys(err, "find layer '%s'", path);
		return damaged(diff_id, err);
	}
	if (store_layer_size(root, diff_id, &bytes, err) < 0)
		return -1;
	strings_add(&image->layers, path);
	image->size_bytes += bytes;
	return 0;
}

/* overlayfs takes a directory only once. What a layer says that comes again, that one says above. */
static bool comes_again(const struct strings *diff_ids, size_t index)
{
	for (size_t i = index + 1; i < diff_ids->count; i++)
		if (strcmp(diff_ids->items[i], diff_ids->items[index]) == 0)
			return true;
	return false;
}

static int load_parts(const char *root, struct image *image, struct error *err)
{
	AUTO_MANIFEST struct manifest manifest = {0};

	if (store_manifest(root, image->manifest_digest, &manifest, err) < 0)
		return -1;
	image->id = memory_string(manifest.config.digest);
	if (read_config(root, image->id, &image->config, err) < 0)
		return -1;
	for (size_t i = 0; i < image->config.diff_ids.count; i++)
		if (!comes_again(&image->config.diff_ids, i) &&
		    add_layer(root, image->config.diff_ids.items[i], image, err) < 0)
			return -1;
	return 0;
}

int store_load(const char *root, const struct stored_reference *stored, struct image *image,
	       struct error *err)
{
	AUTO_IMAGE struct image loaded = {
		.name = reference_familiar_text(&stored->reference),
		.manifest_digest = memory_string(stored->manifest_digest),
		.digest = memory_string(stored->digest),
	};

	if (stored->damage ? error_set(err, EIO, "%s", stored->damage)
			   : load_parts(root, &loaded, err))
		return error_wrap(err, "image '%s'", loaded.name);
	*image = loaded;
	loaded = (struct image){0};
	return 0;
}

int store_prepare(const char *root, struct error *err)
{
	static const char *const directories[] = {"blobs/sha256", "refs", "layers", "staging"};

	for (size_t i = 0; i < ARRAY_LENGTH(directories); i++) {
		AUTO_FREE char *path = path_join(root, directories[i]);

		if (access(path, F_OK) == 0)
			continue;
		if (path_make_dirs(path, 0700, err) < 0)
			return error_wrap(err, "prepare the image store '%s'", root);
	}
	return 0;
}

/* A reference names its file: no need to read them all. */
static int find_by_tag(const char *root, const char *name, struct image *image, struct error *err)
{
	struct stored_reference stored = {0};
	AUTO_FREE char *path = NULL;
	int result = reference_parse(name, &stored.reference, err);

	if (result == 0) {
		path = store_reference_path(root, &stored.reference);
		result = read_reference(path, &stored, err);
	}
	if (result == 0)
		result = store_load(root, &stored, image, err);
	stored_reference_release(&stored);
	return result;
}

static int find_by_all(const char *root, const char *name, struct image *image, struct error *err)
{
	AUTO_STORED_REFERENCES struct stored_references list = {0};
	AUTO_FREE size_t *chosen = NULL;
	bool by_id;

	if (store_references(root, &list, err) < 0)
		return -1;
	if (!list.count)
		return error_set(err, ENOENT, "No such image: %s", name);
	chosen = memory_zeroed(list.count, sizeof(*chosen));
	if (store_choose(&list, name, chosen, &by_id, err) < 0)
		return -1;
	return store_load(root, &list.items[chosen[0]], image, err);
}

int store_find(const char *root, const char *name, struct image *image, struct error *err)
{
	if (find_by_tag(root, name, image, err) == 0)
		return 0;
	return err->code == EIO ? -1 : find_by_all(root, name, image, err);
}

/* RFC 3339 in UTC sorts as text. */
static int newest_first(const void *a, const void *b)
{
	const struct image *first = a, *second = b;
	int order = strcmp(second->config.created, first->config.created);

	return order ? order : strcmp(first->name, second->name);
}

/* Returns how many could be loaded. What was removed since it was listed is not damaged. */
static int load_all(const char *root, const struct stored_references *list, struct image *loaded,
		    struct strings *damaged, struct error *err)
{
	int done = 0;

	for (size_t i = 0; i < list->count; i++) {
		AUTO_FREE char *path = store_reference_path(root, &list->items[i].reference);

		if (store_load(root, &list->items[i], &loaded[done], err) == 0) {
			done++;
		} else if (err->code != EIO) {
			while (done)
				image_release(&loaded[--done]);
			return -1;
		} else if (damaged && access(path, F_OK) == 0) {
			strings_add(damaged, err->text);
		}
	}
	return done;
}

int store_list(const char *root, struct image **images, size_t *count, struct strings *damaged,
	       struct error *err)
{
	AUTO_STORED_REFERENCES struct stored_references list = {0};
	AUTO_FREE struct image *loaded = NULL;
	int done;

	if (store_references(root, &list, err) < 0)
		return -1;
	loaded = memory_zeroed(list.count + 1, sizeof(*loaded));
	done = load_all(root, &list, loaded, damaged, err);
	if (done < 0)
		return -1;
	qsort(loaded, (size_t)done, sizeof(*loaded), newest_first);
	*images = take_ptr(&loaded);
	*count = (size_t)done;
	return 0;
}

void image_release(struct image *image)
{
	cleanup_memory(&image->name);
	cleanup_memory(&image->id);
	cleanup_memory(&image->manifest_digest);
	cleanup_memory(&image->digest);
	image_config_release(&image->config);
	strings_release(&image->layers);
	image->size_bytes = 0;
}
