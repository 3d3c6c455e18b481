/* images, pull and rmi: the image store. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"
#include "human.h"
#include "image_helper.h"
#include "program.h"
#include "store.h"
#include "subcommand.h"
#include "table.h"
#include "text.h"

#define ID_SHOWN 12
#define DIGEST_PREFIX "sha256:"

struct images_options {
	struct program_options program;
	char *platform, *downloads;
	bool quiet, whole, digests, force;
};

#define FIELD(name) offsetof(struct images_options, name)

static const struct option_row images_rows[] = {
	{"digests", 0, NULL, option_flag, FIELD(digests), "Show the digests of manifests", NULL,
	 NULL},
	{"no-trunc", 0, NULL, option_flag, FIELD(whole), "Whole ids", NULL, NULL},
	{"quiet", 'q', NULL, option_flag, FIELD(quiet), "Only ids", NULL, NULL},
	{0},
};

/* Checked here, where the mistake was made. */
static int option_downloads(void *field, const char *value, struct error *err)
{
	uint64_t number;

	if (text_to_number(value, 16, &number, err) < 0)
		return -1;
	return number ? option_string(field, value, err)
		      : error_set(err, EINVAL, "at least one is needed");
}

static const struct option_row pull_rows[] = {
	{"max-concurrent-downloads", 0, "N", option_downloads, FIELD(downloads),
	 "Layers to download side by side, instead of 3", NULL, NULL},
	{"platform", 0, "OS/ARCH", option_string, FIELD(platform),
	 "Which of several images to take", NULL, NULL},
	{"quiet", 'q', NULL, option_flag, FIELD(quiet), "Only print the name", NULL, NULL},
	{0},
};

static const struct option_row rmi_rows[] = {
	{"force", 'f', NULL, option_flag, FIELD(force),
	 "Remove it although containers that ended were made of it", NULL, NULL},
	{0},
};

/* --- images ---------------------------------------------------------------------------------- */

static const char *or_none(const char *text)
{
	return text && *text && strcmp(text, STORE_NAMELESS) != 0 ? text : "<none>";
}

/* Whether an image has the name that was asked for: a repository, with or without a tag. */
static bool matches(const struct reference *name, const char *wanted)
{
	AUTO_FREE char *whole = reference_familiar_text(name);
	AUTO_FREE char *canonical = reference_canonical_text(name);

	return !wanted || strcmp(wanted, name->familiar) == 0 || strcmp(wanted, whole) == 0 ||
	       strcmp(wanted, canonical) == 0;
}

static void add_id(const struct image *image, bool whole, struct table *table)
{
	if (whole)
		table_add(table, "%s", image->id);
	else
		table_add(table, "%.*s", ID_SHOWN, image->id + strlen(DIGEST_PREFIX));
}

static void add_image(const struct image *image, const struct reference *name,
		      const struct images_options *options, struct table *table)
{
	char created[HUMAN_SIZE], size[HUMAN_SIZE];

	human_ago(image->config.created, created);
	human_bytes(image->size_bytes, size);
	table_add(table, "%s", or_none(name->familiar));
	table_add(table, "%s", or_none(name->tag));
	if (options->digests)
		table_add(table, "%s", or_none(image->digest));
	add_id(image, options->whole, table);
	table_add(table, "%s", created);
	table_add(table, "%s", size);
}

static void add_header(const struct images_options *options, struct table *table)
{
	table->columns = options->digests ? 6 : 5;
	table_add(table, "REPOSITORY");
	table_add(table, "TAG");
	if (options->digests)
		table_add(table, "DIGEST");
	table_add(table, "IMAGE ID");
	table_add(table, "CREATED");
	table_add(table, "SIZE");
}

static void print_images(const struct images_options *options, const char *wanted,
			 const struct image *images, size_t count)
{
	AUTO_TABLE struct table table = {0};
	AUTO_TEXT struct text text = {0};
	struct error nameless;

	table.columns = 1;
	if (!options->quiet)
		add_header(options, &table);
	for (size_t i = 0; i < count; i++) {
		AUTO_REFERENCE struct reference name = {0};

		if (reference_parse(images[i].name, &name, &nameless) < 0)
			continue;
		if (!matches(&name, wanted))
			continue;
		if (options->quiet)
			add_id(&images[i], options->whole, &table);
		else
			add_image(&images[i], &name, options, &table);
	}
	table_print(&table, &text);
	fputs(text_string(&text), stdout);
}

static void release_images(struct image **images, size_t count)
{
	for (size_t i = 0; i < count; i++)
		image_release(&(*images)[i]);
	cleanup_memory(images);
}

int command_images(const struct call *call)
{
	struct images_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", images_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 0, 1);
	AUTO_ENGINE struct engine engine = {0};
	struct image *images = NULL;
	size_t count = 0;
	struct error err;

	if (subcommand_engine(call, &engine, &err) < 0 ||
	    store_list(engine.root, &images, &count, &err) < 0)
		return subcommand_fail(&err);
	print_images(&options, call->argv[operand], images, count);
	release_images(&images, count);
	return 0;
}

/* --- pull ------------------------------------------------------------------------------------ */

/* A colon before the last slash is that of a port. */
static bool has_tag(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strpbrk(slash ? slash : name, ":@");
}

static int pull_one(const struct engine *engine, const struct images_options *options,
		    const char *name, struct error *err)
{
	struct image_request request = {.root = engine->root,
					.name = name,
					.platform = options->platform,
					.quiet = options->quiet,
					.output_fd = STDOUT_FILENO,
					.downloads = options->downloads};
	AUTO_REFERENCE struct reference reference = {0};
	AUTO_FREE char *canonical = NULL;

	if (reference_parse(name, &reference, err) < 0)
		return -1;
	if (!options->quiet && !has_tag(name))
		printf("Using default tag: %s\n", reference.tag);
	/* The helper writes to the same descriptor. */
	fflush(stdout);
	if (image_helper_pull(&request, err) < 0)
		return -1;
	canonical = reference_canonical_text(&reference);
	printf("%s\n", canonical);
	return 0;
}

int command_pull(const struct call *call)
{
	struct images_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", pull_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	AUTO_ENGINE struct engine engine = {0};
	struct error err;
	int status = 0;

	if (subcommand_engine(call, &engine, &err) < 0)
		status = subcommand_fail(&err);
	for (int i = operand; engine.root && i < call->argc; i++)
		if (pull_one(&engine, &options, call->argv[i], &err) < 0) {
			error_wrap(&err, "pull '%s'", call->argv[i]);
			status = subcommand_fail(&err);
		}
	cleanup_memory(&options.platform);
	cleanup_memory(&options.downloads);
	return status;
}

/* --- rmi ------------------------------------------------------------------------------------- */

/* How many names an image has. */
static size_t count_names(const struct image *images, size_t count, const char *id)
{
	size_t names = 0;

	for (size_t i = 0; i < count; i++)
		names += strcmp(images[i].id, id) == 0;
	return names;
}

/* The container for whose sake the image stays, or NULL: with force only one that runs counts. */
static const struct container *find_user(const struct container *containers, size_t count,
					 const char *image_id, bool force)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(containers[i].config.image_id, image_id) == 0 &&
		    (!force || containers[i].state.status == CONTAINER_RUNNING))
			return &containers[i];
	return NULL;
}

/* Docker's words for the two cases. */
static int refuse(const struct image *image, const char *name, const struct container *user,
		  bool force, struct error *err)
{
	const char *id = image->id + strlen(DIGEST_PREFIX);

	if (force)
		return error_set(
			err, EBUSY,
			"conflict: unable to delete %.*s (cannot be forced) - image is being used by running container %.*s",
			ID_SHOWN, id, ID_SHOWN, user->id);
	return error_set(
		err, EBUSY,
		"conflict: unable to remove repository reference \"%s\" (must force) - container %.*s is using its referenced image %.*s",
		name, ID_SHOWN, user->id, ID_SHOWN, id);
}

/* Makes sure that no container needs the image, if this is its last name. */
static int check_unused(const struct engine *engine, const char *name, bool force,
			struct error *err)
{
	AUTO_IMAGE struct image image = {0};
	struct container *containers = NULL;
	struct image *images = NULL;
	size_t container_count = 0, image_count = 0;
	const struct container *user;
	int result = 0;

	if (store_find(engine->root, name, &image, err) < 0)
		return -1;
	if (store_list(engine->root, &images, &image_count, err) < 0)
		return -1;
	if (count_names(images, image_count, image.id) <= 1)
		result = container_list(engine, &containers, &container_count, err);
	user = find_user(containers, container_count, image.id, force);
	if (user)
		result = refuse(&image, name, user, force, err);
	for (size_t i = 0; i < container_count; i++)
		container_release(&containers[i]);
	cleanup_memory(&containers);
	release_images(&images, image_count);
	return result;
}

static int remove_one(const struct engine *engine, const char *name, bool force, struct error *err)
{
	struct image_request request = {.root = engine->root,
					.name = name,
					.output_fd = STDOUT_FILENO};
	AUTO_CLOSE int lock = engine_lock(engine, err);
	AUTO_STRINGS struct strings in_use = {0};

	/* Under the lock, so that no container is made of it between the check and the removal. */
	if (lock < 0 || check_unused(engine, name, force, err) < 0)
		return -1;
	if (!force && container_image_ids(engine, &in_use, err) < 0)
		return -1;
	return image_helper_remove(&request, &in_use, err);
}

int command_rmi(const struct call *call)
{
	struct images_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", rmi_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	AUTO_ENGINE struct engine engine = {0};
	struct error err;
	int status = 0;

	if (subcommand_engine(call, &engine, &err) < 0)
		return subcommand_fail(&err);
	for (int i = operand; i < call->argc; i++)
		if (remove_one(&engine, call->argv[i], options.force, &err) < 0)
			status |= subcommand_fail_to_remove(&err, options.force);
	return status;
}
