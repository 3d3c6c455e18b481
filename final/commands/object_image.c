/* An image in the shape of `docker inspect`; see object.h. */
#include "object.h"

#include <fcntl.h>
#include <string.h>

#include "file.h"
#include "human.h"
#include "json.h"
#include "manifest.h"

#define DIGEST_PREFIX "sha256:"
#define ID_SHOWN 12

/* All names of the image: "alpine:latest" in one list, "alpine@sha256:…" in the other. */
static int collect_names(const struct engine *engine, const struct image *image,
			 struct strings *tags, struct strings *digests, struct error *err)
{
	AUTO_STORED_REFERENCES struct stored_references list = {0};

	if (store_references(engine->root, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		const struct reference *name = &list.items[i].reference;
		AUTO_FREE char *text = reference_familiar_text(name);
		AUTO_FREE char *pinned =
			memory_format("%s@%s", name->familiar, list.items[i].digest);

		if (!list.items[i].id || strcmp(list.items[i].id, image->id) != 0)
			continue;
		if (name->tag)
			strings_add(tags, text);
		if (!strings_contain(digests, pinned) &&
		    strcmp(name->familiar, STORE_NAMELESS) != 0)
			strings_add(digests, pinned);
	}
	return 0;
}

/* The config blob as it was received: it has fields that this program does not know. */
static cJSON *read_blob(const struct engine *engine, const char *id, struct error *err)
{
	AUTO_FREE char *path =
		memory_format("%s/blobs/sha256/%s", engine->root, id + strlen(DIGEST_PREFIX));
	AUTO_TEXT struct text blob = {0};

	if (file_read(AT_FDCWD, path, MANIFEST_BYTES_MAX, &blob, err) < 0)
		return NULL;
	return json_parse("image config", blob.data, blob.length, err);
}

static void add_rootfs(cJSON *object, const struct image *image)
{
	cJSON *to = cJSON_AddObjectToObject(object, "RootFS");

	cJSON_AddStringToObject(to, "Type", "layers");
	json_add_strings(to, "Layers", &image->config.diff_ids);
}

cJSON *object_of_image(const struct engine *engine, const struct image *image, struct error *err)
{
	AUTO_JSON cJSON *blob = read_blob(engine, image->id, err);
	AUTO_STRINGS struct strings tags = {0}, digests = {0};
	cJSON *object, *config;

	if (!blob || collect_names(engine, image, &tags, &digests, err) < 0)
		return NULL;
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "Id", image->id);
	json_add_strings(object, "RepoTags", &tags);
	json_add_strings(object, "RepoDigests", &digests);
	cJSON_AddStringToObject(object, "Created", image->config.created);
	config = cJSON_DetachItemFromObjectCaseSensitive(blob, "config");
	cJSON_AddItemToObject(object, "Config", config ? config : cJSON_CreateObject());
	cJSON_AddStringToObject(object, "Architecture", image->config.architecture);
	if (*image->config.variant)
		cJSON_AddStringToObject(object, "Variant", image->config.variant);
	cJSON_AddStringToObject(object, "Os", image->config.os);
	json_add_number(object, "Size", (int64_t)image->size_bytes);
	add_rootfs(object, image);
	return object;
}

static const char *or_none(const char *text)
{
	return text && *text && strcmp(text, STORE_NAMELESS) != 0 ? text : "<none>";
}

cJSON *object_row_of_image(const struct image *image, const struct reference *name, bool whole)
{
	AUTO_FREE char *id =
		whole ? memory_string(image->id)
		      : memory_format("%.*s", ID_SHOWN, image->id + strlen(DIGEST_PREFIX));
	char created[HUMAN_SIZE], size[HUMAN_SIZE];
	cJSON *row = cJSON_CreateObject();

	human_ago(image->config.created, created);
	human_bytes(image->size_bytes, size);
	cJSON_AddStringToObject(row, "Containers", "N/A");
	object_add_created(row, image->config.created);
	cJSON_AddStringToObject(row, "CreatedSince", created);
	cJSON_AddStringToObject(row, "Digest", or_none(image->digest));
	cJSON_AddStringToObject(row, "ID", id);
	cJSON_AddStringToObject(row, "Repository", or_none(name->familiar));
	cJSON_AddStringToObject(row, "SharedSize", "N/A");
	cJSON_AddStringToObject(row, "Size", size);
	cJSON_AddStringToObject(row, "Tag", or_none(name->tag));
	cJSON_AddStringToObject(row, "UniqueSize", "N/A");
	cJSON_AddStringToObject(row, "VirtualSize", size);
	return row;
}
