/* What a container's process may do, in the HostConfig of inspect; see object.h. */
#include <stdlib.h>
#include <string.h>

#include "host_devices.h"
#include "json.h"
#include "object.h"

#define SHM_BYTES (64 << 20)

/* Docker's null where nothing was asked for. */
static void add_strings_or_null(cJSON *to, const char *name, const struct strings *list)
{
	if (list->count)
		json_add_strings(to, name, list);
	else
		cJSON_AddNullToObject(to, name);
}

/* "nofile=1024:2048": the hard limit is the soft one if it is not given. */
static void add_ulimits(cJSON *to, const struct strings *ulimits)
{
	cJSON *array = cJSON_AddArrayToObject(to, "Ulimits");

	for (size_t i = 0; i < ulimits->count; i++) {
		const char *text = ulimits->items[i], *soft = strchr(text, '=') + 1;
		const char *hard = strchr(soft, ':');
		AUTO_FREE char *name = memory_format("%.*s", (int)(soft - 1 - text), text);
		cJSON *limit = cJSON_CreateObject();

		cJSON_AddStringToObject(limit, "Name", name);
		json_add_number(limit, "Hard", strtoll(hard ? hard + 1 : soft, NULL, 10));
		json_add_number(limit, "Soft", strtoll(soft, NULL, 10));
		cJSON_AddItemToArray(array, limit);
	}
}

static void add_devices(cJSON *to, const struct strings *devices)
{
	cJSON *array = cJSON_AddArrayToObject(to, "Devices");

	for (size_t i = 0; i < devices->count; i++) {
		AUTO_HOST_DEVICE struct host_device device = {0};
		struct error ignored; /* checked before it was recorded */
		cJSON *item;

		if (host_device_parse(devices->items[i], &device, &ignored) < 0)
			continue;
		item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "PathOnHost", device.source);
		cJSON_AddStringToObject(item, "PathInContainer", device.target);
		cJSON_AddStringToObject(item, "CgroupPermissions", device.access);
		cJSON_AddItemToArray(array, item);
	}
}

void object_add_sharing(cJSON *host_config, const struct sharing *sharing)
{
	const char *pid = sharing->from[NAMESPACE_PID], *uts = sharing->from[NAMESPACE_UTS];
	const char *ipc =
		sharing->from[NAMESPACE_IPC] ? sharing->from[NAMESPACE_IPC] : sharing->ipc;

	cJSON_AddStringToObject(host_config, "IpcMode", ipc ? ipc : "private");
	cJSON_AddStringToObject(host_config, "PidMode", pid ? pid : "");
	cJSON_AddStringToObject(host_config, "UTSMode", uts ? uts : "");
	cJSON_AddStringToObject(host_config, "UsernsMode", sharing->userns ? sharing->userns : "");
}

void object_add_attributes(cJSON *host_config, const struct container_config *config)
{
	const struct attributes *attributes = &config->attributes;
	uint64_t shm_bytes = config->wishes.shm_bytes;

	cJSON_AddBoolToObject(host_config, "Privileged", attributes->privileged);
	add_strings_or_null(host_config, "GroupAdd", &attributes->groups);
	add_strings_or_null(host_config, "SecurityOpt", &attributes->security);
	json_add_number(host_config, "OomScoreAdj", attributes->oom_score_adj);
	json_add_number(host_config, "ShmSize", (int64_t)(shm_bytes ? shm_bytes : SHM_BYTES));
	if (config->sysctls.count)
		object_add_labels(cJSON_AddObjectToObject(host_config, "Sysctls"),
				  &config->sysctls);
	add_ulimits(host_config, &attributes->ulimits);
	add_devices(host_config, &config->wishes.devices);
}
