/* docker import; see image_import.h. */
#include "image_import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "image_change.h"
#include "image_write.h"
#include "json.h"
#include "manifest.h"
#include "store_write.h"

static void now(char text[32])
{
	time_t seconds = time(NULL);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void add_platform(cJSON *document, const struct platform *platform)
{
	cJSON_AddStringToObject(document, "architecture", platform->architecture);
	if (*platform->variant)
		cJSON_AddStringToObject(document, "variant", platform->variant);
	cJSON_AddStringToObject(document, "os", platform->os);
}

static void add_history(cJSON *document, const char *created, const char *message)
{
	cJSON *entry = cJSON_CreateObject();

	cJSON_AddItemToArray(cJSON_AddArrayToObject(document, "history"), entry);
	cJSON_AddStringToObject(entry, "created", created);
	cJSON_AddStringToObject(entry, "comment", message ? message : "Imported from -");
}

static int make_config(const struct import_request *request, const char *diff_id,
		       struct text *config, struct error *err)
{
	AUTO_JSON cJSON *document = cJSON_CreateObject();
	AUTO_STRINGS struct strings diff_ids = {0};
	struct platform platform;
	char created[32];
	cJSON *process, *rootfs;

	if (platform_parse(request->platform, &platform, err) < 0)
		return -1;
	now(created);
	strings_add(&diff_ids, diff_id);
	cJSON_AddStringToObject(document, "created", created);
	add_platform(document, &platform);
	process = cJSON_AddObjectToObject(document, "config");
	for (size_t i = 0; i < request->changes->count; i++)
		if (image_change_apply(process, request->changes->items[i], err) < 0)
			return -1;
	rootfs = cJSON_AddObjectToObject(document, "rootfs");
	cJSON_AddStringToObject(rootfs, "type", "layers");
	json_add_strings(rootfs, "diff_ids", &diff_ids);
	add_history(document, created, request->message);
	json_print(document, false, config);
	return 0;
}

int image_import(const struct import_request *request, char id[DIGEST_SIZE], struct error *err)
{
	AUTO_STAGED_LAYERS struct staged_layers layers = {0};
	AUTO_TEXT struct text config = {0}, manifest = {0};
	AUTO_CLOSE int lock = -1;
	char digest[DIGEST_SIZE];

	/* A change that is none is found before the work is done. */
	if (make_config(request, "", &config, err) < 0)
		return -1;
	text_release(&config);
	lock = store_lock(request->root, false, err);
	if (lock < 0 || image_write_layer(request->root, request->input_fd, &layers, err) < 0 ||
	    make_config(request, layers.items[0].diff_id, &config, err) < 0)
		return -1;
	image_write_manifest(&layers, &config, &manifest);
	digest_of(manifest.data, manifest.length, digest);
	digest_of(config.data, config.length, id);
	if (image_write_commit(request->root, &layers, &config, &manifest, err) < 0)
		return -1;
	return image_write_name(request->root, request->name, digest, digest, err);
}
