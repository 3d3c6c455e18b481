/* Checking the image store; see store_check.h. */
#include "store_check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "manifest.h"
#include "path.h"
#include "store.h"
#include "store_write.h"

__attribute__((format(printf, 2, 3))) static void find(struct store_check *check,
						       const char *format, ...)
{
	struct error line; /* its text has no control characters */
	va_list args;
	char text[sizeof(line.text)];

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	error_set(&line, EIO, "%s", text);
	strings_add(&check->findings, line.text);
}

/* Calls `examine` with each name in a directory of the store. */
static int for_each(const char *root, const char *dir_name, struct store_check *check,
		    int (*examine)(const char *root, const char *name, struct store_check *check,
				   struct error *err),
		    struct error *err)
{
	AUTO_FREE char *path = path_join(root, dir_name);
	AUTO_CLOSE_DIR DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return error_sys(err, "read directory '%s'", path);
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    examine(root, entry->d_name, check, err) < 0)
			return -1;
	return 0;
}

static int examine_blob(const char *root, const char *name, struct store_check *check,
			struct error *err)
{
	AUTO_FREE char *claimed = memory_format("sha256:%s", name);
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	struct digested blob;

	if (!reference_is_digest(claimed)) {
		find(check, "blobs/sha256/%s: its name is not a digest", name);
		return 0;
	}
	path = store_blob_path(root, claimed);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "open '%s'", path);
	if (digest_copy(fd, NULL, 0, &blob, err) < 0)
		return -1;
	check->blobs++;
	if (strcmp(blob.text, claimed) != 0)
		find(check, "blobs/sha256/%s: it holds %llu bytes of another digest, %s", name,
		     (unsigned long long)blob.bytes, blob.text);
	return 0;
}

/* Each layer is a directory and the file beside it that tells its size. */
static int examine_layer(const char *root, const char *name, struct store_check *check,
			 struct error *err)
{
	AUTO_FREE char *diff_id = memory_format("sha256:%.64s", name);
	bool is_size = strlen(name) > 64 && strcmp(name + 64, ".size") == 0;

	(void)err;
	if (!reference_is_digest(diff_id) || (strlen(name) > 64 && !is_size)) {
		find(check, "layers/%s: its name is not a digest", name);
		return 0;
	}
	check->layers += !is_size;
	/* A removal that was killed may leave the size alone, which hurts nobody. */
	if (!is_size && !store_has_layer(root, diff_id))
		find(check, "layers/%s: its size is missing", name);
	return 0;
}

static void need_blob(const char *root, const char *name, const char *what, const char *digest,
		      struct store_check *check)
{
	if (!store_has_blob(root, digest))
		find(check, "%s: its %s is missing: %s", name, what, digest);
}

static void examine_image(const char *root, const struct stored_reference *stored,
			  struct store_check *check)
{
	AUTO_FREE char *name = reference_familiar_text(&stored->reference);
	AUTO_MANIFEST struct manifest manifest = {0};
	AUTO_IMAGE struct image image = {0};
	struct error why;

	if (stored->damage) {
		find(check, "%s: %s", name, stored->damage);
		return;
	}
	need_blob(root, name, "index or manifest", stored->digest, check);
	if (store_manifest(root, stored->manifest_digest, &manifest, &why) < 0) {
		find(check, "%s: %s", name, why.text);
		return;
	}
	for (size_t i = 0; i < manifest.count; i++)
		need_blob(root, name, "layer", manifest.items[i].digest, check);
	/* Its config, and that each of its layers is unpacked. */
	if (store_load(root, stored, &image, &why) < 0)
		find(check, "%s", why.text);
	else if (image.config.diff_ids.count != manifest.count)
		find(check, "%s: its manifest has %zu layers, and its config %zu", name,
		     manifest.count, image.config.diff_ids.count);
}

static int examine_references(const char *root, struct store_check *check, struct error *err)
{
	AUTO_STORED_REFERENCES struct stored_references list = {0};

	if (store_references(root, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++)
		examine_image(root, &list.items[i], check);
	check->references = list.count;
	return 0;
}

int store_check(const char *root, struct store_check *check, struct error *err)
{
	if (for_each(root, "blobs/sha256", check, examine_blob, err) < 0 ||
	    for_each(root, "layers", check, examine_layer, err) < 0)
		return -1;
	return examine_references(root, check, err);
}

void store_check_release(struct store_check *check)
{
	strings_release(&check->findings);
}
