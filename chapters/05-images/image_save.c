/* docker save; see image_save.h. OCI image-spec image-layout.md */
#include "image_save.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "archive_write.h"
#include "file.h"
#include "json.h"
#include "manifest.h"
#include "store.h"

#define BLOBS "blobs/sha256/"

struct save {
	const struct save_request *request;
	struct stored_references all;
	struct strings blobs, images; /* digests: those to write; of manifests already listed */
	cJSON *index, *list;	      /* "manifests" of index.json; manifest.json */
	cJSON *repositories;	      /* what Docker 1.9 read: the top layer of each tag */
};

static void save_release(struct save *save)
{
	stored_references_release(&save->all);
	strings_release(&save->blobs);
	strings_release(&save->images);
	cJSON_Delete(save->index);
	cJSON_Delete(save->list);
	cJSON_Delete(save->repositories);
}
#define AUTO_SAVE CLEANUP(save_release)

static const char *hex_of(const char *digest)
{
	return digest + strlen("sha256:");
}

static void add_blob(struct save *save, const char *digest)
{
	if (!strings_contain(&save->blobs, digest))
		strings_add(&save->blobs, digest);
}

static void add_path(cJSON *array, const char *digest)
{
	AUTO_FREE char *path = memory_format(BLOBS "%s", hex_of(digest));

	cJSON_AddItemToArray(array, cJSON_CreateString(path));
}

static int check_platform(const struct save *save, const struct stored_reference *stored,
			  struct error *err)
{
	const char *wanted = save->request->platform;
	AUTO_IMAGE struct image image = {0};
	struct platform platform;

	if (!wanted)
		return 0;
	if (platform_parse(wanted, &platform, err) < 0 ||
	    store_load(save->request->root, stored, &image, err) < 0)
		return -1;
	if (platform_is(&platform, image.config.os, image.config.architecture))
		return 0;
	return error_set(
		err, ENOENT,
		"image with reference %s was found but does not provide the specified platform (%s)",
		image.name, wanted);
}

/* The row of manifest.json of an image; tags are added to it. */
static int list_image(struct save *save, const struct stored_reference *stored, struct error *err)
{
	AUTO_MANIFEST struct manifest manifest = {0};
	AUTO_FREE char *config = NULL;
	cJSON *row, *layers;

	if (stored->damage)
		return error_set(err, EIO, "%s", stored->damage);
	if (strings_contain(&save->images, stored->manifest_digest))
		return 0;
	if (store_manifest(save->request->root, stored->manifest_digest, &manifest, err) < 0)
		return -1;
	config = memory_format(BLOBS "%s", hex_of(manifest.config.digest));
	row = cJSON_CreateObject();
	cJSON_AddItemToArray(save->list, row);
	cJSON_AddStringToObject(row, "Config", config);
	cJSON_AddArrayToObject(row, "RepoTags");
	layers = cJSON_AddArrayToObject(row, "Layers");
	add_blob(save, stored->manifest_digest);
	add_blob(save, manifest.config.digest);
	for (size_t i = 0; i < manifest.count; i++) {
		add_path(layers, manifest.items[i].digest);
		add_blob(save, manifest.items[i].digest);
	}
	strings_add(&save->images, stored->manifest_digest);
	return 0;
}

static int blob_size(const struct save *save, const char *digest, uint64_t *size, struct error *err)
{
	AUTO_FREE char *path = store_blob_path(save->request->root, digest);
	struct stat st;

	if (stat(path, &st) < 0)
		return error_sys(err, "examine '%s'", path);
	*size = (uint64_t)st.st_size;
	return 0;
}

/* The media type that the manifest itself tells; an OCI manifest need not. */
static int read_media_type(const struct save *save, const char *digest, char **media_type,
			   struct error *err)
{
	AUTO_FREE char *path = store_blob_path(save->request->root, digest);
	const char *found = "application/vnd.oci.image.manifest.v1+json";
	AUTO_TEXT struct text bytes = {0};
	AUTO_JSON cJSON *document = NULL;

	if (file_read(AT_FDCWD, path, MANIFEST_BYTES_MAX, &bytes, err) < 0)
		return -1;
	document = json_parse("manifest", bytes.data, bytes.length, err);
	if (!document || json_get_string(document, "mediaType", &found, err) < 0)
		return -1;
	*media_type = memory_string(found);
	return 0;
}

/* An entry of index.json for each tag, as Docker writes them. */
static int index_image(struct save *save, const struct stored_reference *stored, bool tagged,
		       struct error *err)
{
	AUTO_FREE char *media_type = NULL;
	cJSON *entry, *annotations;
	uint64_t size;

	if (blob_size(save, stored->manifest_digest, &size, err) < 0 ||
	    read_media_type(save, stored->manifest_digest, &media_type, err) < 0)
		return -1;
	entry = cJSON_CreateObject();
	cJSON_AddItemToArray(save->index, entry);
	cJSON_AddStringToObject(entry, "mediaType", media_type);
	cJSON_AddStringToObject(entry, "digest", stored->manifest_digest);
	json_add_number(entry, "size", (int64_t)size);
	if (tagged) {
		AUTO_FREE char *name = reference_canonical_text(&stored->reference);

		annotations = cJSON_AddObjectToObject(entry, "annotations");
		cJSON_AddStringToObject(annotations, "io.containerd.image.name", name);
		cJSON_AddStringToObject(annotations, "org.opencontainers.image.ref.name",
					stored->reference.tag);
	}
	return 0;
}

static void add_repository(struct save *save, const struct reference *name, const cJSON *row)
{
	const cJSON *layers = cJSON_GetObjectItemCaseSensitive(row, "Layers");
	const cJSON *top = cJSON_GetArrayItem(layers, cJSON_GetArraySize(layers) - 1);
	cJSON *tags = cJSON_GetObjectItemCaseSensitive(save->repositories, name->familiar);

	if (!tags)
		tags = cJSON_AddObjectToObject(save->repositories, name->familiar);
	if (top)
		cJSON_AddStringToObject(tags, name->tag, top->valuestring + strlen(BLOBS));
}

static void add_tag(struct save *save, const struct stored_reference *stored)
{
	AUTO_FREE char *name = reference_familiar_text(&stored->reference);

	for (size_t i = 0; i < save->images.count; i++) {
		const cJSON *row = cJSON_GetArrayItem(save->list, (int)i);

		if (strcmp(save->images.items[i], stored->manifest_digest) != 0)
			continue;
		cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(row, "RepoTags"),
				     cJSON_CreateString(name));
		add_repository(save, &stored->reference, row);
	}
}

static int add_image(struct save *save, const struct stored_reference *stored, bool by_id,
		     struct error *err)
{
	bool tagged = !by_id && stored->reference.tag;

	if (check_platform(save, stored, err) < 0)
		return -1;
	if (list_image(save, stored, err) < 0 || index_image(save, stored, tagged, err) < 0)
		return -1;
	if (tagged)
		add_tag(save, stored);
	return 0;
}

/* Whether a name is just a repository's. */
static bool is_repository(const char *name, const struct stored_reference *stored)
{
	AUTO_FREE char *whole =
		memory_format("%s/%s", stored->reference.domain, stored->reference.path);

	return stored->reference.tag &&
	       (strcmp(name, stored->reference.familiar) == 0 || strcmp(name, whole) == 0);
}

static int add_name(struct save *save, const char *name, struct error *err)
{
	AUTO_FREE size_t *chosen = memory_zeroed(save->all.count + 1, sizeof(*chosen));
	bool by_id = false, found = false;

	for (size_t i = 0; i < save->all.count; i++) {
		if (!is_repository(name, &save->all.items[i]))
			continue;
		found = true;
		if (add_image(save, &save->all.items[i], false, err) < 0)
			return -1;
	}
	if (found)
		return 0;
	if (store_choose(&save->all, name, chosen, &by_id, err) < 0)
		return -1;
	return add_image(save, &save->all.items[chosen[0]], by_id, err);
}

static int write_blob(const struct save *save, const char *digest, struct error *err)
{
	struct archive_entry entry = {.type = ARCHIVE_FILE, .mode = 0644};
	AUTO_FREE char *path = store_blob_path(save->request->root, digest);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return error_sys(err, "open '%s'", path);
	if (blob_size(save, digest, &entry.size_bytes, err) < 0)
		return -1;
	text_add_format(&entry.name, BLOBS "%s", hex_of(digest));
	result = archive_write_entry(save->request->output_fd, &entry, err);
	text_release(&entry.name);
	return result < 0 ? -1
			  : archive_write_file(save->request->output_fd, fd, entry.size_bytes, err);
}

static int write_document(const struct save *save, const char *name, const cJSON *document,
			  struct error *err)
{
	AUTO_TEXT struct text text = {0};

	json_print(document, false, &text);
	return archive_write_plain_file(save->request->output_fd, name, text.data, text.length,
					err);
}

static int write_index(struct save *save, struct error *err)
{
	AUTO_JSON cJSON *document = cJSON_CreateObject();

	cJSON_AddNumberToObject(document, "schemaVersion", 2);
	cJSON_AddStringToObject(document, "mediaType", "application/vnd.oci.image.index.v1+json");
	cJSON_AddItemToObject(document, "manifests", take_ptr(&save->index));
	return write_document(save, "index.json", document, err);
}

static int write_all(struct save *save, struct error *err)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

	if (archive_write_plain_directory(save->request->output_fd, "blobs/", err) < 0 ||
	    archive_write_plain_directory(save->request->output_fd, BLOBS, err) < 0)
		return -1;
	for (size_t i = 0; i < save->blobs.count; i++)
		if (write_blob(save, save->blobs.items[i], err) < 0)
			return -1;
	if (write_index(save, err) < 0 ||
	    write_document(save, "manifest.json", save->list, err) < 0)
		return -1;
	if (archive_write_plain_file(save->request->output_fd, "oci-layout", layout, strlen(layout),
				     err) < 0)
		return -1;
	if (save->repositories->child &&
	    write_document(save, "repositories", save->repositories, err) < 0)
		return -1;
	return archive_write_end(save->request->output_fd, err);
}

int image_save(const struct save_request *request, const struct strings *names, struct error *err)
{
	AUTO_SAVE struct save save = {.request = request,
				      .index = cJSON_CreateArray(),
				      .list = cJSON_CreateArray(),
				      .repositories = cJSON_CreateObject()};

	if (store_references(request->root, &save.all, err) < 0)
		return -1;
	for (size_t i = 0; i < names->count; i++)
		if (add_name(&save, names->items[i], err) < 0)
			return -1;
	return write_all(&save, err);
}
