/*
 * docker load; see image_load.h. The archive is unpacked into a directory in staging, as if it were a
 * layer: so its tar is parsed where a layer's is. What is read from there is a stranger's still.
 */
#include "image_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "image_config.h"
#include "image_write.h"
#include "json.h"
#include "layer.h"
#include "manifest.h"
#include "path.h"
#include "store_write.h"

/* An index may list another index; that one no third. */
#define INDEX_DEPTH_MAX 3

struct load {
	const struct load_request *request;
	struct platform platform;
	int directory_fd; /* the archive, unpacked */
	struct strings *loaded;
};

/* One image on its way into the store. */
struct candidate {
	struct text manifest, config;
	struct staged_layers layers;
	struct strings names; /* empty: it has none */
	char digest[DIGEST_SIZE], manifest_digest[DIGEST_SIZE];
};

static void candidate_release(struct candidate *candidate)
{
	text_release(&candidate->manifest);
	text_release(&candidate->config);
	staged_layers_release(&candidate->layers);
	strings_release(&candidate->names);
}
#define AUTO_CANDIDATE CLEANUP(candidate_release)

/* --- files of the archive --------------------------------------------------------------------- */

/* Links stay inside the directory. Only a regular file is opened: to open a device can be an act, and
 * a fifo waits. */
static int open_file(const struct load *load, const char *path, struct error *err)
{
	AUTO_CLOSE int found = path_open_in_root(load->directory_fd, path, O_PATH, 0, err);
	AUTO_FREE char *self = memory_format("/proc/self/fd/%d", found);
	struct stat st;
	int fd;

	if (found < 0)
		return -1;
	if (fstat(found, &st) < 0 || !S_ISREG(st.st_mode))
		return error_set(err, EINVAL, "'%s' is not a regular file", path);
	fd = open(self, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_sys(err, "open '%s'", path) : fd;
}

static int read_file(const struct load *load, const char *path, struct text *text,
		     struct error *err)
{
	AUTO_CLOSE int fd = open_file(load, path, err);

	return fd < 0 ? -1 : file_read_fd(fd, path, MANIFEST_BYTES_MAX, text, err);
}

static char *blob_path(const char *digest)
{
	return memory_format("blobs/sha256/%s", digest + strlen("sha256:"));
}

static int differs(const char *expected, const char *digest, struct error *err)
{
	if (strcmp(expected, digest) == 0)
		return 0;
	return error_set(err, EBADMSG, "'%s' differs: its digest is '%s'", expected, digest);
}

static int read_blob(const struct load *load, const char *expected, struct text *text,
		     struct error *err)
{
	AUTO_FREE char *path = blob_path(expected);
	char digest[DIGEST_SIZE];

	if (read_file(load, path, text, err) < 0)
		return -1;
	digest_of(text_string(text), text->length, digest);
	return differs(expected, digest, err);
}

/* --- one image -------------------------------------------------------------------------------- */

static int add_layer(const struct load *load, struct candidate *candidate, const char *path,
		     const char *diff_id, struct error *err)
{
	AUTO_CLOSE int fd = open_file(load, path, err);
	struct staged_layers *layers = &candidate->layers;

	if (fd < 0)
		return -1;
	if (image_write_layer(load->request->root, fd, layers, err) < 0)
		return error_wrap(err, "layer '%s'", path);
	return differs(diff_id, layers->items[layers->count - 1].diff_id, err);
}

static int read_config(const struct text *bytes, size_t layer_count, struct image_config *config,
		       struct error *err)
{
	if (image_config_parse(text_string(bytes), bytes->length, config, err) < 0)
		return -1;
	if (config->diff_ids.count != layer_count)
		return error_set(err, EINVAL, "the manifest has %zu layers, and the config has %zu",
				 layer_count, config->diff_ids.count);
	return 0;
}

static int commit(const struct load *load, struct candidate *candidate, struct error *err)
{
	const char *root = load->request->root;
	char id[DIGEST_SIZE];

	if (image_write_commit(root, &candidate->layers, &candidate->config, &candidate->manifest,
			       err) < 0)
		return -1;
	for (size_t i = 0; i < candidate->names.count; i++) {
		AUTO_FREE char *line = memory_format("Loaded image: %s", candidate->names.items[i]);

		if (image_write_name(root, candidate->names.items[i], candidate->manifest_digest,
				     candidate->manifest_digest, err) < 0)
			return -1;
		strings_add(load->loaded, line);
	}
	if (candidate->names.count)
		return 0;
	digest_of(candidate->config.data, candidate->config.length, id);
	if (image_write_name(root, NULL, candidate->manifest_digest, candidate->manifest_digest,
			     err) < 0)
		return -1;
	AUTO_FREE char *line = memory_format("Loaded image ID: %s", id);
	strings_add(load->loaded, line);
	return 0;
}

/* --- an OCI layout ---------------------------------------------------------------------------- */

/* Reads the manifest, through indexes if need be; the platform chooses. */
static int read_manifest(const struct load *load, const char *digest, struct candidate *candidate,
			 struct manifest *manifest, struct error *err)
{
	char next[DIGEST_SIZE];

	snprintf(next, sizeof(next), "%s", digest);
	for (int depth = 0; depth < INDEX_DEPTH_MAX; depth++) {
		const struct descriptor *entry;

		snprintf(candidate->manifest_digest, sizeof(candidate->manifest_digest), "%s",
			 next);
		if (read_blob(load, next, &candidate->manifest, err) < 0 ||
		    manifest_parse(text_string(&candidate->manifest), candidate->manifest.length,
				   NULL, manifest, err) < 0)
			return -1;
		if (!manifest->is_index)
			return 0;
		if (manifest_choose(manifest, &load->platform, &entry, err) < 0)
			return -1;
		snprintf(next, sizeof(next), "%s", entry->digest);
		manifest_release(manifest);
		*manifest = (struct manifest){0};
	}
	return error_set(err, EINVAL, "indexes are nested too deep");
}

static int load_layers(const struct load *load, struct candidate *candidate,
		       const struct manifest *manifest, const struct image_config *config,
		       struct error *err)
{
	const char *root = load->request->root;

	for (size_t i = 0; i < manifest->count; i++) {
		const char *digest = manifest->items[i].digest;
		AUTO_FREE char *path = blob_path(digest);

		if (store_has_blob(root, digest) &&
		    reference_is_digest(config->diff_ids.items[i]) &&
		    store_has_layer(root, config->diff_ids.items[i]))
			continue;
		if (add_layer(load, candidate, path, config->diff_ids.items[i], err) < 0)
			return -1;
		if (differs(digest, candidate->layers.items[candidate->layers.count - 1].digest,
			    err) < 0)
			return -1;
	}
	return 0;
}

/* Docker's name for it; or, as skopeo writes it, a whole one where a tag should be. */
static int add_name(const cJSON *entry, struct strings *names, struct error *err)
{
	const cJSON *annotations = NULL;
	const char *name = NULL, *tag = NULL;
	AUTO_REFERENCE struct reference reference = {0};
	AUTO_FREE char *familiar = NULL;

	if (json_get_object(entry, "annotations", &annotations, err) < 0)
		return -1;
	if (annotations &&
	    (json_get_string(annotations, "io.containerd.image.name", &name, err) < 0 ||
	     json_get_string(annotations, "org.opencontainers.image.ref.name", &tag, err) < 0))
		return -1;
	if (!name && tag && strpbrk(tag, ":/"))
		name = tag;
	if (!name)
		return 0;
	if (reference_parse(name, &reference, err) < 0)
		return -1;
	familiar = reference_familiar_text(&reference);
	strings_add(names, familiar);
	return 0;
}

static int load_entry(const struct load *load, const cJSON *entry, struct error *err)
{
	AUTO_CANDIDATE struct candidate candidate = {0};
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	AUTO_MANIFEST struct manifest manifest = {0};
	const char *digest = "";

	if (json_get_string(entry, "digest", &digest, err) < 0)
		return -1;
	if (!reference_is_digest(digest))
		return error_set(err, EINVAL, "'%s' in index.json is not a digest", digest);
	if (add_name(entry, &candidate.names, err) < 0 ||
	    read_manifest(load, digest, &candidate, &manifest, err) < 0 ||
	    read_blob(load, manifest.config.digest, &candidate.config, err) < 0 ||
	    read_config(&candidate.config, manifest.count, &config, err) < 0 ||
	    load_layers(load, &candidate, &manifest, &config, err) < 0)
		return -1;
	return commit(load, &candidate, err);
}

static int load_layout(const struct load *load, const struct text *bytes, struct error *err)
{
	AUTO_JSON cJSON *document = json_parse("index.json", bytes->data, bytes->length, err);
	const cJSON *entries = NULL, *entry;

	if (!document || json_get_array(document, "manifests", &entries, err) < 0)
		return -1;
	cJSON_ArrayForEach(entry, entries)
		if (load_entry(load, entry, err) < 0)
			return -1;
	return 0;
}

/* --- what older dockers save ------------------------------------------------------------------ */

static int add_tags(const cJSON *row, struct strings *names, struct error *err)
{
	AUTO_STRINGS struct strings tags = {0};

	if (json_get_strings(row, "RepoTags", &tags, err) < 0)
		return -1;
	for (size_t i = 0; i < tags.count; i++) {
		AUTO_REFERENCE struct reference reference = {0};
		AUTO_FREE char *familiar = NULL;

		if (reference_parse(tags.items[i], &reference, err) < 0)
			return -1;
		familiar = reference_familiar_text(&reference);
		strings_add(names, familiar);
	}
	return 0;
}

static int load_row(const struct load *load, const cJSON *row, struct error *err)
{
	AUTO_CANDIDATE struct candidate candidate = {0};
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	AUTO_STRINGS struct strings paths = {0};
	const char *config_path = "";

	if (json_get_string(row, "Config", &config_path, err) < 0 ||
	    json_get_strings(row, "Layers", &paths, err) < 0 ||
	    add_tags(row, &candidate.names, err) < 0 ||
	    read_file(load, config_path, &candidate.config, err) < 0 ||
	    read_config(&candidate.config, paths.count, &config, err) < 0)
		return -1;
	for (size_t i = 0; i < paths.count; i++)
		if (add_layer(load, &candidate, paths.items[i], config.diff_ids.items[i], err) < 0)
			return -1;
	image_write_manifest(&candidate.layers, &candidate.config, &candidate.manifest);
	digest_of(candidate.manifest.data, candidate.manifest.length, candidate.manifest_digest);
	return commit(load, &candidate, err);
}

/* manifest.json is an array, and json_parse takes an object. */
static int load_old(const struct load *load, const struct text *bytes, struct error *err)
{
	AUTO_FREE char *object = memory_format("{\"rows\":%s}", text_string(bytes));
	AUTO_JSON cJSON *document = json_parse("manifest.json", object, strlen(object), err);
	const cJSON *rows = NULL, *row;

	if (!document || json_get_array(document, "rows", &rows, err) < 0)
		return -1;
	cJSON_ArrayForEach(row, rows)
		if (load_row(load, row, err) < 0)
			return -1;
	return 0;
}

/* --- the archive ------------------------------------------------------------------------------ */

/* An archive of a newer docker has both, and only a layout keeps the digests of manifests. */
static int load_images(const struct load *load, struct error *err)
{
	AUTO_TEXT struct text bytes = {0};

	if (read_file(load, "index.json", &bytes, err) == 0)
		return load_layout(load, &bytes, err);
	if (err->code == ENOENT && read_file(load, "manifest.json", &bytes, err) == 0)
		return load_old(load, &bytes, err);
	if (err->code == ENOENT)
		return error_set(err, EINVAL,
				 "the archive has neither index.json nor manifest.json");
	return -1;
}

static int unpack(const struct load_request *request, const char *dir, struct error *err)
{
	AUTO_CLOSE int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct layer_result result;

	if (null < 0)
		return error_sys(err, "open '/dev/null'");
	return image_write_unpack(request->input_fd, null, dir, &result, err);
}

static int load_from(struct load *load, const char *dir, struct error *err)
{
	AUTO_CLOSE int fd = -1;

	if (unpack(load->request, dir, err) < 0)
		return error_wrap(err, "unpack the archive");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "open '%s'", dir);
	load->directory_fd = fd;
	return load_images(load, err);
}

int image_load(const struct load_request *request, struct strings *loaded, struct error *err)
{
	struct load load = {.request = request, .loaded = loaded};
	AUTO_FREE char *dir = NULL;
	AUTO_CLOSE int lock = -1;
	int result;

	if (platform_parse(request->platform, &load.platform, err) < 0)
		return -1;
	lock = store_lock(request->root, false, err);
	if (lock < 0 || store_stage_layer(request->root, &dir, err) < 0)
		return -1;
	result = load_from(&load, dir, err);
	store_discard(dir);
	return result;
}
