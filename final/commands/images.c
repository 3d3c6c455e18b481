/* images, pull and rmi: the image store. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"
#include "filter.h"
#include "format.h"
#include "human.h"
#include "image_actions.h"
#include "json.h"
#include "object.h"
#include "program.h"
#include "store.h"
#include "subcommand.h"
#include "text.h"

#define ID_SHOWN 12
#define DIGEST_PREFIX "sha256:"

struct images_options {
	struct program_options program;
	char *platform, *downloads;
	bool quiet, whole, digests, force, all;
	char *format;
	struct strings filters;
	struct strings damaged; /* what images found */
};

#define FIELD(name) offsetof(struct images_options, name)

static const struct option_row images_rows[] = {
	{"digests", 0, NULL, option_flag, FIELD(digests), "Show the digests of manifests", NULL,
	 NULL},
	{"all", 'a', NULL, option_flag, FIELD(all), "Accepted: there are no others", NULL, NULL},
	{"filter", 'f', "NAME=VALUE", filter_option, FIELD(filters),
	 "Only those that are so: before, since, dangling, label, reference", NULL, NULL},
	{"format", 0, "FORMAT", option_string, FIELD(format),
	 "\"table\", \"table TEMPLATE\", \"json\", or a Go template", NULL, NULL},
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

/* Whether an image has the name that was asked for: a repository, with or without a tag. */
static bool matches(const struct reference *name, const char *wanted)
{
	AUTO_FREE char *whole = reference_familiar_text(name);
	AUTO_FREE char *canonical = reference_canonical_text(name);

	return !wanted || strcmp(wanted, name->familiar) == 0 || strcmp(wanted, whole) == 0 ||
	       strcmp(wanted, canonical) == 0;
}

static void release_images(struct image **images, size_t count)
{
	for (size_t i = 0; i < count; i++)
		image_release(&(*images)[i]);
	cleanup_memory(images);
}

static cJSON *image_titles(void)
{
	static const char *const titles[][2] = {
		{"ID", "IMAGE ID"},
		{"Repository", "REPOSITORY"},
		{"Tag", "TAG"},
		{"Digest", "DIGEST"},
		{"CreatedSince", "CREATED"},
		{"CreatedAt", "CREATED AT"},
		{"Size", "SIZE"},
		{"VirtualSize", "SIZE"},
		{"Containers", "CONTAINERS"},
		{"SharedSize", "SHARED SIZE"},
		{"UniqueSize", "UNIQUE SIZE"},
	};
	cJSON *row = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_LENGTH(titles); i++)
		cJSON_AddStringToObject(row, titles[i][0], titles[i][1]);
	return row;
}

/* The pattern may hold "*" for what is within a part of the name. */
static bool fits_reference(const struct strings *filters, const struct reference *name)
{
	AUTO_FREE char *whole = reference_familiar_text(name);
	size_t next = 0;
	const char *value = filter_value(filters, "reference", &next);

	if (!value)
		return true;
	for (; value; value = filter_value(filters, "reference", &next))
		if (fnmatch(value, name->familiar, FNM_PATHNAME) == 0 ||
		    fnmatch(value, whole, FNM_PATHNAME) == 0)
			return true;
	return false;
}

static bool is_chosen(const struct images_options *options, const struct image *image,
		      const struct reference *name)
{
	bool dangling = strcmp(name->familiar, STORE_NAMELESS) == 0;

	return fits_reference(&options->filters, name) &&
	       filter_equal(&options->filters, "dangling", dangling ? "true" : "false") &&
	       filter_labels(&options->filters, &image->config.labels);
}

/* When the image of a filter was made; "" without the filter. */
static int find_time(const char *root, const struct strings *filters, const char *name, char **time,
		     struct error *err)
{
	AUTO_IMAGE struct image image = {0};
	size_t next = 0;
	const char *value = filter_value(filters, name, &next);

	if (value && store_find(root, value, &image, err) < 0)
		return -1;
	*time = memory_string(value ? image.config.created : "");
	return 0;
}

/* Adds a row for each; and what is wrong with those that are damaged to options->damaged. */
static int choose_images(const char *root, struct images_options *options, const char *wanted,
			 cJSON *rows, struct error *err)
{
	static const char *const known[] = {"before", "since",	   "dangling",
					    "label",  "reference", NULL};
	AUTO_FREE char *before = NULL, *since = NULL;
	struct image *images = NULL;
	struct error nameless;
	size_t count = 0;

	if (filter_check(&options->filters, known, err) < 0 ||
	    find_time(root, &options->filters, "before", &before, err) < 0 ||
	    find_time(root, &options->filters, "since", &since, err) < 0 ||
	    store_list(root, &images, &count, &options->damaged, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		AUTO_REFERENCE struct reference name = {0};
		const char *created = images[i].config.created;

		if (reference_parse(images[i].name, &name, &nameless) == 0 &&
		    matches(&name, wanted) && is_chosen(options, &images[i], &name) &&
		    (!*before || strcmp(created, before) < 0) &&
		    (!*since || strcmp(created, since) > 0))
			cJSON_AddItemToArray(
				rows, object_row_of_image(&images[i], &name, options->whole));
	}
	release_images(&images, count);
	return 0;
}

static int list_images(const struct call *call, struct images_options *options, const char *wanted,
		       struct error *err)
{
	AUTO_JSON cJSON *rows = cJSON_CreateArray(), *titles = image_titles();
	const struct format_view view = {
		options->format,
		options->digests
			? "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}"
			  "\t{{.CreatedSince}}\t{{.Size}}"
			: "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
		titles};
	AUTO_ENGINE struct engine engine = {0};

	if (subcommand_engine(call, &engine, err) < 0 ||
	    choose_images(engine.root, options, wanted, rows, err) < 0)
		return -1;
	return format_print_rows(&view, options->quiet ? "{{.ID}}" : NULL, rows, err);
}

int command_images(const struct call *call)
{
	struct images_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", images_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 0, 1), status = 0;
	struct error err;

	if (list_images(call, &options, call->argv[operand], &err) < 0)
		status = subcommand_fail(&err);
	status |= subcommand_fail_for(&options.damaged);
	cleanup_memory(&options.format);
	strings_release(&options.filters);
	strings_release(&options.damaged);
	return status;
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
	if (image_pull(engine, &request, err) < 0)
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
static int refuse(const char *image_id, const char *name, const struct container *user, bool force,
		  struct error *err)
{
	const char *id = image_id + strlen(DIGEST_PREFIX);

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

/* The id of the image whose last name this is; NULL if another is left, or nobody can tell: a damaged
 * image may go. The references are enough: to read other images might fail. */
static int find_last(const struct engine *engine, const char *name, char **id, struct error *err)
{
	AUTO_STORED_REFERENCES struct stored_references list = {0};
	AUTO_FREE size_t *chosen = NULL;
	const char *found;
	size_t names = 0;
	bool by_id;

	if (store_references(engine->root, &list, err) < 0)
		return -1;
	chosen = memory_zeroed(list.count + 1, sizeof(*chosen));
	if (store_choose(&list, name, chosen, &by_id, err) < 0)
		return -1;
	found = list.items[chosen[0]].id;
	for (size_t i = 0; found && i < list.count; i++)
		names += list.items[i].id && strcmp(list.items[i].id, found) == 0;
	if (names == 1)
		*id = memory_string(found);
	return 0;
}

/* Makes sure that no container needs the image, if this is its last name. */
static int check_unused(const struct engine *engine, const char *name, bool force,
			struct error *err)
{
	AUTO_FREE char *id = NULL;
	struct container *containers = NULL;
	size_t count = 0;
	const struct container *user;
	int result = 0;

	if (find_last(engine, name, &id, err) < 0)
		return -1;
	if (!id)
		return 0;
	if (container_list(engine, &containers, &count, NULL, err) < 0)
		return -1;
	user = find_user(containers, count, id, force);
	if (user)
		result = refuse(id, name, user, force, err);
	for (size_t i = 0; i < count; i++)
		container_release(&containers[i]);
	cleanup_memory(&containers);
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
	return image_remove(engine, &request, &in_use, err);
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
