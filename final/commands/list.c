/* ps: the containers there are, and how they are. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "container.h"
#include "filter.h"
#include "format.h"
#include "health.h"
#include "json.h"
#include "human.h"
#include "networks.h"
#include "object.h"
#include "path.h"
#include "program.h"
#include "store.h"
#include "subcommand.h"
#include "tree_copy.h"
#include "volume.h"

#define USUAL                                                                                      \
	"{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"

struct list_options {
	struct program_options program;
	bool all, quiet, whole, latest, size;
	uint64_t last; /* 0: all that match */
	char *format;
	struct strings filters;
	struct strings damaged; /* what was found */
};

#define FIELD(name) offsetof(struct list_options, name)

static int option_count(void *field, const char *value, struct error *err)
{
	return strcmp(value, "-1") == 0 ? 0 : text_to_number(value, INT_MAX, field, err);
}

static const struct option_row list_rows[] = {
	{"all", 'a', NULL, option_flag, FIELD(all), "Also those that do not run", NULL, NULL},
	{"filter", 'f', "NAME=VALUE", filter_option, FIELD(filters),
	 "Only those that are so: name, id, status, exited, label, ancestor, before, since, health, volume, network, publish, expose, is-task",
	 NULL, NULL},
	{"format", 0, "FORMAT", option_string, FIELD(format),
	 "\"table\", \"table TEMPLATE\", \"json\", or a Go template", NULL, NULL},
	{"last", 'n', "NUMBER", option_count, FIELD(last),
	 "The last containers that were made, in any state", NULL, NULL},
	{"latest", 'l', NULL, option_flag, FIELD(latest), "The last one that was made", NULL, NULL},
	{"no-trunc", 0, NULL, option_flag, FIELD(whole), "Whole ids and commands", NULL, NULL},
	{"quiet", 'q', NULL, option_flag, FIELD(quiet), "Only ids", NULL, NULL},
	{"size", 's', NULL, option_flag, FIELD(size),
	 "Also what each has written, and with its image", NULL, NULL},
	{0},
};

static const char *const filter_names[] = {"name",     "id",	  "status", "exited",  "label",
					   "ancestor", "before",  "since",  "health",  "volume",
					   "network",  "publish", "expose", "is-task", NULL};

/* --- what is chosen ------------------------------------------------------------------------ */

/* Whether a value is the source, the name or the place of a volume. */
static bool names_volume(const char *text, const char *value)
{
	AUTO_VOLUMES struct volumes volumes = {0};
	struct error ignored;

	if (volumes_read(&volumes, text, &ignored) < 0)
		return false;
	return strcmp(volumes.items[0].target, value) == 0 ||
	       (volumes.items[0].source && strcmp(volumes.items[0].source, value) == 0);
}

static bool has_volume(const struct strings *filters, const struct container_config *config)
{
	size_t next = 0;
	const char *value = filter_value(filters, "volume", &next);

	if (!value)
		return true;
	for (; value; value = filter_value(filters, "volume", &next))
		for (size_t i = 0; i < config->volumes.count; i++)
			if (names_volume(config->volumes.items[i], value))
				return true;
	return false;
}

/* An ancestor is an image by any of its names. */
static bool has_ancestor(const struct engine *engine, const struct strings *filters,
			 const struct container_config *config)
{
	size_t next = 0;
	const char *value = filter_value(filters, "ancestor", &next);

	if (!value)
		return true;
	for (; value; value = filter_value(filters, "ancestor", &next)) {
		AUTO_IMAGE struct image image = {0};
		struct error none;

		if (strcmp(value, config->image) == 0 ||
		    (store_find(engine->root, value, &image, &none) == 0 && config->image_id &&
		     strcmp(image.id, config->image_id) == 0))
			return true;
	}
	return false;
}

static bool has_exited(const struct strings *filters, const struct container *container)
{
	AUTO_FREE char *code = memory_format("%d", container->state.exit_code);
	size_t next = 0;

	if (!filter_value(filters, "exited", &next))
		return true;
	return container->state.status == CONTAINER_EXITED && filter_equal(filters, "exited", code);
}

/* One of the ports that either filter names is enough, as in Docker. */
static bool has_port(const struct strings *filters, const struct container *container)
{
	static const char *const names[] = {"expose", "publish"};
	bool asked = false;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		size_t next = 0;
		const char *value = filter_value(filters, names[i], &next);

		for (; value; value = filter_value(filters, names[i], &next)) {
			if (object_has_port(container, value, i == 1))
				return true;
			asked = true;
		}
	}
	return !asked;
}

/* One of its networks by name. */
static bool has_network(const struct strings *filters, const struct container_config *config)
{
	const struct connection *connection = &config->connection;

	for (size_t i = 0; i < connection->member_count; i++)
		if (filter_equal(filters, "network", connection->members[i].network))
			return true;
	return !connection->member_count &&
	       filter_equal(filters, "network", config->network ? config->network : "");
}

/* Words that can't be are mistakes, and not filters that nothing fits. */
static int check_words(const struct strings *filters, struct error *err)
{
	static const char *const words[][9] = {
		{"status", "created", "running", "paused", "restarting", "removing", "exited",
		 "dead"},
		{"health", "none", "starting", "healthy", "unhealthy"},
		{"is-task", "true", "false", "1", "0"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		size_t next = 0;
		const char *value = filter_value(filters, words[i][0], &next);

		for (; value; value = filter_value(filters, words[i][0], &next)) {
			size_t k = 1;

			while (words[i][k] && strcmp(words[i][k], value) != 0)
				k++;
			if (!words[i][k])
				return error_set(err, EINVAL, "invalid filter '%s=%s'", words[i][0],
						 value);
		}
	}
	return 0;
}

static bool matches(const struct engine *engine, const struct strings *filters,
		    const struct container *container)
{
	const struct container_config *config = &container->config;
	AUTO_FREE char *slashed = memory_format("/%s", config->name);

	return (filter_found(filters, "name", config->name) ||
		filter_found(filters, "name", slashed)) &&
	       filter_found(filters, "id", container->id) &&
	       filter_equal(filters, "status", container_status_word(container)) &&
	       filter_equal(filters, "health", health_word(container)) &&
	       has_network(filters, config) && has_port(filters, container) &&
	       (filter_equal(filters, "is-task", "false") ||
		filter_equal(filters, "is-task", "0")) &&
	       filter_labels(filters, &config->labels) && has_exited(filters, container) &&
	       has_volume(filters, config) && has_ancestor(engine, filters, config);
}

/* When the container that a filter names was made; "" without the filter. */
static int find_time(const struct engine *engine, const struct strings *filters, const char *name,
		     char **time, struct error *err)
{
	AUTO_CONTAINER struct container container = {0};
	size_t next = 0;
	const char *value = filter_value(filters, name, &next);

	if (value && container_find(engine, value, &container, err) < 0)
		return -1;
	*time = memory_string(value ? container.state.created_at : "");
	return 0;
}

/* Whether also those are shown that have ended. */
static bool wants_all(const struct list_options *options)
{
	size_t next = 0;

	return options->all || options->latest || options->last ||
	       filter_value(&options->filters, "status", &next);
}

static bool is_wanted(const struct list_options *options, const struct container *container)
{
	return wants_all(options) || container->state.status == CONTAINER_RUNNING ||
	       container->state.status == CONTAINER_RESTARTING;
}

/* --- what is shown ------------------------------------------------------------------------- */

static const char *const titles[][2] = {
	{"ID", "CONTAINER ID"},
	{"Image", "IMAGE"},
	{"Command", "COMMAND"},
	{"CreatedAt", "CREATED AT"},
	{"RunningFor", "CREATED"},
	{"Ports", "PORTS"},
	{"State", "STATE"},
	{"Status", "STATUS"},
	{"Size", "SIZE"},
	{"Names", "NAMES"},
	{"Labels", "LABELS"},
	{"Mounts", "MOUNTS"},
	{"LocalVolumes", "LOCAL VOLUMES"},
	{"Networks", "NETWORKS"},
	{"Platform", "PLATFORM"},
};

static cJSON *title_row(void)
{
	cJSON *row = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_LENGTH(titles); i++)
		cJSON_AddStringToObject(row, titles[i][0], titles[i][1]);
	cJSON_AddObjectToObject(row, "Label");
	return row;
}

/* "2kB (virtual 4.43MB)": what it has written, and with what it is written over. */
static void add_size(const struct engine *engine, const struct container *container, cJSON *row)
{
	AUTO_FREE char *upper = path_join(container->dir, "upper"), *text = NULL;
	char written[HUMAN_SIZE], whole[HUMAN_SIZE];
	uint64_t bytes = tree_size(upper), below = 0;
	AUTO_IMAGE struct image image = {0};
	struct error gone;

	if (store_find(engine->root, container->config.image_id, &image, &gone) == 0)
		below = image.size_bytes;
	human_bytes(bytes, written);
	human_bytes(bytes + below, whole);
	text = memory_format("%s (virtual %s)", written, whole);
	cJSON_ReplaceItemInObjectCaseSensitive(row, "Size", cJSON_CreateString(text));
}

/* Whether it has to be found out, which means to look at every file. */
static bool wants_size(const struct list_options *options)
{
	return options->size || (options->format && strstr(options->format, ".Size"));
}

static int choose(const struct engine *engine, struct list_options *options, cJSON *rows,
		  struct error *err)
{
	AUTO_FREE char *before = NULL, *since = NULL;
	uint64_t most = options->latest ? 1 : options->last;
	struct container *containers = NULL;
	size_t count = 0, chosen = 0;
	int (*find)(const struct engine *engine, struct container **containers, size_t *count,
		    struct strings *damaged, struct error *err) =
		wants_all(options) ? container_list : container_list_alive;

	if (filter_check(&options->filters, filter_names, err) < 0 ||
	    check_words(&options->filters, err) < 0 ||
	    find_time(engine, &options->filters, "before", &before, err) < 0 ||
	    find_time(engine, &options->filters, "since", &since, err) < 0 ||
	    find(engine, &containers, &count, &options->damaged, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct container *container = &containers[i];
		const char *made = container->state.created_at;

		if (is_wanted(options, container) &&
		    matches(engine, &options->filters, container) &&
		    (!*before || strcmp(made, before) < 0) &&
		    (!*since || strcmp(made, since) > 0) && (!most || chosen++ < most)) {
			cJSON *row = object_row_of_container(container, options->whole);

			if (wants_size(options))
				add_size(engine, container, row);
			cJSON_AddItemToArray(rows, row);
		}
		container_release(&containers[i]);
	}
	cleanup_memory(&containers);
	return 0;
}

static int list(const struct call *call, struct list_options *options, struct error *err)
{
	AUTO_JSON cJSON *rows = cJSON_CreateArray(), *header = title_row();
	const struct format_view view = {options->format,
					 options->size ? USUAL "\t{{.Size}}" : USUAL, header};
	AUTO_ENGINE struct engine engine = {0};

	if (subcommand_engine(call, &engine, err) < 0 || choose(&engine, options, rows, err) < 0)
		return -1;
	return format_print_rows(&view, options->quiet ? "{{.ID}}" : NULL, rows, err);
}

int command_ps(const struct call *call)
{
	struct list_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", list_rows, &options},
		{0},
	};
	struct error err;
	int status = 0;

	subcommand_options(call, groups, 0, 0);
	if (list(call, &options, &err) < 0)
		status = subcommand_fail(&err);
	status |= subcommand_fail_for(&options.damaged);
	cleanup_memory(&options.format);
	strings_release(&options.filters);
	strings_release(&options.damaged);
	return status;
}
