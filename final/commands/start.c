/* start, wait and rename: what becomes of a container that there is. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "attach.h"
#include "cleanup.h"
#include "container.h"
#include "lives.h"
#include "names.h"
#include "program.h"
#include "run_network.h"
#include "subcommand.h"

/* --- start --------------------------------------------------------------------------------- */

struct start_options {
	struct program_options program;
	bool attach, input;
	char *detach_keys;
};

#define FIELD(name) offsetof(struct start_options, name)

static const struct option_row start_rows[] = {
	{"attach", 'a', NULL, option_flag, FIELD(attach), "Show its output, and pass signals on",
	 NULL, NULL},
	{"detach-keys", 0, "KEYS", subcommand_option_detach_keys, FIELD(detach_keys),
	 "Keys that leave the container (ctrl-p,ctrl-q)", NULL, NULL},
	{"interactive", 'i', NULL, option_flag, FIELD(input), "Give it our standard input", NULL,
	 NULL},
	{0},
};

static int start_one(const struct engine *engine, const char *name, const void *context,
		     struct error *err)
{
	AUTO_CONTAINER struct container container = {0};

	(void)context;
	if (container_find(engine, name, &container, err) < 0)
		return -1;
	run_network_warn(&container.config);
	return container_start(engine, &container, false, err);
}

/* Starts one and stays with it until it ends. */
static int start_attached(const struct call *call, const struct start_options *options,
			  const char *name, int *status, struct error *err)
{
	AUTO_CONTAINER struct container container = {0};
	AUTO_ENGINE struct engine engine = {0};
	struct attach_options attach = {.output = true, .errors = true, .proxy = true};
	int socket;

	if (subcommand_engine(call, &engine, err) < 0 ||
	    container_find(&engine, name, &container, err) < 0)
		return -1;
	attach.input = options->input && container.config.interactive;
	attach.terminal = container.config.terminal;
	attach.detach_keys = options->detach_keys ? options->detach_keys : DETACH_KEYS;
	if (attach.input && attach.terminal && !isatty(STDIN_FILENO))
		return error_set(err, EINVAL, "the input device is not a TTY");
	run_network_warn(&container.config);
	socket = container_start(&engine, &container, true, err);
	if (socket < 0)
		return -1;
	*status = 0;
	return attach_run(socket, &attach, status, err) < 0 && err->code != ATTACH_DETACHED ? -1
											    : 0;
}

static int start(const struct call *call, const struct start_options *options, int operand)
{
	const struct action action = {start_one, NULL, false};
	int status = STATUS_FAILED;
	struct error err;

	if (!options->attach && !options->input)
		return subcommand_each(call, operand, &action);
	if (call->argc - operand > 1) {
		error_set(&err, EINVAL, "you cannot start and attach multiple containers at once");
		return subcommand_fail(&err);
	}
	if (start_attached(call, options, call->argv[operand], &status, &err) < 0)
		return subcommand_fail(&err);
	return status;
}

int command_start(const struct call *call)
{
	struct start_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", start_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	int status = start(call, &options, operand);

	cleanup_memory(&options.detach_keys);
	return status;
}

/* --- wait and rename ----------------------------------------------------------------------- */

/* Reads the only options there are: those of every command. */
static int operands(const struct call *call, int least, int most)
{
	struct program_options program = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &program},
		{0},
	};

	return subcommand_options(call, groups, least, most);
}

static int wait_for(const struct engine *engine, const char *name, struct error *err)
{
	AUTO_CONTAINER struct container container = {0};
	int status = 0;

	if (container_find(engine, name, &container, err) < 0 ||
	    container_wait(engine, &container, &status, err) < 0)
		return -1;
	printf("%d\n", status);
	fflush(stdout);
	return 0;
}

int command_wait(const struct call *call)
{
	int operand = operands(call, 1, -1), status = 0;
	AUTO_ENGINE struct engine engine = {0};
	struct error err;

	if (subcommand_engine(call, &engine, &err) < 0)
		return subcommand_fail(&err);
	for (int i = operand; i < call->argc; i++)
		if (wait_for(&engine, call->argv[i], &err) < 0)
			status = subcommand_fail(&err);
	return status;
}

int command_rename(const struct call *call)
{
	int operand = operands(call, 2, 2);
	AUTO_CONTAINER struct container container = {0};
	AUTO_ENGINE struct engine engine = {0};
	struct error err;

	if (subcommand_engine(call, &engine, &err) < 0 ||
	    container_find(&engine, call->argv[operand], &container, &err) < 0 ||
	    container_rename(&engine, &container, names_without_slash(call->argv[operand + 1]),
			     &err) < 0)
		return subcommand_fail(&err);
	return 0;
}
