/* A volume as a row of `volume ls`, and as inspect shows it; see object.h. */
#include "json.h"
#include "object.h"
#include "run_files.h"

/* The label by which Docker knows a volume that was made without a name. */
#define ANONYMOUS "com.docker.volume.anonymous"

/* "key=value" as members; null without any. */
static void add_map(cJSON *object, const char *name, const struct strings *map)
{
	static const struct strings none = {0};
	AUTO_STRINGS struct strings sorted = {0};

	run_merge_labels(&none, map, &sorted);
	if (sorted.count)
		object_add_labels(cJSON_AddObjectToObject(object, name), &sorted);
	else
		cJSON_AddNullToObject(object, name);
}

cJSON *object_of_stored_volume(const struct stored_volume *volume)
{
	cJSON *object = cJSON_CreateObject();
	AUTO_STRINGS struct strings labels = {0};

	strings_add_all(&labels, &volume->labels);
	if (volume->anonymous)
		strings_add(&labels, ANONYMOUS);
	cJSON_AddStringToObject(object, "CreatedAt", volume->created_at);
	cJSON_AddStringToObject(object, "Driver", "local");
	add_map(object, "Labels", &labels);
	cJSON_AddStringToObject(object, "Mountpoint", volume->path);
	cJSON_AddStringToObject(object, "Name", volume->name);
	add_map(object, "Options", &volume->options);
	cJSON_AddStringToObject(object, "Scope", "local");
	return object;
}

/* What Docker can tell only of a volume that its cluster keeps is N/A. */
cJSON *object_row_of_volume(const struct stored_volume *volume)
{
	AUTO_TEXT struct text labels = {0};
	cJSON *row = cJSON_CreateObject();

	for (size_t i = 0; i < volume->labels.count; i++)
		text_add_format(&labels, "%s%s", i ? "," : "", volume->labels.items[i]);
	if (volume->anonymous)
		text_add_format(&labels, "%s" ANONYMOUS "=", labels.length ? "," : "");
	cJSON_AddStringToObject(row, "Availability", "N/A");
	cJSON_AddStringToObject(row, "Driver", "local");
	cJSON_AddStringToObject(row, "Group", "N/A");
	cJSON_AddStringToObject(row, "Labels", text_string(&labels));
	cJSON_AddStringToObject(row, "Links", "N/A");
	cJSON_AddStringToObject(row, "Mountpoint", volume->path);
	cJSON_AddStringToObject(row, "Name", volume->name);
	cJSON_AddStringToObject(row, "Scope", "local");
	cJSON_AddStringToObject(row, "Size", "N/A");
	cJSON_AddStringToObject(row, "Status", "N/A");
	object_add_labels(cJSON_AddObjectToObject(row, "Label"), &volume->labels);
	return row;
}
