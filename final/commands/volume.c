/* volume create, ls, inspect, rm, prune: directories that outlive containers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "filter.h"
#include "format.h"
#include "group.h"
#include "human.h"
#include "json.h"
#include "object.h"
#include "program.h"
#include "prune.h"
#include "run_files.h"
#include "subcommand.h"
#include "tree_copy.h"
#include "volume.h"
#include "volume_store.h"

struct volume_options {
	struct program_options program;
	char *name, *driver, *format;
	struct strings labels, options, filters;
	bool force, quiet, all;
};

#define FIELD(name) offsetof(struct volume_options, name)

static void release(struct volume_options *options)
{
	cleanup_memory(&options->name);
	cleanup_memory(&options->driver);
	cleanup_memory(&options->format);
	strings_release(&options->labels);
	strings_release(&options->options);
	strings_release(&options->filters);
}

/* Ends a command. */
static int finish(struct volume_options *options, int result, const struct error *err)
{
	release(options);
	return result < 0 ? subcommand_fail(err) : result;
}

/* --- create -------------------------------------------------------------------------------------- */

static const struct option_row create_rows[] = {
	{"driver", 'd', "DRIVER", option_string, FIELD(driver), "Only local", NULL, NULL},
	{"label", 0, "KEY=VALUE", option_strings, FIELD(labels), "Set a label", NULL, NULL},
	{"name", 0, "NAME", option_string, FIELD(name), "The same as the operand", NULL, NULL},
	{"opt", 'o', "KEY=VALUE", option_strings, FIELD(options),
	 "Mount something else than a directory of its own: type, device and o as for mount(8)",
	 "fsmount", "mount(8)"},
	{0},
};

static int create(const struct call *call, const struct volume_options *options, const char *name,
		  struct error *err)
{
	static const struct strings none = {0};
	AUTO_STORED_VOLUME struct stored_volume wanted = {0}, volume = {0};
	AUTO_ENGINE struct engine engine = {0};
	AUTO_CLOSE int lock = -1;

	if (name && options->name)
		return error_set(
			err, EINVAL,
			"conflicting options: cannot specify a volume-name through both --name and as a positional arg");
	name = name ? name : options->name;
	if (options->driver && volume_check_driver(options->driver, err) < 0)
		return name ? error_wrap(err, "create %s", name) : -1;
	wanted.name = name ? memory_string(name) : NULL;
	run_merge_labels(&none, &options->labels, &wanted.labels);
	run_merge_labels(&none, &options->options, &wanted.options);
	if (subcommand_engine(call, &engine, err) < 0)
		return -1;
	lock = volume_store_lock(&engine, err);
	if (lock < 0 || volume_store_create(&engine, &wanted, &volume, err) < 0)
		return -1;
	printf("%s\n", volume.name);
	return 0;
}

static int command_create(const struct call *call)
{
	struct volume_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", create_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 0, 1);
	struct error err;

	return finish(&options, create(call, &options, call->argv[operand], &err), &err);
}

/* --- ls ------------------------------------------------------------------------------------------ */

static const struct option_row ls_rows[] = {
	{"filter", 'f', "KEY=VALUE", filter_option, FIELD(filters),
	 "Only those that are so: dangling, name, label, driver", NULL, NULL},
	{"format", 0, "FORMAT", option_string, FIELD(format),
	 "\"table\", \"json\", or a Go template", NULL, NULL},
	{"quiet", 'q', NULL, option_flag, FIELD(quiet), "Only names", NULL, NULL},
	{0},
};

static cJSON *title_row(void)
{
	static const char *const titles[][2] = {
		{"Availability", "AVAILABILITY"},
		{"Driver", "DRIVER"},
		{"Group", "GROUP"},
		{"Labels", "LABELS"},
		{"Links", "LINKS"},
		{"Mountpoint", "MOUNTPOINT"},
		{"Name", "VOLUME NAME"},
		{"Scope", "SCOPE"},
		{"Size", "SIZE"},
		{"Status", "STATUS"},
	};
	cJSON *row = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_LENGTH(titles); i++)
		cJSON_AddStringToObject(row, titles[i][0], titles[i][1]);
	cJSON_AddObjectToObject(row, "Label");
	return row;
}

/* Returns 1 if a volume passes the filters. */
static int passes(const struct engine *engine, const struct strings *filters,
		  const struct stored_volume *volume, struct error *err)
{
	int dangling = filter_bool(filters, "dangling", -2, err);
	AUTO_STRINGS struct strings users = {0};

	if (dangling == -1)
		return -1;
	if (!filter_found(filters, "name", volume->name) ||
	    !filter_equal(filters, "driver", "local") || !filter_labels(filters, &volume->labels))
		return 0;
	if (dangling < 0)
		return 1;
	if (volume_store_users(engine, volume->name, &users, err) < 0)
		return -1;
	return (users.count == 0) == dangling;
}

static int choose(const struct engine *engine, const struct strings *filters, cJSON *rows,
		  struct error *err)
{
	static const char *const known[] = {"dangling", "name", "label", "driver", NULL};
	struct stored_volume *volumes;
	size_t count;
	int result = 0;

	if (filter_check(filters, known, err) < 0 || filter_bool(filters, "dangling", 0, err) < 0 ||
	    volume_store_list(engine, &volumes, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (result >= 0)
			result = passes(engine, filters, &volumes[i], err);
		if (result > 0)
			cJSON_AddItemToArray(rows, object_row_of_volume(&volumes[i]));
		stored_volume_release(&volumes[i]);
	}
	free(volumes);
	return result < 0 ? -1 : 0;
}

static int list(const struct call *call, const struct volume_options *options, struct error *err)
{
	AUTO_JSON cJSON *rows = cJSON_CreateArray(), *header = title_row();
	const struct format_view view = {options->format, "{{.Driver}}\t{{.Name}}", header};
	AUTO_ENGINE struct engine engine = {0};

	if (subcommand_engine(call, &engine, err) < 0 ||
	    choose(&engine, &options->filters, rows, err) < 0)
		return -1;
	return format_print_rows(&view, options->quiet ? "{{.Name}}" : NULL, rows, err);
}

static int command_ls(const struct call *call)
{
	struct volume_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", ls_rows, &options},
		{0},
	};
	struct error err;

	subcommand_options(call, groups, 0, 0);
	return finish(&options, list(call, &options, &err), &err);
}

/* --- inspect ------------------------------------------------------------------------------------- */

static const struct option_row inspect_rows[] = {
	{"format", 'f', "FORMAT", option_string, FIELD(format), "\"json\", or a Go template", NULL,
	 NULL},
	{0},
};

static int inspect(const struct call *call, int operand, const struct volume_options *options,
		   struct error *err)
{
	AUTO_JSON cJSON *found = cJSON_CreateArray();
	AUTO_ENGINE struct engine engine = {0};
	AUTO_TEXT struct text text = {0};
	int status = 0;

	if (subcommand_engine(call, &engine, err) < 0)
		return -1;
	for (int i = operand; i < call->argc; i++) {
		AUTO_STORED_VOLUME struct stored_volume volume = {0};

		if (volume_store_find(&engine, call->argv[i], &volume, err) == 0)
			cJSON_AddItemToArray(found, object_of_stored_volume(&volume));
		else
			status = subcommand_fail(err);
	}
	if (format_documents(options->format, found, &text, err) < 0)
		status = subcommand_fail(err);
	fputs(text_string(&text), stdout);
	return status;
}

static int command_inspect_volume(const struct call *call)
{
	struct volume_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", inspect_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	struct error err;

	return finish(&options, inspect(call, operand, &options, &err), &err);
}

/* --- rm, prune ----------------------------------------------------------------------------------- */

static const struct option_row rm_rows[] = {
	{"force", 'f', NULL, option_flag, FIELD(force), "A volume that is not there is no failure",
	 NULL, NULL},
	{0},
};

static int rm_one(const struct engine *engine, const char *name, const void *context,
		  struct error *err)
{
	const bool *force = context;

	if (volume_store_remove(engine, name, err) == 0)
		return 0;
	return *force && err->code == ENOENT ? 0 : -1;
}

static int command_rm_volume(const struct call *call)
{
	struct volume_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", rm_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	struct action action = {rm_one, &options.force, false};

	return subcommand_each(call, operand, &action);
}

static const struct option_row prune_rows[] = {
	{"all", 'a', NULL, option_flag, FIELD(all), "Also those that have a name", NULL, NULL},
	{"filter", 0, "KEY=VALUE", filter_option, FIELD(filters),
	 "Only those that are so: label, label!; all=true is --all", NULL, NULL},
	{"force", 'f', NULL, option_flag, FIELD(force), "Do not ask", NULL, NULL},
	{0},
};

static int prune_one(const struct engine *engine, const struct volume_options *options,
		     const struct stored_volume *volume, struct pruned *pruned, struct error *err)
{
	AUTO_STRINGS struct strings users = {0};
	uint64_t bytes;

	if (!(options->all || volume->anonymous) ||
	    !filter_labels(&options->filters, &volume->labels))
		return 0;
	if (volume_store_users(engine, volume->name, &users, err) < 0)
		return -1;
	if (users.count)
		return 0;
	bytes = tree_size(volume->path);
	/* Somebody may just have begun to use it, or removed it. */
	if (volume_store_remove(engine, volume->name, err) < 0)
		return err->code == EBUSY || err->code == ENOENT ? 0 : -1;
	text_add_format(&pruned->text, "%s\n", volume->name);
	pruned->bytes += bytes;
	return 0;
}

/* Docker's filter "all" and its option are the same. */
static int read_filters(struct volume_options *options, struct error *err)
{
	static const char *const known[] = {"label", "label!", "all", NULL};
	int all = filter_bool(&options->filters, "all", -2, err);

	if (all == -1 || filter_check(&options->filters, known, err) < 0)
		return -1;
	if (all >= 0 && options->all)
		return error_set(
			err, EINVAL,
			"conflicting options: cannot specify both --all and --filter all=1");
	options->all |= all == 1;
	return 0;
}

static int prune_chosen(const struct engine *engine, const struct volume_options *options,
			struct pruned *pruned, struct error *err)
{
	struct pruned found = {0};
	struct stored_volume *volumes;
	size_t count;
	int result = 0;

	if (volume_store_list(engine, &volumes, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (result == 0)
			result = prune_one(engine, options, &volumes[i], &found, err);
		stored_volume_release(&volumes[i]);
	}
	free(volumes);
	if (found.text.length)
		text_add_format(&pruned->text, "Deleted Volumes:\n%s\n", text_string(&found.text));
	pruned->bytes += found.bytes;
	text_release(&found.text);
	return result;
}

int prune_volumes(const struct engine *engine, struct pruned *pruned, struct error *err)
{
	const struct volume_options anonymous = {0};

	return prune_chosen(engine, &anonymous, pruned, err);
}

static int prune(const struct call *call, struct volume_options *options, struct pruned *pruned,
		 struct error *err)
{
	AUTO_ENGINE struct engine engine = {0};
	int result;

	if (read_filters(options, err) < 0)
		return -1;
	if (!options->force &&
	    !prune_is_confirmed(
		    options->all ? " all local volumes not used by at least one container."
				 : " anonymous local volumes not used by at least one container."))
		return error_set(err, ECANCELED, "volume prune has been cancelled");
	if (subcommand_engine(call, &engine, err) < 0)
		return -1;
	result = prune_chosen(&engine, options, pruned, err);
	if (result == 0 || pruned->text.length)
		pruned_print(pruned);
	return result;
}

static int command_prune(const struct call *call)
{
	struct volume_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", prune_rows, &options},
		{0},
	};
	struct pruned pruned = {0};
	struct error err;
	int result;

	subcommand_options(call, groups, 0, 0);
	result = prune(call, &options, &pruned, &err);
	text_release(&pruned.text);
	return finish(&options, result, &err);
}

static const struct subcommand rows[] = {
	{"volume create", "[OPTIONS] [VOLUME]", "Create a volume", command_create},
	{"volume inspect", "[OPTIONS] VOLUME [VOLUME...]",
	 "Display detailed information on volumes", command_inspect_volume},
	{"volume ls", "[OPTIONS]", "List volumes", command_ls},
	{"volume prune", "[OPTIONS]", "Remove unused volumes", command_prune},
	{"volume rm", "[OPTIONS] VOLUME [VOLUME...]", "Remove one or more volumes",
	 command_rm_volume},
	{0},
};

int command_volume(const struct call *call)
{
	return group_call(call, rows);
}
