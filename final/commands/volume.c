/* volume create, ls, inspect, rm, prune: directories that outlive containers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "document.h"
#include "group.h"
#include "human.h"
#include "json.h"
#include "program.h"
#include "subcommand.h"
#include "table.h"
#include "tree_copy.h"
#include "volume_store.h"

struct volume_options {
	struct program_options program;
	char *name, *driver;
	struct strings labels, filters;
	bool force, quiet, all;
};

#define FIELD(name) offsetof(struct volume_options, name)

static void release(struct volume_options *options)
{
	cleanup_memory(&options->name);
	cleanup_memory(&options->driver);
	strings_release(&options->labels);
	strings_release(&options->filters);
}

/* --- filters ------------------------------------------------------------------------------------- */

static int option_filter(void *field, const char *value, struct error *err)
{
	static const char *const known[] = {"dangling=", "name=", "label=", "label!=", "driver="};

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (text_starts_with(value, known[i]))
			return option_strings(field, value, err);
	return error_set(err, EINVAL, "invalid filter '%s'", value);
}

/* "key" or "key=value". */
static bool has_label(const struct stored_volume *volume, const char *wanted)
{
	size_t length = strlen(wanted);

	for (size_t i = 0; i < volume->labels.count; i++) {
		const char *label = volume->labels.items[i];

		if (strcmp(label, wanted) == 0 ||
		    (!strchr(wanted, '=') && text_starts_with(label, wanted) &&
		     label[length] == '='))
			return true;
	}
	return false;
}

static bool is_dangling(const struct engine *engine, const struct stored_volume *volume)
{
	AUTO_STRINGS struct strings users = {0};
	struct error ignored;

	return volume_store_users(engine, volume->name, false, &users, &ignored) == 0 &&
	       users.count == 0;
}

static bool passes(const struct engine *engine, const struct stored_volume *volume,
		   const char *filter)
{
	const char *value = strchr(filter, '=') + 1;

	if (text_starts_with(filter, "dangling="))
		return is_dangling(engine, volume) ==
		       (strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
	if (text_starts_with(filter, "name="))
		return strstr(volume->name, value) != NULL;
	if (text_starts_with(filter, "driver="))
		return strcmp(value, "local") == 0;
	return has_label(volume, value) == text_starts_with(filter, "label=");
}

static bool passes_all(const struct engine *engine, const struct stored_volume *volume,
		       const struct strings *filters)
{
	for (size_t i = 0; i < filters->count; i++)
		if (!passes(engine, volume, filters->items[i]))
			return false;
	return true;
}

/* --- create -------------------------------------------------------------------------------------- */

static int option_driver(void *field, const char *value, struct error *err)
{
	if (strcmp(value, "local") != 0)
		return error_set(err, ENOTSUP, "there is only the driver 'local'");
	return option_string(field, value, err);
}

static const struct option_row create_rows[] = {
	{"driver", 'd', "DRIVER", option_driver, FIELD(driver), "Only local", NULL, NULL},
	{"label", 0, "KEY=VALUE", option_strings, FIELD(labels), "Set a label", NULL, NULL},
	{"name", 0, "NAME", option_string, FIELD(name), "The same as the operand", NULL, NULL},
	{0},
};

static int create(const struct call *call, const struct volume_options *options, const char *name,
		  struct error *err)
{
	const struct stored_volume wanted = {.name = (char *)(name ? name : options->name),
					     .labels = options->labels};
	AUTO_STORED_VOLUME struct stored_volume volume = {0};
	AUTO_ENGINE struct engine engine = {0};
	AUTO_CLOSE int lock = -1;

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
	int status = 0;

	if (create(call, &options, call->argv[operand], &err) < 0)
		status = subcommand_fail(&err);
	release(&options);
	return status;
}

/* --- ls ------------------------------------------------------------------------------------------ */

static const struct option_row ls_rows[] = {
	{"filter", 'f', "KEY=VALUE", option_filter, FIELD(filters),
	 "Only those with dangling=true, name=, label=, label!= or driver=", NULL, NULL},
	{"quiet", 'q', NULL, option_flag, FIELD(quiet), "Only names", NULL, NULL},
	{0},
};

static void print_names(const struct strings *names, bool quiet)
{
	AUTO_TABLE struct table table = {.columns = 2};
	AUTO_TEXT struct text text = {0};

	table_add(&table, "DRIVER");
	table_add(&table, "VOLUME NAME");
	for (size_t i = 0; i < names->count; i++) {
		table_add(&table, "local");
		table_add(&table, "%s", names->items[i]);
		if (quiet)
			printf("%s\n", names->items[i]);
	}
	table_print(&table, &text);
	if (!quiet)
		fputs(text_string(&text), stdout);
}

static int list(const struct call *call, const struct volume_options *options, struct error *err)
{
	AUTO_ENGINE struct engine engine = {0};
	AUTO_STRINGS struct strings names = {0};
	struct stored_volume *volumes;
	size_t count;

	if (subcommand_engine(call, &engine, err) < 0 ||
	    volume_store_list(&engine, &volumes, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (passes_all(&engine, &volumes[i], &options->filters))
			strings_add(&names, volumes[i].name);
		stored_volume_release(&volumes[i]);
	}
	free(volumes);
	print_names(&names, options->quiet);
	return 0;
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
	int status = 0;

	subcommand_options(call, groups, 0, 0);
	if (list(call, &options, &err) < 0)
		status = subcommand_fail(&err);
	release(&options);
	return status;
}

/* --- inspect ------------------------------------------------------------------------------------- */

static cJSON *object_of(const struct stored_volume *volume)
{
	cJSON *object = cJSON_CreateObject(), *labels;

	cJSON_AddStringToObject(object, "CreatedAt", volume->created_at);
	cJSON_AddStringToObject(object, "Driver", "local");
	labels = volume->labels.count || volume->anonymous
			 ? cJSON_AddObjectToObject(object, "Labels")
			 : cJSON_AddNullToObject(object, "Labels");
	if (volume->anonymous)
		cJSON_AddStringToObject(labels, "com.docker.volume.anonymous", "");
	for (size_t i = 0; i < volume->labels.count; i++) {
		AUTO_FREE char *key = memory_string(volume->labels.items[i]);
		char *value = strchr(key, '=');

		if (value)
			*value++ = '\0';
		cJSON_AddStringToObject(labels, key, value ? value : "");
	}
	cJSON_AddStringToObject(object, "Mountpoint", volume->path);
	cJSON_AddStringToObject(object, "Name", volume->name);
	cJSON_AddNullToObject(object, "Options");
	cJSON_AddStringToObject(object, "Scope", "local");
	return object;
}

static int inspect(const struct call *call, int operand, struct error *err)
{
	AUTO_JSON cJSON *found = cJSON_CreateArray();
	AUTO_TEXT struct text text = {0}, missing = {0};
	AUTO_ENGINE struct engine engine = {0};

	if (subcommand_engine(call, &engine, err) < 0)
		return -1;
	for (int i = operand; i < call->argc; i++) {
		AUTO_STORED_VOLUME struct stored_volume volume = {0};

		if (volume_store_find(&engine, call->argv[i], &volume, err) == 0)
			cJSON_AddItemToArray(found, object_of(&volume));
		else
			text_add_format(&missing, "Error: %s\n", err->text);
	}
	document_add(found, &text);
	fputs(text_string(&text), stdout);
	fflush(stdout);
	fputs(text_string(&missing), stderr);
	return missing.length ? STATUS_FAILED : 0;
}

static int command_inspect_volume(const struct call *call)
{
	struct volume_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	struct error err;
	int status = inspect(call, operand, &err);

	return status < 0 ? subcommand_fail(&err) : status;
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
	(void)context;
	return volume_store_remove(engine, name, err);
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
	struct action action = {rm_one, NULL, options.force};

	return subcommand_each(call, operand, &action);
}

static const struct option_row prune_rows[] = {
	{"all", 'a', NULL, option_flag, FIELD(all), "Also those that have a name", NULL, NULL},
	{"filter", 0, "KEY=VALUE", option_filter, FIELD(filters), "Only those with label=…", NULL,
	 NULL},
	{"force", 'f', NULL, option_flag, FIELD(force), "Do not ask", NULL, NULL},
	{0},
};

static bool confirmed(const struct volume_options *options)
{
	char answer[8] = "";

	if (options->force)
		return true;
	printf("WARNING! This will remove %s local volumes not used by at least one container.\n"
	       "Are you sure you want to continue? [y/N] ",
	       options->all ? "all" : "anonymous");
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

struct pruned {
	struct strings names;
	uint64_t bytes;
};

static int prune_one(const struct engine *engine, const struct volume_options *options,
		     const struct stored_volume *volume, struct pruned *pruned, struct error *err)
{
	AUTO_STRINGS struct strings users = {0};
	uint64_t bytes;

	if (!(options->all || volume->anonymous) || !passes_all(engine, volume, &options->filters))
		return 0;
	if (volume_store_users(engine, volume->name, false, &users, err) < 0)
		return -1;
	if (users.count)
		return 0;
	bytes = tree_size(volume->path);
	/* Somebody may just have begun to use it, or removed it. */
	if (volume_store_remove(engine, volume->name, err) < 0)
		return err->code == EBUSY || err->code == ENOENT ? 0 : -1;
	strings_add(&pruned->names, volume->name);
	pruned->bytes += bytes;
	return 0;
}

static void print_pruned(const struct pruned *pruned)
{
	char human[HUMAN_SIZE];

	if (pruned->names.count)
		printf("Deleted Volumes:\n");
	for (size_t i = 0; i < pruned->names.count; i++)
		printf("%s\n", pruned->names.items[i]);
	human_bytes(pruned->bytes, human);
	printf("%sTotal reclaimed space: %s\n", pruned->names.count ? "\n" : "", human);
}

static int prune(const struct call *call, const struct volume_options *options, struct error *err)
{
	AUTO_ENGINE struct engine engine = {0};
	struct pruned pruned = {0};
	struct stored_volume *volumes;
	size_t count;
	int result = 0;

	if (subcommand_engine(call, &engine, err) < 0 ||
	    volume_store_list(&engine, &volumes, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (result == 0)
			result = prune_one(&engine, options, &volumes[i], &pruned, err);
		stored_volume_release(&volumes[i]);
	}
	free(volumes);
	print_pruned(&pruned);
	strings_release(&pruned.names);
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
	struct error err;
	int status = 0;

	subcommand_options(call, groups, 0, 0);
	if (confirmed(&options) && prune(call, &options, &err) < 0)
		status = subcommand_fail(&err);
	release(&options);
	return status;
}

static const struct subcommand rows[] = {
	{"volume create", "[OPTIONS] [VOLUME]", "Create a volume", command_create},
	{"volume inspect", "VOLUME [VOLUME...]", "Display detailed information on volumes",
	 command_inspect_volume},
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
