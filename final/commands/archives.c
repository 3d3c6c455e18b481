/* tag, save, load, import and export: images and containers as archives. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"
#include "export.h"
#include "image_actions.h"
#include "program.h"
#include "subcommand.h"
#include "text.h"

struct archives_options {
	struct program_options program;
	char *file, *platform, *message;
	struct strings changes;
	bool quiet;
};

#define FIELD(name) offsetof(struct archives_options, name)

static const struct option_row none_rows[] = {{0}};

static const struct option_row output_rows[] = {
	{"output", 'o', "FILE", option_string, FIELD(file),
	 "Write to a file, instead of standard output", NULL, NULL},
	{0},
};

static const struct option_row save_rows[] = {
	{"output", 'o', "FILE", option_string, FIELD(file),
	 "Write to a file, instead of standard output", NULL, NULL},
	{"platform", 0, "OS/ARCH", option_string, FIELD(platform), "What the images must be for",
	 NULL, NULL},
	{0},
};

static const struct option_row load_rows[] = {
	{"input", 'i', "FILE", option_string, FIELD(file),
	 "Read from a tar archive file, instead of standard input", NULL, NULL},
	{"platform", 0, "OS/ARCH", option_string, FIELD(platform),
	 "Which of several images to load", NULL, NULL},
	{"quiet", 'q', NULL, option_flag, FIELD(quiet), "Print no progress", NULL, NULL},
	{0},
};

static const struct option_row import_rows[] = {
	{"change", 'c', "LINE", option_strings, FIELD(changes),
	 "Apply a line of a Dockerfile to the image", NULL, NULL},
	{"message", 'm', "TEXT", option_string, FIELD(message), "A message for the history", NULL,
	 NULL},
	{"platform", 0, "OS/ARCH", option_string, FIELD(platform), "What the image is for", NULL,
	 NULL},
	{0},
};

static void options_release(struct archives_options *options)
{
	cleanup_memory(&options->file);
	cleanup_memory(&options->platform);
	cleanup_memory(&options->message);
	strings_release(&options->changes);
}
#define AUTO_OPTIONS CLEANUP(options_release)

/* What the helper is asked for; NULL is no name. */
static int call_helper(const struct call *call, struct image_request *request,
		       const struct image_archive *archive, struct error *err)
{
	AUTO_ENGINE struct engine engine = {0};

	if (subcommand_engine(call, &engine, err) < 0)
		return -1;
	request->root = engine.root;
	if (!request->name)
		request->name = "";
	/* The helper writes to the same descriptor. */
	fflush(stdout);
	return image_archive(&engine, request, archive, err);
}

static int finish(int result, const struct error *err)
{
	return result < 0 ? subcommand_fail(err) : 0;
}

/* --- tag ------------------------------------------------------------------------------------- */

int command_tag(const struct call *call)
{
	AUTO_OPTIONS struct archives_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", none_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 2, 2);
	AUTO_STRINGS struct strings target = {0};
	struct image_request request = {.name = call->argv[operand], .output_fd = STDOUT_FILENO};
	struct image_archive archive = {.command = "tag", .operands = &target, .input_fd = -1};
	struct error err;

	strings_add(&target, call->argv[operand + 1]);
	return finish(call_helper(call, &request, &archive, &err), &err);
}

/* --- save and export ------------------------------------------------------------------------- */

/* A temporary name beside the file, so that a failure leaves what was there. "": standard output. */
static int open_output(const char *file, char **temporary, struct error *err)
{
	int fd;

	if (!file) {
		if (isatty(STDOUT_FILENO))
			return error_set(
				err, EINVAL,
				"cowardly refusing to save to a terminal. Use the -o flag or redirect");
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	}
	*temporary = memory_format("%s.XXXXXX", file);
	fd = mkostemp(*temporary, O_CLOEXEC);
	if (fd < 0) {
		cleanup_memory(temporary);
		return error_sys(err, "create '%s'", file);
	}
	return fd;
}

static int close_output(int result, const char *file, const char *temporary, struct error *err)
{
	if (!temporary)
		return result;
	if (result == 0 && rename(temporary, file) == 0)
		return 0;
	if (result == 0)
		error_sys(err, "rename '%s' to '%s'", temporary, file);
	unlink(temporary);
	return -1;
}

int command_save(const struct call *call)
{
	AUTO_OPTIONS struct archives_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", save_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	AUTO_STRINGS struct strings others = {0};
	AUTO_FREE char *temporary = NULL;
	struct error err;
	AUTO_CLOSE int fd = open_output(options.file, &temporary, &err);
	struct image_request request = {.name = call->argv[operand], .output_fd = fd};
	struct image_archive archive = {.command = "save", .operands = &others, .input_fd = -1};
	int result;

	if (fd < 0)
		return subcommand_fail(&err);
	strings_add_argv(&others, call->argv + operand + 1);
	request.platform = options.platform;
	result = call_helper(call, &request, &archive, &err);
	return finish(close_output(result, options.file, temporary, &err), &err);
}

static int export(const struct call *call, const char *name, int fd, struct error *err)
{
	AUTO_ENGINE struct engine engine = {0};
	AUTO_CONTAINER struct container container = {0};

	if (subcommand_engine(call, &engine, err) < 0 ||
	    container_find(&engine, name, &container, err) < 0)
		return -1;
	return export_container(&engine, &container, fd, err);
}

int command_export(const struct call *call)
{
	AUTO_OPTIONS struct archives_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", output_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, 1);
	AUTO_FREE char *temporary = NULL;
	struct error err;
	AUTO_CLOSE int fd = open_output(options.file, &temporary, &err);
	int result;

	if (fd < 0)
		return subcommand_fail(&err);
	result = export(call, call->argv[operand], fd, &err);
	return finish(close_output(result, options.file, temporary, &err), &err);
}

/* --- load and import ------------------------------------------------------------------------- */

static int open_input(const char *file, struct error *err)
{
	int fd;

	if (!file || strcmp(file, "-") == 0)
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	error_sys(err, "open %s", file);
	if (strstr(file, "://"))
		error_hint(err, ENOENT, "an address is read by 'curl -fL ADDRESS | coracle … -'");
	return -1;
}

int command_load(const struct call *call)
{
	AUTO_OPTIONS struct archives_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", load_rows, &options},
		{0},
	};
	struct error err;

	subcommand_options(call, groups, 0, 0);
	if (!options.file && isatty(STDIN_FILENO)) {
		error_set(&err, EINVAL, "requested load from stdin, but stdin is empty");
		return subcommand_fail(&err);
	}
	AUTO_CLOSE int fd = open_input(options.file, &err);
	struct image_request request = {.platform = options.platform, .output_fd = STDOUT_FILENO};
	struct image_archive archive = {.command = "load", .input_fd = fd};

	if (fd < 0)
		return subcommand_fail(&err);
	return finish(call_helper(call, &request, &archive, &err), &err);
}

int command_import(const struct call *call)
{
	AUTO_OPTIONS struct archives_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", import_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, 2);
	AUTO_STRINGS struct strings lines = {0};
	struct error err;
	AUTO_CLOSE int fd = open_input(call->argv[operand], &err);
	struct image_request request = {.platform = options.platform,
					.name = call->argv[operand + 1],
					.output_fd = STDOUT_FILENO};
	struct image_archive archive = {.command = "import", .options = &lines, .input_fd = fd};

	if (fd < 0)
		return subcommand_fail(&err);
	for (size_t i = 0; i < options.changes.count; i++) {
		AUTO_FREE char *line = memory_format("--change=%s", options.changes.items[i]);

		strings_add(&lines, line);
	}
	if (options.message) {
		AUTO_FREE char *line = memory_format("--message=%s", options.message);

		strings_add(&lines, line);
	}
	return finish(call_helper(call, &request, &archive, &err), &err);
}
