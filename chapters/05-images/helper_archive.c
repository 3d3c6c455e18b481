/* tag, save, load, import; see helper_archive.h. */
#include "helper_archive.h"

#include <errno.h>
#include <string.h>

#include "image_commit.h"
#include "image_import.h"
#include "image_load.h"
#include "image_save.h"
#include "store.h"
#include "store_check.h"
#include "store_write.h"

static int input_of(const struct archive_options *options, struct error *err)
{
	uint64_t fd;

	if (!options->input)
		return error_set(err, EINVAL, "--input is needed");
	return text_to_number(options->input, 1 << 20, &fd, err) < 0 ? -1 : (int)fd;
}

static int tag(const struct archive_options *options, char *const *operands, struct strings *said,
	       struct error *err)
{
	AUTO_REFERENCE struct reference target = {0};
	AUTO_IMAGE struct image image = {0};
	AUTO_CLOSE int lock = -1;

	(void)said;
	if (!operands[0] || !operands[1])
		return error_set(err, EINVAL, "an image and its new name are needed");
	if (reference_parse(operands[1], &target, err) < 0)
		return error_wrap(err, "'%s' is not a valid name", operands[1]);
	if (target.digest)
		return error_set(err, EINVAL, "refusing to create a tag with a digest reference");
	lock = store_lock(options->root, false, err);
	if (lock < 0 || store_find(options->root, operands[0], &image, err) < 0)
		return -1;
	return store_set_reference(options->root, &target, image.digest, image.manifest_digest,
				   err);
}

static int save(const struct archive_options *options, char *const *operands, struct strings *said,
		struct error *err)
{
	AUTO_STRINGS struct strings names = {0};
	AUTO_CLOSE int lock = store_lock(options->root, false, err);
	const struct save_request request = {options->root, options->platform, options->output_fd};

	(void)said;
	strings_add_argv(&names, operands);
	return lock < 0 ? -1 : image_save(&request, &names, err);
}

static int load(const struct archive_options *options, char *const *operands, struct strings *said,
		struct error *err)
{
	const struct load_request request = {options->root, options->platform,
					     input_of(options, err)};

	(void)operands;
	return request.input_fd < 0 ? -1 : image_load(&request, said, err);
}

static int import(const struct archive_options *options, char *const *operands,
		  struct strings *said, struct error *err)
{
	const struct import_request request = {
		.root = options->root,
		.name = *operands[0] ? operands[0] : NULL,
		.platform = options->platform,
		.message = options->message,
		.changes = &options->changes,
		.input_fd = input_of(options, err),
	};
	char id[DIGEST_SIZE];

	if (request.input_fd < 0 || image_import(&request, id, err) < 0)
		return -1;
	strings_add(said, id);
	return 0;
}

/* Operands: NAME ("": none), the base, overrides of its config. */
static int commit(const struct archive_options *options, char *const *operands,
		  struct strings *said, struct error *err)
{
	struct commit_request request = {
		.root = options->root,
		.name = *operands[0] ? operands[0] : NULL,
		.message = options->message,
		.changes = &options->changes,
		.input_fd = input_of(options, err),
	};
	char id[DIGEST_SIZE];

	if (request.input_fd < 0)
		return -1;
	if (!operands[1] || !operands[2])
		return error_set(err, EINVAL, "a name, a base and its overrides are needed");
	request.base = operands[1];
	request.overrides = operands[2];
	if (image_commit(&request, id, err) < 0)
		return -1;
	strings_add(said, id);
	return 0;
}

/* Fails on findings, and says all of them. */
static int check(const struct archive_options *options, char *const *operands, struct strings *said,
		 struct error *err)
{
	AUTO_STORE_CHECK struct store_check found = {0};
	AUTO_CLOSE int lock = store_lock(options->root, false, err);
	AUTO_FREE char *sound = NULL;

	(void)operands;
	if (lock < 0 || store_check(options->root, &found, err) < 0)
		return -1;
	strings_add_all(said, &found.findings);
	if (found.findings.count)
		return error_set(err, EIO, "the image store has %zu fault%s", found.findings.count,
				 found.findings.count == 1 ? "" : "s");
	sound = memory_format("images: %zu names, %zu blobs and %zu layers are sound",
			      found.references, found.blobs, found.layers);
	strings_add(said, sound);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct archive_options *options, char *const *operands,
		   struct strings *said, struct error *err);
} commands[] = {{"tag", tag},	    {"save", save},	{"load", load},
		{"import", import}, {"commit", commit}, {"check", check}};

int helper_archive_run(const char *command, const struct archive_options *options,
		       char *const *operands, struct strings *said, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		if (strcmp(commands[i].name, command) == 0)
			return commands[i].run(options, operands, said, err);
	return error_set(err, EINVAL, "unknown command '%s'", command);
}
