/* The common frame of the front ends; see program.h. */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "text.h"
#include "trace.h"

static int option_help(void *field, const char *value, struct error *err)
{
	enum program_help *help = field;
	bool wanted = false;

	if (strcmp(value, "rows") == 0) {
		*help = HELP_ROWS;
		return 0;
	}
	if (option_flag(&wanted, value, err) < 0)
		return -1;
	*help = wanted ? HELP_TEXT : HELP_NONE;
	return 0;
}

const struct option_row program_option_rows[] = {
	{"explain", 0, NULL, option_flag, offsetof(struct program_options, explain),
	 "Print each step that the kernel is asked for", NULL, NULL},
	{"help", 0, NULL, option_help, offsetof(struct program_options, help),
	 "Print this help and exit", NULL, NULL},
	{0},
};

static void print_help(const char *name, const char *usage, const struct option_group *groups)
{
	AUTO_TEXT struct text help = {0};

	options_help(groups, &help);
	printf("Usage:  %s %s\n%s", name, usage, text_string(&help));
}

static void print_rows(const char *name, const char *usage, const struct option_group *groups)
{
	AUTO_TEXT struct text rows = {0};

	options_rows(groups, &rows);
	printf("usage\t%s\t%s\n%s", name, usage, text_string(&rows));
}

/* A standard stream that our caller closed would be the number of the next file that we open, and
 * the command would take that for its input or output. */
static void open_missing_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int program_options(const char *name, const char *usage, const struct option_group *groups,
		    int argc, char *const *argv)
{
	const struct program_options *common = groups[0].target;
	struct error err;
	int operand;

	open_missing_streams();
	/* The modes of what we make are those we say, whatever the caller's umask. */
	umask(0022);
	operand = options_parse(groups, argc, argv, &err);
	if (operand < 0) {
		error_hint(&err, err.code, "see '%s --help'", name);
		exit(program_fail(name, &err, STATUS_OURS));
	}
	if (common->help) {
		(common->help == HELP_ROWS ? print_rows : print_help)(name, usage, groups);
		exit(0);
	}
	if (common->explain && trace_open(STDERR_FILENO, 0, &err) < 0)
		exit(program_fail(name, &err, STATUS_OURS));
	return operand;
}

int program_option_environment(void *field, const char *value, struct error *err)
{
	const char *ours = strchr(value, '=') ? NULL : getenv(value);
	AUTO_FREE char *entry = ours ? memory_format("%s=%s", value, ours) : memory_string(value);

	if (!*value || *value == '=')
		return error_set(err, EINVAL, "invalid environment variable: %s", value);
	strings_add(field, entry);
	return 0;
}

void program_warn(const struct strings *warnings)
{
	for (size_t i = 0; i < warnings->count; i++)
		fprintf(stderr, "WARNING: %s\n", warnings->items[i]);
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
