/*
 * coracle: containers from the registry to exec and after. This file reads what holds for all
 * subcommands; commands/ has one function for each of them, engine/ does the work.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands/subcommand.h"
#include "path.h"
#include "program.h"
#include "trace.h"

/* The data root, absolute: a monitor, and a mount, must find it from any directory. */
static char *choose_root(const struct global_options *options)
{
	const char *from_environment = getenv("CORACLE_ROOT");
	const char *root = options->root ? options->root : from_environment;
	AUTO_FREE char *here = getcwd(NULL, 0);

	if (!root || !*root)
		root = ENGINE_DEFAULT_ROOT;
	return path_normal(here ? here : "/", root);
}

static int call(const struct global_options *options, int argc, char *const *argv)
{
	AUTO_FREE char *root = choose_root(options);

	return subcommand_call(root, argc, argv);
}

/* What could not be written is a failure, whatever else went well: `coracle ps >/dev/full`. */
static int flushed(int status)
{
	struct error err;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	error_sys(&err, "write to standard output");
	program_fail(PROGRAM, &err, 0);
	return status ? status : STATUS_FAILED;
}

int main(int argc, char *argv[])
{
	struct global_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Global options", global_option_rows, &options},
		{0},
	};
	struct error err;
	int status = 0, operand = options_parse(groups, argc, argv, &err);

	if (operand < 0) {
		error_hint(&err, err.code, "see '" PROGRAM " --help'");
		status = program_fail(PROGRAM, &err, STATUS_OURS);
	} else if (options.version) {
		printf(PROGRAM " version " VERSION "\n");
	} else if (options.program.help || operand == argc) {
		subcommand_print_help(options.program.help);
	} else if (options.program.explain && trace_open(STDERR_FILENO, 0, &err) < 0) {
		status = program_fail(PROGRAM, &err, STATUS_OURS);
	} else {
		status = call(&options, argc - operand, argv + operand);
	}
	cleanup_memory(&options.root);
	return flushed(status);
}
