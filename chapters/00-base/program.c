/* The common frame of the front ends; see program.h. */
#include "program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "text.h"
#include "trace.h"

const struct option_row program_option_rows[] = {
	{"explain", 0, NULL, option_flag, offsetof(struct program_options, explain),
	 "Print each step that the kernel is asked for", NULL, NULL},
	{"help", 0, NULL, option_flag, offsetof(struct program_options, help),
	 "Print this help and exit", NULL, NULL},
	{0},
};

static void print_help(const char *name, const char *usage, const struct option_group *groups)
{
	AUTO_TEXT struct text help = {0};

	options_help(groups, &help);
	printf("Usage:  %s %s\n%s", name, usage, text_string(&help));
}

int program_options(const char *name, const char *usage, const struct option_group *groups,
		    int argc, char *const *argv)
{
	const struct program_options *common = groups[0].target;
	struct error err;
	int operand = options_parse(groups, argc, argv, &err);

	if (operand < 0) {
		error_hint(&err, err.code, "see '%s --help'", name);
		exit(program_fail(name, &err, STATUS_OURS));
	}
	if (common->help) {
		print_help(name, usage, groups);
		exit(0);
	}
	if (common->explain && trace_open(STDERR_FILENO, 0, &err) < 0)
		exit(program_fail(name, &err, STATUS_OURS));
	return operand;
}

int program_fail(const char *name, const struct error *err, int status)
{
	fprintf(stderr, "%s: %s\n", name, err->text);
	return status;
}

void program_need_root(const char *name, const char *why)
{
	struct error err;

	if (geteuid() == 0)
		return;
	error_set(&err, EPERM, "%s needs root: run it with sudo", why);
	exit(program_fail(name, &err, STATUS_OURS));
}
