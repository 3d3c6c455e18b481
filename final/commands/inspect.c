/* inspect: which objects a name means, as a JSON array. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "container.h"
#include "format.h"
#include "json.h"
#include "object.h"
#include "program.h"
#include "store.h"
#include "subcommand.h"

#define STATUS_TEMPLATE 64

struct inspect_options {
	struct program_options program;
	char *type, *format;
};

#define FIELD(name) offsetof(struct inspect_options, name)

static int option_type(void *field, const char *value, struct error *err)
{
	if (strcmp(value, "container") != 0 && strcmp(value, "image") != 0)
		return error_set(err, EINVAL, "it is either container or image");
	return option_string(field, value, err);
}

static const struct option_row inspect_rows[] = {
	{"format", 'f', "FORMAT", option_string, FIELD(format), "\"json\", or a Go template", NULL,
	 NULL},
	{"type", 0, "TYPE", option_type, FIELD(type), "Only containers, or only images", NULL,
	 NULL},
	{0},
};

/* Returns NULL on failure; ENOENT if there is none. */
static cJSON *inspect_container(const struct engine *engine, const char *name, struct error *err)
{
	AUTO_CONTAINER struct container container = {0};

	if (container_find(engine, name, &container, err) < 0)
		return NULL;
	return object_of_container(engine, &container);
}

static cJSON *inspect_image(const struct engine *engine, const char *name, struct error *err)
{
	AUTO_IMAGE struct image image = {0};

	if (store_find(engine->root, name, &image, err) < 0)
		return NULL;
	return object_of_image(engine, &image, err);
}

static cJSON *inspect_one(const struct engine *engine, const char *type, const char *name,
			  struct error *err)
{
	cJSON *object = NULL;

	if (!type || strcmp(type, "container") == 0)
		object = inspect_container(engine, name, err);
	if (type ? strcmp(type, "image") == 0 : !object && err->code == ENOENT)
		object = inspect_image(engine, name, err);
	/* What is no reference, such as a name in capitals, is no such object either. */
	if (!object && (err->code == ENOENT || (!type && err->code == EINVAL)))
		error_set(err, ENOENT, "No such %s: %s", type ? type : "object", name);
	return object;
}

/* Docker prints all that it has found, and then what it has not. */
static int inspect(const struct call *call, int operand, const struct inspect_options *options,
		   struct error *err)
{
	const char *type = options->type;
	int result = 0;
	AUTO_JSON cJSON *found = cJSON_CreateArray();
	AUTO_ENGINE struct engine engine = {0};
	AUTO_TEXT struct text text = {0}, missing = {0};

	if (subcommand_engine(call, &engine, err) < 0)
		return -1;
	for (int i = operand; i < call->argc; i++) {
		cJSON *object = inspect_one(&engine, type, call->argv[i], err);

		if (object)
			cJSON_AddItemToArray(found, object);
		else
			text_add_format(&missing, "Error: %s\n", err->text);
	}
	result = format_documents(options->format, found, &text, err);
	fputs(text_string(&text), stdout);
	fflush(stdout);
	fputs(text_string(&missing), stderr);
	if (result < 0)
		return -1;
	return missing.length ? STATUS_FAILED : 0;
}

int command_inspect(const struct call *call)
{
	struct inspect_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", inspect_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	struct error err;
	int status;

	if (strcmp(call->subcommand->name, "image inspect") == 0 && !options.type)
		options.type = memory_string("image");
	if (strcmp(call->subcommand->name, "container inspect") == 0 && !options.type)
		options.type = memory_string("container");
	status = inspect(call, operand, &options, &err);
	/* Docker's status for a template that can't be read. */
	if (status < 0)
		status = program_fail(PROGRAM, &err,
				      options.format && (err.code == EINVAL || err.code == ENOSYS)
					      ? STATUS_TEMPLATE
					      : STATUS_FAILED);
	cleanup_memory(&options.type);
	cleanup_memory(&options.format);
	return status;
}
