/* history: what an image was made of. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "format.h"
#include "human.h"
#include "json.h"
#include "manifest.h"
#include "program.h"
#include "store.h"
#include "subcommand.h"
#include "text.h"

#define ID_SHOWN 12
#define COMMAND_SHOWN 45
#define DIGEST_PREFIX "sha256:"

struct history_options {
	struct program_options program;
	bool quiet, whole, exact;
	char *format;
};

#define FIELD(name) offsetof(struct history_options, name)

static int option_human(void *field, const char *value, struct error *err)
{
	bool human = true;

	if (option_flag(&human, value, err) < 0)
		return -1;
	*(bool *)field = !human;
	return 0;
}

static const struct option_row history_rows[] = {
	{"format", 0, "FORMAT", option_string, FIELD(format),
	 "\"table\", \"table TEMPLATE\", \"json\", or a Go template", NULL, NULL},
	{"human", 'H', NULL, option_human, FIELD(exact), "Sizes and times for people", NULL, NULL},
	{"no-trunc", 0, NULL, option_flag, FIELD(whole), "Whole ids and commands", NULL, NULL},
	{"quiet", 'q', NULL, option_flag, FIELD(quiet), "Only ids", NULL, NULL},
	{0},
};

/* What the rows are made from. A step that is not empty has made the next layer. */
struct history {
	const struct history_options *options;
	const char *root;
	const struct image *image;
	size_t layer;
};

/* The config blob as it was received: the history is no part of struct image_config. */
static cJSON *read_config(const struct history *history, struct error *err)
{
	AUTO_FREE char *path = store_blob_path(history->root, history->image->id);
	AUTO_TEXT struct text blob = {0};

	if (file_read(AT_FDCWD, path, MANIFEST_BYTES_MAX, &blob, err) < 0)
		return NULL;
	return json_parse("image config", blob.data, blob.length, err);
}

/* It is a stranger's, and one line. */
static void add_line(cJSON *row, const char *name, const char *value, bool whole)
{
	AUTO_TEXT struct text shown = {0};

	for (const char *at = value; *at; at++)
		text_add(&shown, (unsigned char)*at < ' ' || *at == 0x7f ? " " : at, 1);
	if (!whole && shown.length > COMMAND_SHOWN) {
		shown.length = COMMAND_SHOWN - 1;
		text_add_string(&shown, "…");
	}
	cJSON_AddStringToObject(row, name, text_string(&shown));
}

static void add_size(cJSON *row, uint64_t bytes, bool exact)
{
	char human[HUMAN_SIZE];

	human_bytes(bytes, human);
	if (exact)
		snprintf(human, sizeof(human), "%llu", (unsigned long long)bytes);
	cJSON_AddStringToObject(row, "Size", human);
}

static int make_row(struct history *history, const cJSON *step, cJSON *row, struct error *err)
{
	const struct strings *diff_ids = &history->image->config.diff_ids;
	const char *created = "", *command = "", *comment = "";
	char since[HUMAN_SIZE];
	uint64_t bytes = 0;
	bool empty = false;

	if (json_get_string(step, "created", &created, err) < 0 ||
	    json_get_string(step, "created_by", &command, err) < 0 ||
	    json_get_string(step, "comment", &comment, err) < 0 ||
	    json_get_bool(step, "empty_layer", &empty, err) < 0)
		return -1;
	if (!empty && history->layer < diff_ids->count &&
	    store_layer_size(history->root, diff_ids->items[history->layer++], &bytes, err) < 0)
		return -1;
	human_ago(created, since);
	/* In the order of their names, as in Docker's JSON. */
	add_line(row, "Comment", comment, true);
	cJSON_AddStringToObject(row, "CreatedAt", created);
	add_line(row, "CreatedBy", command, history->options->whole);
	cJSON_AddStringToObject(row, "CreatedSince", since);
	cJSON_AddStringToObject(row, "ID", "<missing>");
	add_size(row, bytes, history->options->exact);
	return 0;
}

/* The newest step first; only the image itself has an id. */
static int make_rows(struct history *history, cJSON *rows, struct error *err)
{
	AUTO_JSON cJSON *config = read_config(history, err);
	const char *id = history->image->id;
	AUTO_FREE char *shown = history->options->whole ? memory_string(id)
							: memory_format("%.*s", ID_SHOWN,
									id + strlen(DIGEST_PREFIX));
	const cJSON *steps = NULL, *step;

	if (!config || json_get_array(config, "history", &steps, err) < 0)
		return -1;
	cJSON_ArrayForEach(step, steps) {
		cJSON *row = cJSON_CreateObject();

		cJSON_InsertItemInArray(rows, 0, row);
		if (make_row(history, step, row, err) < 0)
			return -1;
	}
	if (cJSON_GetArraySize(rows) > 0)
		cJSON_ReplaceItemInObjectCaseSensitive(cJSON_GetArrayItem(rows, 0), "ID",
						       cJSON_CreateString(shown));
	return 0;
}

static cJSON *make_titles(void)
{
	static const char *const titles[][2] = {
		{"ID", "IMAGE"},
		{"CreatedSince", "CREATED"},
		{"CreatedAt", "CREATED AT"},
		{"CreatedBy", "CREATED BY"},
		{"Size", "SIZE"},
		{"Comment", "COMMENT"},
	};
	cJSON *row = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_LENGTH(titles); i++)
		cJSON_AddStringToObject(row, titles[i][0], titles[i][1]);
	return row;
}

static int show_history(const struct call *call, const char *name,
			const struct history_options *options, struct error *err)
{
	AUTO_JSON cJSON *rows = cJSON_CreateArray(), *titles = make_titles();
	const struct format_view view = {
		options->format,
		options->exact
			? "{{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"
			: "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
		titles};
	AUTO_ENGINE struct engine engine = {0};
	AUTO_IMAGE struct image image = {0};
	struct history history = {.options = options, .image = &image};

	if (subcommand_engine(call, &engine, err) < 0 ||
	    store_find(engine.root, name, &image, err) < 0)
		return -1;
	history.root = engine.root;
	if (make_rows(&history, rows, err) < 0)
		return -1;
	return format_print_rows(&view, options->quiet ? "{{.ID}}" : NULL, rows, err);
}

int command_history(const struct call *call)
{
	struct history_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", history_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, 1), status = 0;
	struct error err;

	if (show_history(call, call->argv[operand], &options, &err) < 0)
		status = subcommand_fail(&err);
	cleanup_memory(&options.format);
	return status;
}
