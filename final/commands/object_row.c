/* A container as a row of `ps`, all words as Docker prints them; see object.h. */
#include "object.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "health.h"
#include "human.h"
#include "json.h"
#include "networks.h"
#include "volume.h"

#define ID_SHOWN 12
#define COMMAND_SHOWN 20

/* "Up 5 seconds", "Exited (0) 2 minutes ago", "Created". */
static void add_status(cJSON *row, const struct container *container)
{
	const struct container_state *state = &container->state;
	const char *health = health_word(container);
	AUTO_TEXT struct text text = {0};
	char span[HUMAN_SIZE];

	switch (state->status) {
	case CONTAINER_CREATED: text_add_string(&text, "Created"); break;
	case CONTAINER_RUNNING:
		human_duration((int64_t)time(NULL) - clock_seconds(state->started_at), span);
		text_add_format(&text, "Up %s", span);
		if (state->paused)
			text_add_string(&text, " (Paused)");
		else if (strcmp(health, "none") != 0)
			text_add_format(&text, " (%s%s)",
					strcmp(health, "starting") == 0 ? "health: " : "", health);
		break;
	case CONTAINER_RESTARTING:
		human_ago(state->finished_at, span);
		text_add_format(&text, "Restarting (%d) %s", state->exit_code, span);
		break;
	case CONTAINER_EXITED:
		human_ago(state->finished_at, span);
		text_add_format(&text, "Exited (%d) %s", state->exit_code, span);
		break;
	}
	cJSON_AddStringToObject(row, "Status", text_string(&text));
}

void object_add_created(cJSON *row, const char *created)
{
	time_t seconds = clock_seconds(created);
	char zoned[64];
	struct tm local;

	localtime_r(&seconds, &local);
	strftime(zoned, sizeof(zoned), "%Y-%m-%d %H:%M:%S %z %Z", &local);
	cJSON_AddStringToObject(row, "CreatedAt", zoned);
}

void object_add_row_labels(cJSON *row, const struct strings *labels)
{
	cJSON *by_key = cJSON_CreateObject();
	AUTO_TEXT struct text text = {0};

	for (size_t i = 0; i < labels->count; i++)
		text_add_format(&text, "%s%s", i ? "," : "", labels->items[i]);
	cJSON_AddStringToObject(row, "Labels", text_string(&text));
	object_add_labels(by_key, labels);
	cJSON_AddItemToObject(row, "Label", by_key);
}

void object_add_labels(cJSON *object, const struct strings *labels)
{
	for (size_t i = 0; i < labels->count; i++) {
		size_t length = strcspn(labels->items[i], "=");
		AUTO_FREE char *key = memory_format("%.*s", (int)length, labels->items[i]);
		const char *value = labels->items[i] + length;

		cJSON_AddStringToObject(object, key, *value ? value + 1 : "");
	}
}

/* The sources, long ones cut; and how many of them are volumes. */
static void add_mounts(cJSON *row, const struct container_config *config, bool whole)
{
	AUTO_VOLUMES struct volumes volumes = {0};
	AUTO_TEXT struct text text = {0}, named = {0};
	struct error ignored;
	int local = 0;

	for (size_t i = 0; i < config->volumes.count; i++)
		volumes_read(&volumes, config->volumes.items[i], &ignored);
	for (size_t i = 0; i < volumes.count; i++) {
		const char *source = volumes.items[i].source;
		bool cut = !whole && source && strlen(source) > 15;

		local += volumes.items[i].type == VOLUME_NAMED;
		if (source)
			text_add_format(&text, "%s%.*s%s", text.length ? "," : "",
					cut ? 14 : (int)strlen(source), source, cut ? "…" : "");
	}
	text_add_format(&named, "%d", local);
	cJSON_AddStringToObject(row, "LocalVolumes", text_string(&named));
	cJSON_AddStringToObject(row, "Mounts", text_string(&text));
}

/* All that it is to be in. */
static void add_networks(cJSON *row, const struct container_config *config)
{
	const struct connection *connection = &config->connection;
	AUTO_TEXT struct text text = {0};

	for (size_t i = 0; i < connection->member_count; i++)
		text_add_format(&text, "%s%s", i ? "," : "", connection->members[i].network);
	if (!connection->member_count && config->network)
		text_add_string(&text, config->network);
	cJSON_AddStringToObject(row, "Networks", text_string(&text));
}

cJSON *object_row_of_container(const struct container *container, bool whole)
{
	const struct container_config *config = &container->config;
	AUTO_FREE char *id =
		memory_format("%.*s", whole ? CONTAINER_ID_LENGTH : ID_SHOWN, container->id);
	AUTO_TEXT struct text ports = {0}, command = {0};
	cJSON *row = cJSON_CreateObject();
	char ago[HUMAN_SIZE];

	human_add_command(&config->argv, whole ? 0 : COMMAND_SHOWN, &command);
	cJSON_AddStringToObject(row, "Command", text_string(&command));
	object_add_created(row, container->state.created_at);
	cJSON_AddStringToObject(row, "ID", id);
	cJSON_AddStringToObject(row, "Image", config->image);
	object_add_row_labels(row, &config->labels);
	add_mounts(row, config, whole);
	cJSON_AddStringToObject(row, "Names", config->name);
	add_networks(row, config);
	cJSON_AddNullToObject(row, "Platform");
	object_ports_text(container, &ports);
	cJSON_AddStringToObject(row, "Ports", text_string(&ports));
	human_ago(container->state.created_at, ago);
	cJSON_AddStringToObject(row, "RunningFor", ago);
	cJSON_AddStringToObject(row, "Size", "0B");
	cJSON_AddStringToObject(row, "State", container_status_word(container));
	add_status(row, container);
	return row;
}
