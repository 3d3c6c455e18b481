/* image: what can be done with images, under one name; and history, prune and system check. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"
#include "file.h"
#include "group.h"
#include "human.h"
#include "image_helper.h"
#include "json.h"
#include "manifest.h"
#include "program.h"
#include "store.h"
#include "subcommand.h"
#include "table.h"
#include "text.h"

#define ID_SHOWN 12
#define COMMAND_SHOWN 45
#define DIGEST_PREFIX "sha256:"

struct image_command_options {
	struct program_options program;
	bool quiet, whole, exact, all, force;
};

#define FIELD(name) offsetof(struct image_command_options, name)

static int option_human(void *field, const char *value, struct error *err)
{
	bool human = true;

	if (option_flag(&human, value, err) < 0)
		return -1;
	*(bool *)field = !human;
	return 0;
}

static const struct option_row history_rows[] = {
	{"human", 'H', NULL, option_human, FIELD(exact), "Sizes and times for people", NULL, NULL},
	{"no-trunc", 0, NULL, option_flag, FIELD(whole), "Whole ids and commands", NULL, NULL},
	{"quiet", 'q', NULL, option_flag, FIELD(quiet), "Only ids", NULL, NULL},
	{0},
};

static const struct option_row prune_rows[] = {
	{"all", 'a', NULL, option_flag, FIELD(all), "Also images that have a name", NULL, NULL},
	{"force", 'f', NULL, option_flag, FIELD(force), "Do not ask", NULL, NULL},
	{0},
};

static const struct option_row check_rows[] = {{0}};

/* --- history --------------------------------------------------------------------------------- */

/* The config blob as it was received: the history is no part of struct image_config. */
static cJSON *read_config(const char *root, const char *id, struct error *err)
{
	AUTO_FREE char *path = store_blob_path(root, id);
	AUTO_TEXT struct text blob = {0};

	if (file_read(AT_FDCWD, path, MANIFEST_BYTES_MAX, &blob, err) < 0)
		return NULL;
	return json_parse("image config", blob.data, blob.length, err);
}

static void add_command(const char *command, bool whole, struct table *table)
{
	AUTO_TEXT struct text shown = {0};

	/* It is a stranger's, and one line. */
	for (const char *at = command; *at; at++)
		text_add(&shown, (unsigned char)*at < ' ' || *at == 0x7f ? " " : at, 1);
	if (!whole && shown.length > COMMAND_SHOWN)
		table_add(table, "%.*s…", COMMAND_SHOWN - 1, text_string(&shown));
	else
		table_add(table, "%s", text_string(&shown));
}

struct step {
	const char *created, *command, *comment;
	bool empty;
	uint64_t bytes;
};

/* What the steps are read from. A step that is not empty has made the next layer. */
struct history {
	const char *root;
	const struct image *image;
	size_t layer;
};

static int read_step(struct history *history, const cJSON *entry, struct step *step,
		     struct error *err)
{
	const struct strings *diff_ids = &history->image->config.diff_ids;

	*step = (struct step){.created = "", .command = "", .comment = ""};
	if (json_get_string(entry, "created", &step->created, err) < 0 ||
	    json_get_string(entry, "created_by", &step->command, err) < 0 ||
	    json_get_string(entry, "comment", &step->comment, err) < 0 ||
	    json_get_bool(entry, "empty_layer", &step->empty, err) < 0)
		return -1;
	if (step->empty || history->layer == diff_ids->count)
		return 0;
	return store_layer_size(history->root, diff_ids->items[history->layer++], &step->bytes,
				err);
}

static void add_step(const struct step *step, const char *id,
		     const struct image_command_options *options, struct table *table)
{
	char text[HUMAN_SIZE];

	if (!id)
		table_add(table, "<missing>");
	else if (options->whole)
		table_add(table, "%s", id);
	else
		table_add(table, "%.*s", ID_SHOWN, id + strlen(DIGEST_PREFIX));
	if (options->quiet)
		return;
	human_ago(step->created, text);
	table_add(table, "%s", options->exact ? step->created : text);
	add_command(step->command, options->whole, table);
	human_bytes(step->bytes, text);
	if (options->exact)
		table_add(table, "%llu", (unsigned long long)step->bytes);
	else
		table_add(table, "%s", text);
	add_command(step->comment, true, table);
}

/* The newest step first; only the image itself has an id. */
static void print_history(const struct step *steps, size_t count, const struct image *image,
			  const struct image_command_options *options)
{
	static const char *const titles[] = {"IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"};
	AUTO_TABLE struct table table = {.columns = options->quiet ? 1 : ARRAY_LENGTH(titles)};
	AUTO_TEXT struct text text = {0};

	for (size_t i = 0; !options->quiet && i < ARRAY_LENGTH(titles); i++)
		table_add(&table, "%s", i == 1 && options->exact ? "CREATED AT" : titles[i]);
	for (size_t i = count; i-- > 0;)
		add_step(&steps[i], i + 1 == count ? image->id : NULL, options, &table);
	table_print(&table, &text);
	fputs(text_string(&text), stdout);
}

static int show_history(const struct call *call, const char *name,
			const struct image_command_options *options, struct error *err)
{
	AUTO_ENGINE struct engine engine = {0};
	AUTO_IMAGE struct image image = {0};
	AUTO_JSON cJSON *config = NULL;
	AUTO_FREE struct step *steps = NULL;
	const cJSON *list = NULL, *entry;
	struct history history = {.image = &image};
	size_t count = 0;

	if (subcommand_engine(call, &engine, err) < 0 ||
	    store_find(engine.root, name, &image, err) < 0)
		return -1;
	history.root = engine.root;
	config = read_config(engine.root, image.id, err);
	if (!config || json_get_array(config, "history", &list, err) < 0)
		return -1;
	steps = memory_zeroed((size_t)cJSON_GetArraySize(list) + 1, sizeof(*steps));
	cJSON_ArrayForEach(entry, list)
		if (read_step(&history, entry, &steps[count++], err) < 0)
			return -1;
	print_history(steps, count, &image, options);
	return 0;
}

int command_history(const struct call *call)
{
	struct image_command_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", history_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, 1);
	struct error err;

	return show_history(call, call->argv[operand], &options, &err) < 0 ? subcommand_fail(&err)
									   : 0;
}

/* --- prune ----------------------------------------------------------------------------------- */

struct pruning {
	const struct engine *engine;
	struct image *images;
	size_t count;
	struct strings in_use; /* ids */
	struct text done;      /* what was removed, a line each */
	uint64_t bytes;
};

static void pruning_release(struct pruning *pruning)
{
	for (size_t i = 0; i < pruning->count; i++)
		image_release(&pruning->images[i]);
	cleanup_memory(&pruning->images);
	strings_release(&pruning->in_use);
	text_release(&pruning->done);
}
#define AUTO_PRUNING CLEANUP(pruning_release)

static bool has_tag(const char *name)
{
	AUTO_REFERENCE struct reference reference = {0};
	struct error ignored;

	return reference_parse(name, &reference, &ignored) == 0 && reference.tag;
}

/* Whether the image of this name goes: none of its names has a tag, or all unused go. */
static bool is_pruned(const struct pruning *pruning, const struct image *image, bool all)
{
	if (strings_contain(&pruning->in_use, image->id))
		return false;
	for (size_t i = 0; !all && i < pruning->count; i++)
		if (strcmp(pruning->images[i].id, image->id) == 0 &&
		    has_tag(pruning->images[i].name))
			return false;
	return true;
}

/* What the helper prints, as Docker words it here: "untagged: …", "deleted: …". */
static int add_lines(int fd, struct text *done, struct error *err)
{
	AUTO_TEXT struct text lines = {0};

	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_sys(err, "rewind what was removed");
	if (file_read_fd(fd, "what was removed", 1 << 20, &lines, err) < 0)
		return -1;
	for (size_t i = 0; i < lines.length; i++) {
		bool first = i == 0 || lines.data[i - 1] == '\n';
		char letter = first && lines.data[i] >= 'A' && lines.data[i] <= 'Z'
				      ? (char)(lines.data[i] + 'a' - 'A')
				      : lines.data[i];

		text_add(done, &letter, 1);
	}
	return 0;
}

/* The layers that were there before, and are not any more. */
static uint64_t count_gone(const char *root, const struct image *image, const uint64_t *sizes)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < image->config.diff_ids.count; i++) {
		AUTO_FREE char *path = store_layer_path(root, image->config.diff_ids.items[i]);

		if (access(path, F_OK) < 0)
			bytes += sizes[i];
	}
	return bytes;
}

static int prune_one(struct pruning *pruning, const struct image *image, struct error *err)
{
	AUTO_FREE uint64_t *sizes = memory_zeroed(image->config.diff_ids.count + 1, sizeof(*sizes));
	AUTO_CLOSE int fd = memfd_create("removed", MFD_CLOEXEC);
	const char *root = pruning->engine->root;
	struct image_request request = {.root = root, .name = image->name, .output_fd = fd};
	struct error ignored;

	if (fd < 0)
		return error_sys(err, "make a file in memory");
	for (size_t i = 0; i < image->config.diff_ids.count; i++)
		/* Of an earlier name of the same image: gone already. */
		if (store_layer_size(root, image->config.diff_ids.items[i], &sizes[i], &ignored) <
		    0)
			sizes[i] = 0;
	if (image_helper_remove(&request, &pruning->in_use, err) < 0)
		return err->code == ENOENT ? 0 : -1;
	pruning->bytes += count_gone(root, image, sizes);
	return add_lines(fd, &pruning->done, err);
}

static int prune(const struct engine *engine, bool all, struct error *err)
{
	AUTO_PRUNING struct pruning pruning = {.engine = engine};
	AUTO_CLOSE int lock = engine_lock(engine, err);
	char size[HUMAN_SIZE];

	if (lock < 0 || container_image_ids(engine, &pruning.in_use, err) < 0 ||
	    store_list(engine->root, &pruning.images, &pruning.count, err) < 0)
		return -1;
	for (size_t i = 0; i < pruning.count; i++)
		if (is_pruned(&pruning, &pruning.images[i], all) &&
		    prune_one(&pruning, &pruning.images[i], err) < 0)
			return -1;
	if (pruning.done.length)
		printf("Deleted Images:\n%s\n", text_string(&pruning.done));
	human_bytes(pruning.bytes, size);
	printf("Total reclaimed space: %s\n", size);
	return 0;
}

static bool confirm(bool all)
{
	char answer[10] = "";

	printf("WARNING! This will remove all %s.\nAre you sure you want to continue? [y/N] ",
	       all ? "images without at least one container associated to them"
		   : "dangling images");
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

int command_image_prune(const struct call *call)
{
	struct image_command_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", prune_rows, &options},
		{0},
	};
	AUTO_ENGINE struct engine engine = {0};
	struct error err;

	subcommand_options(call, groups, 0, 0);
	if (!options.force && !confirm(options.all)) {
		error_set(&err, ECANCELED, "image prune has been cancelled");
		return subcommand_fail(&err);
	}
	if (subcommand_engine(call, &engine, &err) < 0 || prune(&engine, options.all, &err) < 0)
		return subcommand_fail(&err);
	return 0;
}

/* --- system check ---------------------------------------------------------------------------- */

int command_system_check(const struct call *call)
{
	struct image_command_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", check_rows, &options},
		{0},
	};
	AUTO_ENGINE struct engine engine = {0};
	const struct image_archive archive = {.command = "check", .input_fd = -1};
	struct image_request request = {.name = "", .output_fd = STDOUT_FILENO};
	struct error err;

	subcommand_options(call, groups, 0, 0);
	if (subcommand_engine(call, &engine, &err) < 0)
		return subcommand_fail(&err);
	request.root = engine.root;
	return image_helper_archive(&request, &archive, &err) < 0 ? subcommand_fail(&err) : 0;
}

/* --- the groups ------------------------------------------------------------------------------ */

int command_image(const struct call *call)
{
	static const struct subcommand rows[] = {
		{"image history", "[OPTIONS] IMAGE", "Show the history of an image",
		 command_history},
		{"image import", "[OPTIONS] FILE|- [REPOSITORY[:TAG]]",
		 "Make an image of an archive of a file system", command_import},
		{"image inspect", "[OPTIONS] IMAGE [IMAGE...]",
		 "Display detailed information on one or more images", command_inspect},
		{"image load", "[OPTIONS]", "Load images from an archive or standard input",
		 command_load},
		{"image ls", "[OPTIONS] [REPOSITORY[:TAG]]", "List images", command_images},
		{"image list", "[OPTIONS] [REPOSITORY[:TAG]]", "List images", command_images},
		{"image prune", "[OPTIONS]", "Remove unused images", command_image_prune},
		{"image pull", "[OPTIONS] NAME[:TAG|@DIGEST]...", "Download images from a registry",
		 command_pull},
		{"image rm", "[OPTIONS] IMAGE [IMAGE...]", "Remove one or more images",
		 command_rmi},
		{"image remove", "[OPTIONS] IMAGE [IMAGE...]", "Remove one or more images",
		 command_rmi},
		{"image save", "[OPTIONS] IMAGE [IMAGE...]",
		 "Save images to an archive or standard output", command_save},
		{"image tag", "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", "Give an image another name",
		 command_tag},
		{0},
	};

	return group_call(call, rows);
}

int command_system(const struct call *call)
{
	static const struct subcommand rows[] = {
		{"system df", "", "Show how much room everything takes", command_system_df},
		{"system check", "", "Verify the image store: digests, layers, names",
		 command_system_check},
		{0},
	};

	return group_call(call, rows);
}
