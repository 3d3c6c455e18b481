/* image: what can be done with images, under one name; and prune. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "container.h"
#include "file.h"
#include "filter.h"
#include "group.h"
#include "human.h"
#include "image_actions.h"
#include "program.h"
#include "prune.h"
#include "store.h"
#include "subcommand.h"
#include "text.h"

struct image_command_options {
	struct program_options program;
	bool all, force;
	struct strings filters;
};

#define FIELD(name) offsetof(struct image_command_options, name)

static const struct option_row prune_rows[] = {
	{"all", 'a', NULL, option_flag, FIELD(all), "Also images that have a name", NULL, NULL},
	{"filter", 0, "NAME=VALUE", filter_option, FIELD(filters),
	 "Only those with label=, label!=, until=", NULL, NULL},
	{"force", 'f', NULL, option_flag, FIELD(force), "Do not ask", NULL, NULL},
	{0},
};

/* --- prune ----------------------------------------------------------------------------------- */

struct pruning {
	const struct engine *engine;
	bool all;
	const struct strings *filters;
	int64_t until; /* nanoseconds since 1970: those that are older go */
	struct image *images;
	size_t count;
	struct strings in_use;	/* ids */
	struct strings damaged; /* images, what is wrong with each: they stay */
	struct text done;	/* what was removed, a line each */
	uint64_t bytes;
};

static void pruning_release(struct pruning *pruning)
{
	for (size_t i = 0; i < pruning->count; i++)
		image_release(&pruning->images[i]);
	cleanup_memory(&pruning->images);
	strings_release(&pruning->in_use);
	strings_release(&pruning->damaged);
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
static bool is_pruned(const struct pruning *pruning, const struct image *image)
{
	if (strings_contain(&pruning->in_use, image->id) ||
	    !filter_labels(pruning->filters, &image->config.labels) ||
	    clock_nanoseconds(image->config.created) >= pruning->until)
		return false;
	for (size_t i = 0; !pruning->all && i < pruning->count; i++)
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
	if (image_remove(pruning->engine, &request, &pruning->in_use, err) < 0)
		return err->code == ENOENT ? 0 : -1;
	pruning->bytes += count_gone(root, image, sizes);
	return add_lines(fd, &pruning->done, err);
}

static int read_filters(struct pruning *pruning, struct error *err)
{
	static const char *const known[] = {"label", "label!", "until", NULL};
	const struct strings *filters = pruning->filters;
	size_t next = 0;
	const char *value = filter_value(filters, "until", &next);

	if (filter_check(filters, known, err) < 0)
		return -1;
	return value ? clock_read(value, &pruning->until, err) : 0;
}

/* A damaged image holds nothing else up, but what nobody else needs of the others stays with it. */
static int prune(struct pruning *pruning, struct pruned *pruned, struct error *err)
{
	const char *root = pruning->engine->root;
	AUTO_CLOSE int lock = engine_lock(pruning->engine, err);

	if (lock < 0 || container_image_ids(pruning->engine, &pruning->in_use, err) < 0 ||
	    store_list(root, &pruning->images, &pruning->count, &pruning->damaged, err) < 0)
		return -1;
	for (size_t i = 0; i < pruning->count; i++)
		if (is_pruned(pruning, &pruning->images[i]) &&
		    prune_one(pruning, &pruning->images[i], err) < 0)
			return -1;
	if (pruning->done.length)
		text_add_format(&pruned->text, "Deleted Images:\n%s\n",
				text_string(&pruning->done));
	pruned->bytes += pruning->bytes;
	pruned->damaged |= subcommand_fail_for(&pruning->damaged) != 0;
	return 0;
}

int prune_images(const struct engine *engine, bool all, struct pruned *pruned, struct error *err)
{
	const struct strings no_filters = {0};
	AUTO_PRUNING struct pruning pruning = {.engine = engine,
					       .all = all,
					       .filters = &no_filters,
					       .until = INT64_MAX};

	return prune(&pruning, pruned, err);
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
	AUTO_PRUNING struct pruning pruning = {.engine = &engine,
					       .filters = &options.filters,
					       .until = INT64_MAX};
	struct pruned pruned = {0};
	struct error err;
	int status = 0;

	subcommand_options(call, groups, 0, 0);
	pruning.all = options.all;
	if (read_filters(&pruning, &err) < 0)
		return subcommand_fail(&err);
	if (!options.force &&
	    !prune_is_confirmed(options.all ? " all images without at least one container "
					      "associated to them."
					    : " all dangling images.")) {
		error_set(&err, ECANCELED, "image prune has been cancelled");
		return subcommand_fail(&err);
	}
	if (subcommand_engine(call, &engine, &err) < 0 || prune(&pruning, &pruned, &err) < 0)
		status = subcommand_fail(&err);
	else
		pruned_print(&pruned);
	strings_release(&options.filters);
	text_release(&pruned.text);
	return pruned.damaged ? STATUS_FAILED : status;
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
