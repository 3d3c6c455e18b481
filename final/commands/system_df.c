/* system df: what takes how much room. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "container.h"
#include "file.h"
#include "human.h"
#include "path.h"
#include "program.h"
#include "store.h"
#include "subcommand.h"
#include "table.h"
#include "tree_copy.h"
#include "volume_store.h"

/* One row. */
struct usage {
	size_t total, active;
	uint64_t bytes, reclaimable_bytes;
};

static void add_usage(const char *what, const struct usage *usage, struct table *table)
{
	char size[HUMAN_SIZE], reclaimable[HUMAN_SIZE];

	human_bytes(usage->bytes, size);
	human_bytes(usage->reclaimable_bytes, reclaimable);
	table_add(table, "%s", what);
	table_add(table, "%zu", usage->total);
	table_add(table, "%zu", usage->active);
	table_add(table, "%s", size);
	if (usage->bytes)
		table_add(table, "%s (%d%%)", reclaimable,
			  (int)(usage->reclaimable_bytes * 100 / usage->bytes));
	else
		table_add(table, "%s", reclaimable);
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

static int measure_images(const struct engine *engine, const struct strings *used,
			  struct usage *usage, struct error *err)
{
	AUTO_STRINGS struct strings ids = {0}, all = {0}, active = {0};
	struct image *images;
	uint64_t kept = 0;
	size_t count;

	if (store_list(engine->root, &images, &count, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!strings_contain(&ids, images[i].id)) {
			strings_add(&ids, images[i].id);
			usage->total++;
			usage->bytes += add_layers(&images[i], &all);
			if (strings_contain(used, images[i].id)) {
				usage->active++;
				kept += add_layers(&images[i], &active);
			}
		}
		image_release(&images[i]);
	}
	free(images);
	usage->reclaimable_bytes = usage->bytes - kept;
	return 0;
}

/* --- containers and volumes ---------------------------------------------------------------------- */

static int measure_containers(const struct engine *engine, struct usage *usage,
			      struct strings *images, struct error *err)
{
	struct container *list;
	size_t count;

	if (container_list(engine, &list, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *upper = path_join(list[i].dir, "upper");
		bool running = list[i].state.status == CONTAINER_RUNNING;
		uint64_t bytes = tree_size(upper);

		usage->total++;
		usage->active += running;
		usage->bytes += bytes;
		usage->reclaimable_bytes += running ? 0 : bytes;
		if (list[i].config.image_id)
			strings_add(images, list[i].config.image_id);
		container_release(&list[i]);
	}
	free(list);
	return 0;
}

static int measure_volumes(const struct engine *engine, struct usage *usage, struct error *err)
{
	struct stored_volume *list;
	size_t count;
	int result = 0;

	if (volume_store_list(engine, &list, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		AUTO_STRINGS struct strings users = {0};
		uint64_t bytes = tree_size(list[i].path);

		if (result == 0)
			result = volume_store_users(engine, list[i].name, false, &users, err);
		usage->total++;
		usage->active += users.count > 0;
		usage->bytes += bytes;
		usage->reclaimable_bytes += users.count ? 0 : bytes;
		stored_volume_release(&list[i]);
	}
	free(list);
	return result;
}

static int measure(const struct call *call, struct table *table, struct error *err)
{
	static const char *const titles[] = {"TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"};
	struct usage images = {0}, containers = {0}, volumes = {0}, cache = {0};
	AUTO_ENGINE struct engine engine = {0};
	AUTO_STRINGS struct strings used = {0};

	if (subcommand_engine(call, &engine, err) < 0 ||
	    measure_containers(&engine, &containers, &used, err) < 0 ||
	    measure_images(&engine, &used, &images, err) < 0 ||
	    measure_volumes(&engine, &volumes, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LENGTH(titles); i++)
		table_add(table, "%s", titles[i]);
	add_usage("Images", &images, table);
	add_usage("Containers", &containers, table);
	add_usage("Local Volumes", &volumes, table);
	/* There is none; Docker always shows the line. */
	add_usage("Build Cache", &cache, table);
	return 0;
}

int command_system_df(const struct call *call)
{
	struct program_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options},
		{0},
	};
	AUTO_TABLE struct table table = {.columns = 5};
	AUTO_TEXT struct text text = {0};
	struct error err;

	subcommand_options(call, groups, 0, 0);
	if (measure(call, &table, &err) < 0)
		return subcommand_fail(&err);
	table_print(&table, &text);
	fputs(text_string(&text), stdout);
	return 0;
}
