/* system df: what takes how much room. Docker's totals have four digits, what is listed has three. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "cleanup.h"
#include "container.h"
#include "file.h"
#include "format.h"
#include "human.h"
#include "json.h"
#include "object.h"
#include "path.h"
#include "program.h"
#include "reference.h"
#include "store.h"
#include "subcommand.h"
#include "tree_copy.h"
#include "volume_store.h"

struct df_options {
	struct program_options program;
	char *format;
	bool verbose;
};

#define FIELD(name) offsetof(struct df_options, name)

static const struct option_row df_rows[] = {
	{"format", 0, "FORMAT", option_string, FIELD(format),
	 "\"table\", \"json\", or a Go template", NULL, NULL},
	{"verbose", 'v', NULL, option_flag, FIELD(verbose), "Each image, container and volume",
	 NULL, NULL},
	{0},
};

struct usage {
	size_t total, active;
	uint64_t bytes, reclaimable_bytes;
};

/* What is measured: a sum, and the rows of what is in it, an array in a document. */
struct measurement {
	const struct engine *engine;
	bool whole; /* ids are */
	cJSON *document;
	struct strings used; /* the image of each container */
	struct usage images, containers, volumes;
};

static void set_bytes(cJSON *row, const char *name, uint64_t bytes)
{
	char size[HUMAN_SIZE];

	human_total_bytes(bytes, size);
	cJSON_ReplaceItemInObjectCaseSensitive(row, name, cJSON_CreateString(size));
}

static void set_number(cJSON *row, const char *name, size_t number)
{
	AUTO_FREE char *text = memory_format("%zu", number);

	cJSON_ReplaceItemInObjectCaseSensitive(row, name, cJSON_CreateString(text));
}

/* --- images -------------------------------------------------------------------------------------- */

/* As the store noted it when the layer was unpacked. */
static uint64_t size_of_layer(const char *dir)
{
	AUTO_FREE char *path = memory_format("%s.size", dir);
	AUTO_TEXT struct text text = {0};
	struct error missing;

	return file_read(AT_FDCWD, path, 64, &text, &missing) < 0 ? 0
								  : strtoull(text.data, NULL, 10);
}

/* A layer takes its room once, however many images have it. */
static uint64_t add_layers(const struct image *image, struct strings *seen)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < image->layers.count; i++) {
		if (strings_contain(seen, image->layers.items[i]))
			continue;
		strings_add(seen, image->layers.items[i]);
		bytes += size_of_layer(image->layers.items[i]);
	}
	return bytes;
}

/* Of the layers that other images have, too. */
static uint64_t shared_bytes(const struct image *images, size_t count, const struct image *image)
{
	AUTO_STRINGS struct strings others = {0};
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		if (strcmp(images[i].id, image->id) != 0)
			strings_add_all(&others, &images[i].layers);
	for (size_t i = 0; i < image->layers.count; i++)
		if (strings_contain(&others, image->layers.items[i]))
			bytes += size_of_layer(image->layers.items[i]);
	return bytes;
}

static void add_image(struct measurement *all, const struct image *image, uint64_t shared)
{
	cJSON *rows = cJSON_GetObjectItemCaseSensitive(all->document, "Images"), *row;
	AUTO_REFERENCE struct reference name = {0};
	struct error nameless;
	size_t containers = 0;

	if (reference_parse(image->name, &name, &nameless) < 0)
		return;
	for (size_t i = 0; i < all->used.count; i++)
		containers += strcmp(all->used.items[i], image->id) == 0;
	row = object_row_of_image(image, &name, all->whole);
	set_number(row, "Containers", containers);
	set_bytes(row, "SharedSize", shared);
	set_bytes(row, "UniqueSize", image->size_bytes - MIN(shared, image->size_bytes));
	set_bytes(row, "VirtualSize", image->size_bytes);
	cJSON_AddItemToArray(rows, row);
}

static int measure_images(struct measurement *all, struct error *err)
{
	AUTO_STRINGS struct strings ids = {0}, layers = {0}, active = {0};
	struct usage *usage = &all->images;
	struct image *images;
	uint64_t kept = 0;
	size_t count;

	if (store_list(all->engine->root, &images, &count, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		add_image(all, &images[i], shared_bytes(images, count, &images[i]));
		if (strings_contain(&ids, images[i].id))
			continue;
		strings_add(&ids, images[i].id);
		usage->total++;
		usage->bytes += add_layers(&images[i], &layers);
		if (strings_contain(&all->used, images[i].id)) {
			usage->active++;
			kept += add_layers(&images[i], &active);
		}
	}
	for (size_t i = 0; i < count; i++)
		image_release(&images[i]);
	free(images);
	usage->reclaimable_bytes = usage->bytes - kept;
	return 0;
}

/* --- containers and volumes ---------------------------------------------------------------------- */

static void count_in(struct usage *usage, bool active, uint64_t bytes)
{
	usage->total++;
	usage->active += active;
	usage->bytes += bytes;
	usage->reclaimable_bytes += active ? 0 : bytes;
}

static int measure_containers(struct measurement *all, struct error *err)
{
	cJSON *rows = cJSON_GetObjectItemCaseSensitive(all->document, "Containers");
	struct container *list;
	size_t count;

	if (container_list(all->engine, &list, &count, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *upper = path_join(list[i].dir, "upper");
		cJSON *row = object_row_of_container(&list[i], all->whole);
		uint64_t bytes = tree_size(upper);
		char size[HUMAN_SIZE];

		count_in(&all->containers, list[i].state.status == CONTAINER_RUNNING, bytes);
		human_bytes(bytes, size);
		cJSON_ReplaceItemInObjectCaseSensitive(row, "Size", cJSON_CreateString(size));
		cJSON_AddItemToArray(rows, row);
		if (list[i].config.image_id)
			strings_add(&all->used, list[i].config.image_id);
		container_release(&list[i]);
	}
	free(list);
	return 0;
}

static int measure_volumes(struct measurement *all, struct error *err)
{
	cJSON *rows = cJSON_GetObjectItemCaseSensitive(all->document, "Volumes");
	struct stored_volume *list;
	size_t count;
	int result = 0;

	if (volume_store_list(all->engine, &list, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		AUTO_STRINGS struct strings users = {0};
		cJSON *row = object_row_of_volume(&list[i]);
		uint64_t bytes = tree_size(list[i].path);

		if (result == 0)
			result = volume_store_users(all->engine, list[i].name, &users, err);
		count_in(&all->volumes, users.count > 0, bytes);
		set_number(row, "Links", users.count);
		set_bytes(row, "Size", bytes);
		cJSON_AddItemToArray(rows, row);
		stored_volume_release(&list[i]);
	}
	free(list);
	return result;
}

static int measure(struct measurement *all, struct error *err)
{
	all->document = cJSON_CreateObject();
	cJSON_AddArrayToObject(all->document, "Images");
	cJSON_AddArrayToObject(all->document, "Containers");
	cJSON_AddArrayToObject(all->document, "Volumes");
	/* There is none; Docker always shows it. */
	cJSON_AddArrayToObject(all->document, "BuildCache");
	if (measure_containers(all, err) < 0 || measure_images(all, err) < 0)
		return -1;
	return measure_volumes(all, err);
}

/* --- shown --------------------------------------------------------------------------------------- */

/* A column of one of the tables. */
struct title {
	const char *name, *text;
};

/* The titles end in a zeroed one. */
static int print_rows(const struct title *titles, const char *format, const cJSON *rows,
		      struct text *text, struct error *err)
{
	AUTO_JSON cJSON *header = cJSON_CreateObject();
	AUTO_TEXT struct text usual = {0};

	for (const struct title *title = titles; title->name; title++) {
		cJSON_AddStringToObject(header, title->name, title->text);
		text_add_format(&usual, "%s{{.%s}}", usual.length ? "\t" : "", title->name);
	}
	return format_rows(&(struct format_view){format, text_string(&usual), header}, rows, text,
			   err);
}

static void add_usage(const char *what, const struct usage *usage, cJSON *rows)
{
	char size[HUMAN_SIZE], reclaimable[HUMAN_SIZE];
	cJSON *row = cJSON_CreateObject();
	AUTO_TEXT struct text share = {0};

	human_total_bytes(usage->bytes, size);
	human_total_bytes(usage->reclaimable_bytes, reclaimable);
	text_add_string(&share, reclaimable);
	if (usage->bytes)
		text_add_format(&share, " (%" PRIu64 "%%)",
				usage->reclaimable_bytes * 100 / usage->bytes);
	cJSON_AddStringToObject(row, "Active", "");
	set_number(row, "Active", usage->active);
	cJSON_AddStringToObject(row, "Reclaimable", text_string(&share));
	cJSON_AddStringToObject(row, "Size", size);
	cJSON_AddStringToObject(row, "TotalCount", "");
	set_number(row, "TotalCount", usage->total);
	cJSON_AddStringToObject(row, "Type", what);
	cJSON_AddItemToArray(rows, row);
}

static int print_totals(const struct measurement *all, const char *format, struct text *text,
			struct error *err)
{
	static const struct title titles[] = {
		{"Type", "TYPE"}, {"TotalCount", "TOTAL"},	  {"Active", "ACTIVE"},
		{"Size", "SIZE"}, {"Reclaimable", "RECLAIMABLE"}, {0}};
	AUTO_JSON cJSON *rows = cJSON_CreateArray();

	add_usage("Images", &all->images, rows);
	add_usage("Containers", &all->containers, rows);
	add_usage("Local Volumes", &all->volumes, rows);
	add_usage("Build Cache", &(struct usage){0}, rows);
	return print_rows(titles, format, rows, text, err);
}

static int print_all(const struct measurement *all, struct text *text, struct error *err)
{
	static const struct {
		const char *heading, *name;
		struct title titles[9];
	} tables[] = {
		{"Images space usage:",
		 "Images",
		 {{"Repository", "REPOSITORY"},
		  {"Tag", "TAG"},
		  {"ID", "IMAGE ID"},
		  {"CreatedSince", "CREATED"},
		  {"Size", "SIZE"},
		  {"SharedSize", "SHARED SIZE"},
		  {"UniqueSize", "UNIQUE SIZE"},
		  {"Containers", "CONTAINERS"}}},
		{"\nContainers space usage:",
		 "Containers",
		 {{"ID", "CONTAINER ID"},
		  {"Image", "IMAGE"},
		  {"Command", "COMMAND"},
		  {"LocalVolumes", "LOCAL VOLUMES"},
		  {"Size", "SIZE"},
		  {"RunningFor", "CREATED"},
		  {"Status", "STATUS"},
		  {"Names", "NAMES"}}},
		{"\nLocal Volumes space usage:",
		 "Volumes",
		 {{"Name", "VOLUME NAME"}, {"Links", "LINKS"}, {"Size", "SIZE"}}},
		{"\nBuild cache usage: 0B",
		 "BuildCache",
		 {{"ID", "CACHE ID"},
		  {"CacheType", "CACHE TYPE"},
		  {"Size", "SIZE"},
		  {"CreatedSince", "CREATED"},
		  {"LastUsedSince", "LAST USED"},
		  {"UsageCount", "USAGE"},
		  {"Shared", "SHARED"}}},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
		text_add_format(text, "%s\n\n", tables[i].heading);
		if (print_rows(tables[i].titles, NULL,
			       cJSON_GetObjectItemCaseSensitive(all->document, tables[i].name),
			       text, err) < 0)
			return -1;
	}
	return 0;
}

static int df(const struct call *call, const struct df_options *options, struct error *err)
{
	const char *format = options->format;
	bool table = !format || strcmp(format, "table") == 0;
	AUTO_ENGINE struct engine engine = {0};
	AUTO_TEXT struct text text = {0};
	struct measurement all = {.engine = &engine, .whole = !table};
	int result = subcommand_engine(call, &engine, err);

	if (result == 0)
		result = measure(&all, err);
	if (result == 0 && !options->verbose)
		result = print_totals(&all, format, &text, err);
	else if (result == 0)
		result = table ? print_all(&all, &text, err)
			       : format_document(format, all.document, &text, err);
	fputs(text_string(&text), stdout);
	cJSON_Delete(all.document);
	strings_release(&all.used);
	return result;
}

int command_system_df(const struct call *call)
{
	struct df_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", df_rows, &options},
		{0},
	};
	struct error err;
	int result;

	subcommand_options(call, groups, 0, 0);
	result = df(call, &options, &err);
	cleanup_memory(&options.format);
	return result < 0 ? subcommand_fail(&err) : 0;
}
