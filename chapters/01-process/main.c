/*
 * 01-process: start a command with an environment, a user and privileges of its own, and end as it
 * ends.
 */
#include <errno.h>

#include "environment.h"
#include "process.h"
#include "process_options.h"
#include "program.h"

#define NAME "01-process"

static int run(const struct process_options *options, char *const *argv, int *status,
	       struct error *err)
{
	AUTO_STRINGS struct strings env = {0};
	struct process_config config = {.argv = argv, .env = &env, .die_with_parent = true};
	AUTO_PROCESS struct process process = {0};

	environment_build(NULL, NULL, &options->env, &env);
	if (process_options_apply(options, &config, err) < 0)
		return -1;
	if (process_start(&process, &config, err) < 0)
		return -1;
	return process_wait(&process, status, err);
}

int main(int argc, char *argv[])
{
	struct program_options program = {0};
	struct process_options process = {0};
	const struct option_group groups[] = {
		{"00-base: every program", program_option_rows, &program},
		{"01-process: what is started, and what it may do", process_option_rows, &process},
		{0},
	};
	int operand = program_options(NAME, "[OPTIONS] [--] COMMAND [ARG...]", groups, argc, argv);
	int status = STATUS_OURS;
	struct error err;

	if (operand == argc) {
		error_set(&err, EINVAL, "a command is missing (see '" NAME " --help')");
		return program_fail(NAME, &err, STATUS_OURS);
	}
	program_need_root(NAME, "giving up privileges");
	if (run(&process, argv + operand, &status, &err) < 0)
		status = program_fail(NAME, &err, process_failure_status(&err));
	process_options_release(&process);
	return status;
}
