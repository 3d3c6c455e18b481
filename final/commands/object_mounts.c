/* What is mounted in a container, in the shape of `docker inspect`; see object.h. */
#include "object.h"

#include <string.h>

#include "json.h"
#include "volume.h"

/* A name that was made up: Docker lists such volumes only among what is mounted. */
static bool is_made_up(const char *name)
{
	return strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64;
}

static void read_volumes(const struct container_config *config, struct volumes *volumes)
{
	struct error ignored;

	for (size_t i = 0; i < config->volumes.count; i++)
		volumes_read(volumes, config->volumes.items[i], &ignored);
}

static void add_wish(const struct volume *volume, struct strings *binds, cJSON *tmpfs,
		     cJSON *mounts)
{
	static const char *const words[] = {"bind", "volume", "tmpfs"};
	AUTO_TEXT struct text text = {0};
	cJSON *mount;

	if (volume->type == VOLUME_TMPFS) {
		cJSON_AddStringToObject(tmpfs, volume->target, volume->tmpfs_options);
	} else if (volume->by_mount) {
		mount = cJSON_CreateObject();
		cJSON_AddStringToObject(mount, "Type", words[volume->type]);
		cJSON_AddStringToObject(mount, "Source", volume->source ? volume->source : "");
		cJSON_AddStringToObject(mount, "Target", volume->target);
		if (volume->read_only)
			cJSON_AddTrueToObject(mount, "ReadOnly");
		cJSON_AddItemToArray(mounts, mount);
	} else if (volume->source && !is_made_up(volume->source)) {
		volume_write(volume, &text);
		strings_add(binds, text_string(&text));
	}
}

void object_add_volume_wishes(cJSON *host_config, const struct container_config *config)
{
	cJSON *tmpfs = cJSON_CreateObject(), *mounts = cJSON_CreateArray();
	AUTO_VOLUMES struct volumes volumes = {0};
	AUTO_STRINGS struct strings binds = {0};

	read_volumes(config, &volumes);
	for (size_t i = 0; i < volumes.count; i++)
		add_wish(&volumes.items[i], &binds, tmpfs, mounts);
	if (binds.count)
		json_add_strings(host_config, "Binds", &binds);
	else
		cJSON_AddNullToObject(host_config, "Binds");
	/* as Docker: not there if there are none */
	if (tmpfs->child)
		cJSON_AddItemToObject(host_config, "Tmpfs", tmpfs);
	else
		cJSON_Delete(tmpfs);
	if (mounts->child)
		cJSON_AddItemToObject(host_config, "Mounts", mounts);
	else
		cJSON_Delete(mounts);
}

static cJSON *object_of_volume(const struct engine *engine, const struct volume *volume)
{
	bool named = volume->type == VOLUME_NAMED;
	AUTO_FREE char *path = named ? memory_format("%s/volumes/%s/_data", engine->root,
						     volume->source ? volume->source : "")
				     : memory_string(volume->source);
	cJSON *mount = cJSON_CreateObject();

	cJSON_AddStringToObject(mount, "Type", named ? "volume" : "bind");
	if (named)
		cJSON_AddStringToObject(mount, "Name", volume->source ? volume->source : "");
	cJSON_AddStringToObject(mount, "Source", path);
	cJSON_AddStringToObject(mount, "Destination", volume->target);
	if (named)
		cJSON_AddStringToObject(mount, "Driver", "local");
	cJSON_AddStringToObject(mount, "Mode",
				volume->read_only && !volume->by_mount ? "ro"
				: named				       ? "z"
								       : "");
	cJSON_AddBoolToObject(mount, "RW", !volume->read_only);
	cJSON_AddStringToObject(mount, "Propagation",
				named		      ? ""
				: volume->propagation ? volume->propagation
						      : "rprivate");
	return mount;
}

void object_add_mounts(cJSON *object, const struct engine *engine,
		       const struct container_config *config)
{
	cJSON *mounts = cJSON_AddArrayToObject(object, "Mounts");
	AUTO_VOLUMES struct volumes volumes = {0};

	read_volumes(config, &volumes);
	for (size_t i = 0; i < volumes.count; i++)
		if (volumes.items[i].type != VOLUME_TMPFS)
			cJSON_AddItemToArray(mounts, object_of_volume(engine, &volumes.items[i]));
}
