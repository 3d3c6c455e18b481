/* docker commit; see image_commit.h. */
#include "image_commit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "file.h"
#include "image_change.h"
#include "image_write.h"
#include "json.h"
#include "manifest.h"
#include "store.h"
#include "store_write.h"

/* --- the config ---------------------------------------------------------------------------------- */

static void replace(cJSON *object, const char *name, cJSON *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, name);
	if (cJSON_IsNull(value))
		cJSON_Delete(value);
	else
		cJSON_AddItemToObject(object, name, value);
}

/* The object of that name, made if it is missing or something else. */
static cJSON *object_in(cJSON *document, const char *name)
{
	cJSON *found = cJSON_GetObjectItemCaseSensitive(document, name);

	if (cJSON_IsObject(found))
		return found;
	replace(document, name, cJSON_CreateObject());
	return cJSON_GetObjectItemCaseSensitive(document, name);
}

static int change_process(const struct commit_request *request, const cJSON *overrides,
			  cJSON *process, struct error *err)
{
	const cJSON *values = NULL, *value;

	if (json_get_object(overrides, "config", &values, err) < 0)
		return -1;
	cJSON_ArrayForEach(value, values)
		replace(process, value->string, cJSON_Duplicate(value, true));
	for (size_t i = 0; i < request->changes->count; i++)
		if (image_change_apply(process, request->changes->items[i], err) < 0)
			return -1;
	return 0;
}

static void add_history(const struct commit_request *request, const cJSON *overrides,
			const char *created, cJSON *document)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(document, "history");
	cJSON *entry = cJSON_CreateObject();
	const char *author = "", *created_by = "";
	struct error ignored;

	json_get_string(overrides, "author", &author, &ignored);
	json_get_string(overrides, "created_by", &created_by, &ignored);
	cJSON_AddStringToObject(entry, "created", created);
	cJSON_AddStringToObject(entry, "created_by", created_by);
	if (*author) {
		cJSON_AddStringToObject(entry, "author", author);
		replace(document, "author", cJSON_CreateString(author));
	}
	if (request->message)
		cJSON_AddStringToObject(entry, "comment", request->message);
	if (!cJSON_IsArray(list)) {
		replace(document, "history", cJSON_CreateArray());
		list = cJSON_GetObjectItemCaseSensitive(document, "history");
	}
	cJSON_AddItemToArray(list, entry);
}

static cJSON *read_config(const struct commit_request *request, const char *digest,
			  struct error *err)
{
	AUTO_FREE char *path = store_blob_path(request->root, digest);
	AUTO_TEXT struct text bytes = {0};

	if (file_read(AT_FDCWD, path, MANIFEST_BYTES_MAX, &bytes, err) < 0)
		return NULL;
	return json_parse("image config", bytes.data, bytes.length, err);
}

static int make_config(const struct commit_request *request, const struct image *base,
		       const char *diff_id, struct text *config, struct error *err)
{
	AUTO_JSON cJSON *document = read_config(request, base->id, err);
	AUTO_JSON cJSON *overrides = json_parse("overrides of the config", request->overrides,
						strlen(request->overrides), err);
	AUTO_STRINGS struct strings diff_ids = {0};
	time_t now = time(NULL);
	char created[32];
	struct tm utc;
	cJSON *rootfs;

	if (!document || !overrides ||
	    change_process(request, overrides, object_in(document, "config"), err) < 0)
		return -1;
	strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	replace(document, "created", cJSON_CreateString(created));
	/* What an old Docker noted of the container it was made in. */
	cJSON_DeleteItemFromObjectCaseSensitive(document, "container");
	cJSON_DeleteItemFromObjectCaseSensitive(document, "container_config");
	strings_add_all(&diff_ids, &base->config.diff_ids);
	strings_add(&diff_ids, diff_id);
	rootfs = object_in(document, "rootfs");
	replace(rootfs, "type", cJSON_CreateString("layers"));
	cJSON_DeleteItemFromObjectCaseSensitive(rootfs, "diff_ids");
	json_add_strings(rootfs, "diff_ids", &diff_ids);
	add_history(request, overrides, created, document);
	json_print(document, false, config);
	return 0;
}

/* --- the layers ---------------------------------------------------------------------------------- */

/* The manifest is of OCI's kind, whatever the base's was. */
static const char *media_type_of(const struct descriptor *layer)
{
	if (strstr(layer->media_type, "zstd"))
		return "application/vnd.oci.image.layer.v1.tar+zstd";
	if (strstr(layer->media_type, "gzip"))
		return "application/vnd.oci.image.layer.v1.tar+gzip";
	return "application/vnd.oci.image.layer.v1.tar";
}

/* Those of the base, which the store has. */
static int add_layers_of(const struct commit_request *request, const struct image *base,
			 struct staged_layers *layers, struct error *err)
{
	AUTO_MANIFEST struct manifest manifest = {0};

	if (store_manifest(request->root, base->manifest_digest, &manifest, err) < 0)
		return -1;
	if (manifest.count + 1 > MANIFEST_LAYERS_MAX)
		return error_set(err, EINVAL, "max depth exceeded: an image has at most %d layers",
				 MANIFEST_LAYERS_MAX);
	layers->items = memory_zeroed(manifest.count + 1, sizeof(*layers->items));
	for (size_t i = 0; i < manifest.count; i++) {
		struct staged_layer *layer = &layers->items[layers->count++];

		snprintf(layer->digest, sizeof(layer->digest), "%s", manifest.items[i].digest);
		layer->compressed_bytes = manifest.items[i].size_bytes;
		layer->media_type = media_type_of(&manifest.items[i]);
	}
	return 0;
}

int image_commit(const struct commit_request *request, char id[DIGEST_SIZE], struct error *err)
{
	AUTO_STAGED_LAYERS struct staged_layers layers = {0};
	AUTO_TEXT struct text config = {0}, manifest = {0};
	AUTO_CLOSE int lock = store_lock(request->root, false, err);
	AUTO_IMAGE struct image base = {0};
	char digest[DIGEST_SIZE];

	if (lock < 0 || store_find(request->root, request->base, &base, err) < 0)
		return -1;
	/* A change that is none is found before the work is done. */
	if (make_config(request, &base, "", &config, err) < 0)
		return -1;
	text_release(&config);
	if (add_layers_of(request, &base, &layers, err) < 0 ||
	    image_write_layer(request->root, request->input_fd, &layers, err) < 0 ||
	    make_config(request, &base, layers.items[layers.count - 1].diff_id, &config, err) < 0)
		return -1;
	image_write_manifest(&layers, &config, &manifest);
	digest_of(manifest.data, manifest.length, digest);
	digest_of(config.data, config.length, id);
	if (image_write_commit(request->root, &layers, &config, &manifest, err) < 0)
		return -1;
	return image_write_name(request->root, request->name, digest, digest, err);
}
