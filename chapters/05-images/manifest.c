/* Manifests and indexes; see manifest.h. */
#include "manifest.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "json.h"
#include "reference.h"
#include "text.h"

/* Nothing that is unpacked is larger; it also keeps sums from overflowing. */
#define BLOB_BYTES_MAX (UINT64_C(1) << 40)
#define ENTRIES_MAX 1024

static const char *const index_types[] = {
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
};
static const char *const image_types[] = {
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json",
};
/* The last four are of old registries. Anything else is an artifact: a chart, a signature, … */
static const char *const config_types[] = {
	"application/vnd.oci.image.config.v1+json",
	"application/vnd.docker.container.image.v1+json",
	"application/octet-stream",
	"application/json",
	"text/html",
	"",
};

#define IS_ONE_OF(type, types) is_one_of(type, types, ARRAY_LENGTH(types))

static bool is_one_of(const char *type, const char *const *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(type, types[i]) == 0)
			return true;
	return false;
}

/* --- platforms ----------------------------------------------------------------------------- */

static void set(char *field, const char *value)
{
	snprintf(field, sizeof(((struct platform *)0)->os), "%.31s", value);
}

static void normalise(struct platform *platform)
{
	static const struct {
		const char *alias, *architecture, *variant;
	} aliases[] = {
		{"x86_64", "amd64", ""}, {"x86-64", "amd64", ""}, {"aarch64", "arm64", "v8"},
		{"armhf", "arm", "v7"},	 {"armel", "arm", "v6"},  {"armv7l", "arm", "v7"},
		{"armv6l", "arm", "v6"}, {"i386", "386", ""},	  {"i686", "386", ""},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(aliases); i++)
		if (strcmp(platform->architecture, aliases[i].alias) == 0) {
			set(platform->architecture, aliases[i].architecture);
			if (!*platform->variant)
				set(platform->variant, aliases[i].variant);
		}
	if (strcmp(platform->architecture, "arm64") == 0 && !*platform->variant)
		set(platform->variant, "v8");
	if (strcmp(platform->architecture, "arm") == 0 && !*platform->variant)
		set(platform->variant, "v7");
	if (strcmp(platform->architecture, "amd64") == 0 && strcmp(platform->variant, "v1") == 0)
		set(platform->variant, "");
}

static int get_part(const cJSON *object, const char *name, char *field, struct error *err)
{
	const char *value = "";

	if (json_get_string(object, name, &value, err) < 0)
		return -1;
	set(field, value);
	return 0;
}

static int read_platform(const cJSON *entry, struct platform *platform, struct error *err)
{
	const cJSON *object = NULL;

	if (json_get_object(entry, "platform", &object, err) < 0 ||
	    get_part(object, "os", platform->os, err) < 0 ||
	    get_part(object, "architecture", platform->architecture, err) < 0 ||
	    get_part(object, "variant", platform->variant, err) < 0)
		return -1;
	normalise(platform);
	return 0;
}

/* --- documents ----------------------------------------------------------------------------- */

static int read_descriptor(const cJSON *object, struct descriptor *descriptor, struct error *err)
{
	const char *media_type = "", *digest = "";
	int has_size;

	if (json_get_string(object, "mediaType", &media_type, err) < 0 ||
	    json_get_string(object, "digest", &digest, err) < 0)
		return -1;
	descriptor->media_type = memory_string(media_type);
	descriptor->digest = memory_string(digest);
	if (!reference_is_digest(digest))
		return error_set(err, EINVAL, "the digest '%s' is not sha256 in 64 digits", digest);
	has_size = json_get_number(object, "size", &descriptor->size_bytes, err);
	if (has_size < 0)
		return -1;
	if (has_size == 0 || descriptor->size_bytes > BLOB_BYTES_MAX)
		return error_set(err, EINVAL, "the size of '%s' is missing or above 1 TiB", digest);
	return 0;
}

static int read_layer(const cJSON *object, struct descriptor *layer, struct error *err)
{
	if (read_descriptor(object, layer, err) < 0)
		return -1;
	if (strstr(layer->media_type, "foreign") || strstr(layer->media_type, "nondistributable"))
		return error_set(err, ENOTSUP,
				 "layer '%s' is not kept by registries (a Windows base layer?)",
				 layer->digest);
	if (strstr(layer->media_type, "+encrypted"))
		return error_set(err, ENOTSUP, "layer '%s' is encrypted", layer->digest);
	return 0;
}

static int read_entry(const cJSON *object, struct descriptor *entry, struct error *err)
{
	if (read_descriptor(object, entry, err) < 0 ||
	    read_platform(object, &entry->platform, err) < 0)
		return -1;
	/* What BuildKit adds about an image is listed like one, for the platform unknown/unknown. */
	entry->runnable = strcmp(entry->platform.os, "unknown") != 0 &&
			  (IS_ONE_OF(entry->media_type, image_types) ||
			   IS_ONE_OF(entry->media_type, index_types));
	return 0;
}

static int read_items(const cJSON *array, size_t most, struct manifest *manifest, struct error *err)
{
	int (*read)(const cJSON *, struct descriptor *, struct error *) =
		manifest->is_index ? read_entry : read_layer;
	size_t count = (size_t)cJSON_GetArraySize(array);
	const cJSON *item;

	if (count > most)
		return error_set(err, EINVAL, "it lists %zu %s, and at most %zu are possible",
				 count, manifest->is_index ? "manifests" : "layers", most);
	manifest->items = memory_zeroed(count, sizeof(*manifest->items));
	cJSON_ArrayForEach(item, array) {
		if (!cJSON_IsObject(item))
			return error_set(err, EINVAL, "a descriptor is not an object");
		if (read(item, &manifest->items[manifest->count++], err) < 0)
			return -1;
	}
	return 0;
}

static int read_image(const cJSON *config, const cJSON *layers, struct manifest *manifest,
		      struct error *err)
{
	if (!config || !layers)
		return error_set(err, EINVAL,
				 "it has neither 'manifests' nor 'config' and 'layers'");
	if (read_descriptor(config, &manifest->config, err) < 0)
		return error_wrap(err, "its config");
	if (!IS_ONE_OF(manifest->config.media_type, config_types))
		return error_set(err, ENOTSUP, "it is not an image, but an artifact of type '%s'",
				 manifest->config.media_type);
	if (manifest->config.size_bytes > MANIFEST_BYTES_MAX)
		return error_set(err, EFBIG, "its config is larger than 4 MiB");
	return read_items(layers, MANIFEST_LAYERS_MAX, manifest, err);
}

/* What registries served until 2017: the layers' digests are not the whole truth in it. */
static int refuse_schema1(const cJSON *document, const char *content_type, struct error *err)
{
	uint64_t version = 0;

	if (json_get_number(document, "schemaVersion", &version, err) < 0)
		return -1;
	if (version == 1 || (content_type && strstr(content_type, "distribution.manifest.v1+")))
		return error_set(
			err, ENOTSUP,
			"image manifest version 2, schema 1 is no longer supported: push the image anew with a current tool");
	if (version != 2)
		return error_set(err, EINVAL, "its schemaVersion is not 2");
	return 0;
}

/* The type is said in two places, and implied by the fields. A reader that believes one of them and
 * a scanner that believes another would see two different images (CVE-2021-41190). */
static int check_type(const cJSON *document, const char *content_type, bool is_index,
		      struct error *err)
{
	const char *media_type = NULL;
	const char *const *expected = is_index ? index_types : image_types;

	if (json_get_string(document, "mediaType", &media_type, err) < 0)
		return -1;
	if (media_type && !is_one_of(media_type, expected, ARRAY_LENGTH(index_types)))
		return error_set(err, EINVAL, "its mediaType '%s' is not that of %s", media_type,
				 is_index ? "an index" : "an image manifest");
	if (content_type && !is_one_of(content_type, expected, ARRAY_LENGTH(index_types)))
		return error_set(err, EINVAL, "its content type '%s' is not that of %s",
				 content_type, is_index ? "an index" : "an image manifest");
	if (media_type && content_type && strcasecmp(media_type, content_type) != 0)
		return error_set(err, EINVAL,
				 "it is '%s' by its mediaType, and '%s' by its content type",
				 media_type, content_type);
	return 0;
}

static int read_document(const cJSON *document, const char *content_type, struct manifest *manifest,
			 struct error *err)
{
	const cJSON *manifests = NULL, *config = NULL, *layers = NULL;

	if (refuse_schema1(document, content_type, err) < 0 ||
	    json_get_array(document, "manifests", &manifests, err) < 0 ||
	    json_get_object(document, "config", &config, err) < 0 ||
	    json_get_array(document, "layers", &layers, err) < 0)
		return -1;
	if (manifests && (config || layers))
		return error_set(err, EINVAL, "it claims to be both an index and a manifest");
	manifest->is_index = manifests;
	if (check_type(document, content_type, manifest->is_index, err) < 0)
		return -1;
	if (manifest->is_index)
		return read_items(manifests, ENTRIES_MAX, manifest, err);
	return read_image(config, layers, manifest, err);
}

static void release_descriptor(struct descriptor *descriptor)
{
	cleanup_memory(&descriptor->media_type);
	cleanup_memory(&descriptor->digest);
}

/* --- exported ------------------------------------------------------------------------------ */

int manifest_parse(const char *bytes, size_t length, const char *content_type,
		   struct manifest *manifest, struct error *err)
{
	AUTO_MANIFEST struct manifest parsed = {0};
	AUTO_JSON cJSON *document = json_parse("manifest", bytes, length, err);

	if (!document)
		return -1;
	if (read_document(document, content_type, &parsed, err) < 0)
		return error_wrap(err, "read the manifest");
	*manifest = parsed;
	parsed = (struct manifest){0};
	return 0;
}

int manifest_choose(const struct manifest *index, const struct platform *platform,
		    const struct descriptor **entry, struct error *err)
{
	const struct descriptor *best = NULL;
	AUTO_TEXT struct text name = {0};
	int best_match = 0;

	for (size_t i = 0; i < index->count; i++) {
		const struct descriptor *item = &index->items[i];
		int match = item->runnable ? platform_match(platform, &item->platform) : 0;

		if (match > best_match) {
			best = item;
			best_match = match;
		}
	}
	platform_add(platform, &name);
	if (!best)
		return error_set(err, ENOENT,
				 "no matching manifest for %s in the manifest list entries",
				 text_string(&name));
	*entry = best;
	return 0;
}

void manifest_release(struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++)
		release_descriptor(&manifest->items[i]);
	cleanup_memory(&manifest->items);
	release_descriptor(&manifest->config);
	*manifest = (struct manifest){0};
}

int platform_parse(const char *text, struct platform *platform, struct error *err)
{
	struct platform parsed = {.os = "linux"};
	struct utsname machine;
	int end = 0;

	uname(&machine);
	set(parsed.architecture, machine.machine);
	if (text && sscanf(text, "%31[a-z0-9]%n/%31[a-z0-9_-]%n/%31[a-z0-9]%n", parsed.os, &end,
			   parsed.architecture, &end, parsed.variant, &end) < 2)
		return error_set(err, EINVAL, "the platform '%s' is not OS/ARCHITECTURE[/VARIANT]",
				 text);
	if (text && text[end])
		return error_set(err, EINVAL, "the platform '%s' is not OS/ARCHITECTURE[/VARIANT]",
				 text);
	normalise(&parsed);
	*platform = parsed;
	return 0;
}

int platform_match(const struct platform *wanted, const struct platform *offered)
{
	/* An entry that leaves its platform out may be anything: better than none. */
	if (!*offered->os && !*offered->architecture)
		return 1;
	if (strcmp(wanted->os, offered->os) != 0 ||
	    strcmp(wanted->architecture, offered->architecture) != 0)
		return 0;
	if (strcmp(wanted->variant, offered->variant) == 0)
		return 20;
	/* "v7" runs what is made for "v6"; the nearest below is best. */
	if (wanted->variant[0] == 'v' && isdigit((unsigned char)offered->variant[1]) &&
	    strcmp(wanted->variant, offered->variant) > 0)
		return 2 + offered->variant[1] - '0';
	return *offered->variant ? 0 : 2;
}

bool platform_is(const struct platform *wanted, const char *os, const char *architecture)
{
	struct platform offered = *wanted;

	snprintf(offered.os, sizeof(offered.os), "%.31s", os);
	snprintf(offered.architecture, sizeof(offered.architecture), "%.31s", architecture);
	return platform_match(wanted, &offered) > 0;
}

void platform_add(const struct platform *platform, struct text *text)
{
	text_add_format(text, "%s/%s", platform->os, platform->architecture);
	if (*platform->variant)
		text_add_format(text, "/%s", platform->variant);
}
