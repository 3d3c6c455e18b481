/* Putting an image together; see image_write.h. */
#include "image_write.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "layer.h"
#include "store.h"
#include "store_write.h"
#include "unpacker.h"

#define CHUNK_BYTES ((size_t)64 << 10)

/* Ends early when the unpacker has given up: it tells why. */
static int feed(int from_fd, int to_fd, struct error *err)
{
	char chunk[CHUNK_BYTES];
	ssize_t count;

	for (;;) {
		do
			count = read(from_fd, chunk, sizeof(chunk));
		while (count < 0 && errno == EINTR);
		if (count < 0)
			return error_sys(err, "read the archive");
		if (count == 0)
			return 0;
		if (file_write_all(to_fd, chunk, (size_t)count, "the unpacker", err) < 0)
			return err->code == EPIPE ? 0 : -1;
	}
}

int image_write_unpack(int from_fd, int blob_fd, const char *staged_dir,
		       struct layer_result *result, struct error *err)
{
	AUTO_UNPACKER struct unpacker unpacker = {0};

	if (unpacker_start(&unpacker, blob_fd, -1, staged_dir, err) < 0 ||
	    feed(from_fd, unpacker.input_fd, err) < 0)
		return -1;
	return unpacker_finish(&unpacker, result, err);
}

/* By the first bytes, as compression.c tells them apart; what is neither is plain. */
static const char *media_type_of(int blob_fd)
{
	unsigned char magic[2] = {0};

	if (pread(blob_fd, magic, sizeof(magic), 0) == sizeof(magic)) {
		if (magic[0] == 0x1f && magic[1] == 0x8b)
			return "application/vnd.oci.image.layer.v1.tar+gzip";
		if ((magic[0] == 0x28 && magic[1] == 0xb5) || (magic[0] & 0xf0) == 0x50)
			return "application/vnd.oci.image.layer.v1.tar+zstd";
	}
	return "application/vnd.oci.image.layer.v1.tar";
}

static int stage(const char *root, int from_fd, struct staged_layer *layer,
		 struct layer_result *result, struct error *err)
{
	AUTO_CLOSE int blob_fd = -1;

	if (store_stage_blob(root, &blob_fd, &layer->blob_path, err) < 0 ||
	    store_stage_layer(root, &layer->staged_dir, err) < 0)
		return -1;
	if (image_write_unpack(from_fd, blob_fd, layer->staged_dir, result, err) < 0)
		return -1;
	layer->media_type = strcmp(result->digest, result->diff_id) == 0
				    ? "application/vnd.oci.image.layer.v1.tar"
				    : media_type_of(blob_fd);
	return 0;
}

int image_write_layer(const char *root, int from_fd, struct staged_layers *layers,
		      struct error *err)
{
	struct layer_result result = {0};
	struct staged_layer *layer;

	layers->items = memory_resized(layers->items, layers->count + 1, sizeof(*layers->items));
	layer = &layers->items[layers->count++];
	*layer = (struct staged_layer){0};
	if (stage(root, from_fd, layer, &result, err) < 0)
		return -1;
	memcpy(layer->digest, result.digest, sizeof(layer->digest));
	memcpy(layer->diff_id, result.diff_id, sizeof(layer->diff_id));
	layer->compressed_bytes = result.compressed_bytes;
	layer->unpacked_bytes = result.unpacked_bytes;
	return 0;
}

static cJSON *make_descriptor(const char *media_type, const char *digest, uint64_t size)
{
	cJSON *descriptor = cJSON_CreateObject();

	cJSON_AddStringToObject(descriptor, "mediaType", media_type);
	cJSON_AddStringToObject(descriptor, "digest", digest);
	json_add_number(descriptor, "size", (int64_t)size);
	return descriptor;
}

void image_write_manifest(const struct staged_layers *layers, const struct text *config,
			  struct text *manifest)
{
	AUTO_JSON cJSON *document = cJSON_CreateObject();
	char digest[DIGEST_SIZE];
	cJSON *list;

	digest_of(config->data, config->length, digest);
	cJSON_AddNumberToObject(document, "schemaVersion", 2);
	cJSON_AddStringToObject(document, "mediaType",
				"application/vnd.oci.image.manifest.v1+json");
	cJSON_AddItemToObject(document, "config",
			      make_descriptor("application/vnd.oci.image.config.v1+json", digest,
					      config->length));
	list = cJSON_AddArrayToObject(document, "layers");
	for (size_t i = 0; i < layers->count; i++)
		cJSON_AddItemToArray(list, make_descriptor(layers->items[i].media_type,
							   layers->items[i].digest,
							   layers->items[i].compressed_bytes));
	json_print(document, false, manifest);
}

static int commit_layer(const char *root, struct staged_layer *layer, struct error *err)
{
	if (!layer->staged_dir)
		return 0;
	if (store_commit_layer(root, layer->diff_id, layer->unpacked_bytes, layer->staged_dir,
			       err) < 0)
		return -1;
	cleanup_memory(&layer->staged_dir);
	if (store_commit_blob(root, layer->digest, layer->blob_path, err) < 0)
		return -1;
	cleanup_memory(&layer->blob_path);
	return 0;
}

static int put(const char *root, const struct text *document, struct error *err)
{
	char digest[DIGEST_SIZE];

	digest_of(document->data, document->length, digest);
	return store_put_blob(root, digest, document->data, document->length, err);
}

int image_write_commit(const char *root, struct staged_layers *layers, const struct text *config,
		       const struct text *manifest, struct error *err)
{
	if (store_sync(root, err) < 0)
		return -1;
	for (size_t i = 0; i < layers->count; i++)
		if (commit_layer(root, &layers->items[i], err) < 0)
			return -1;
	return put(root, config, err) < 0 ? -1 : put(root, manifest, err);
}

static bool has_name(const char *root, const char *manifest_digest)
{
	AUTO_STORED_REFERENCES struct stored_references list = {0};
	struct error ignored;

	if (store_references(root, &list, &ignored) < 0)
		return false;
	for (size_t i = 0; i < list.count; i++)
		if (strcmp(list.items[i].manifest_digest, manifest_digest) == 0)
			return true;
	return false;
}

int image_write_name(const char *root, const char *name, const char *digest,
		     const char *manifest_digest, struct error *err)
{
	AUTO_FREE char *nameless = memory_format("%s@%s", STORE_NAMELESS, manifest_digest);
	AUTO_REFERENCE struct reference reference = {0};

	if (!name && has_name(root, manifest_digest))
		return 0;
	if (reference_parse(name ? name : nameless, &reference, err) < 0)
		return -1;
	return store_set_reference(root, &reference, digest, manifest_digest, err);
}

void staged_layers_release(struct staged_layers *layers)
{
	for (size_t i = 0; i < layers->count; i++) {
		store_discard(layers->items[i].blob_path);
		store_discard(layers->items[i].staged_dir);
		cleanup_memory(&layers->items[i].blob_path);
		cleanup_memory(&layers->items[i].staged_dir);
	}
	cleanup_memory(&layers->items);
	layers->count = 0;
}
