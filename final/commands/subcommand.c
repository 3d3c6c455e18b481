/* The table of subcommands, and their common frame; see subcommand.h. */
#include "subcommand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "program.h"
#include "text.h"

const struct subcommand subcommands[] = {
	{"run", "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	 "Create and run a new container from an image", command_run},
	{"ps", "[OPTIONS]", "List containers", command_ps},
	{"logs", "[OPTIONS] CONTAINER", "Fetch the logs of a container", command_logs},
	{"stop", "[OPTIONS] CONTAINER [CONTAINER...]", "Stop one or more running containers",
	 command_stop},
	{"kill", "[OPTIONS] CONTAINER [CONTAINER...]", "Kill one or more running containers",
	 command_kill},
	{"rm", "[OPTIONS] CONTAINER [CONTAINER...]", "Remove one or more containers", command_rm},
	{"pull", "[OPTIONS] NAME[:TAG|@DIGEST]...", "Download images from a registry",
	 command_pull},
	{"images", "[OPTIONS] [REPOSITORY[:TAG]]", "List images", command_images},
	{"rmi", "[OPTIONS] IMAGE [IMAGE...]", "Remove one or more images", command_rmi},
	{"inspect", "[OPTIONS] NAME|ID [NAME|ID...]",
	 "Return low-level information on containers and images", command_inspect},
	{"version", "", "Show the version of coracle, and what it stands on", command_version},
	{"help", "[COMMAND]", "Show this list, or the options of a command", command_help},
	{0},
};

#define FIELD(name) offsetof(struct global_options, name)

const struct option_row global_option_rows[] = {
	{"root", 0, "DIR", option_string, FIELD(root),
	 "Data root ($CORACLE_ROOT, or " ENGINE_DEFAULT_ROOT ")", NULL, NULL},
	{"version", 'v', NULL, option_flag, FIELD(version), "Print the version and quit", NULL,
	 NULL},
	{0},
};

static const struct subcommand *find_subcommand(const char *name)
{
	for (const struct subcommand *row = subcommands; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

int subcommand_call(const char *root, int argc, char *const *argv)
{
	struct call call = {find_subcommand(argv[0]), root, argc, argv};
	struct error err;

	if (call.subcommand)
		return call.subcommand->run(&call);
	error_set(&err, EINVAL, "unknown command: " PROGRAM " %s (see '" PROGRAM " --help')",
		  argv[0]);
	return subcommand_fail(&err);
}

/* Docker's words for a wrong number of operands. */
static void refuse_operands(const char *name, int least, int most)
{
	int wanted = least ? least : most;
	struct error err;

	if (most == 0)
		error_set(&err, EINVAL, "'%s' accepts no arguments", name);
	else
		error_set(&err, EINVAL, "'%s' requires %s%d argument%s", name,
			  least == most ? "" : (least ? "at least " : "at most "), wanted,
			  wanted == 1 ? "" : "s");
	error_hint(&err, EINVAL, "see '%s --help'", name);
	exit(subcommand_fail(&err));
}

int subcommand_options(const struct call *call, const struct option_group *groups, int least,
		       int most)
{
	AUTO_FREE char *name = memory_format(PROGRAM " %s", call->subcommand->name);
	int operand =
		program_options(name, call->subcommand->usage, groups, call->argc, call->argv);
	int count = call->argc - operand;

	if (count < least || (most >= 0 && count > most))
		refuse_operands(name, least, most);
	return operand;
}

int subcommand_engine(const struct call *call, struct engine *engine, struct error *err)
{
	AUTO_FREE char *what = memory_format("'" PROGRAM " %s'", call->subcommand->name);

	program_need_root(PROGRAM, what);
	return engine_open(call->root, engine, err);
}

int subcommand_fail(const struct error *err)
{
	return program_fail(PROGRAM, err, STATUS_FAILED);
}

int subcommand_fail_to_remove(const struct error *err, bool force)
{
	int status = subcommand_fail(err);

	return force && err->code == ENOENT ? 0 : status;
}

int subcommand_each(const struct call *call, int operand,
		    int (*act)(const struct engine *engine, const char *name, const void *context,
			       struct error *err),
		    const void *context, bool force)
{
	AUTO_ENGINE struct engine engine = {0};
	struct error err;
	int status = 0;

	if (subcommand_engine(call, &engine, &err) < 0)
		return subcommand_fail(&err);
	for (int i = operand; i < call->argc; i++) {
		if (act(&engine, call->argv[i], context, &err) == 0)
			printf("%s\n", call->argv[i]);
		else
			status |= subcommand_fail_to_remove(&err, force);
		/* What was done is said at once: the next container may take its ten seconds. */
		fflush(stdout);
	}
	return status;
}

void subcommand_print_help(void)
{
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, NULL},
		{"Global options", global_option_rows, NULL},
		{0},
	};
	AUTO_TEXT struct text options = {0};

	printf("Usage:  " PROGRAM " [OPTIONS] COMMAND\n\n"
	       "Runs containers, with nothing but the kernel\n\nCommands:\n");
	for (const struct subcommand *row = subcommands; row->name; row++)
		printf("  %-10s  %s\n", row->name, row->help);
	options_help(groups, &options);
	printf("%s\nRun '" PROGRAM " COMMAND --help' for more information on a command.\n",
	       text_string(&options));
}
