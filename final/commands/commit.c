/* commit: an image of what a container has become. */
#include "commit.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"
#include "program.h"
#include "subcommand.h"

struct commit_options {
	struct program_options program;
	char *author, *message;
	struct strings changes;
	bool pause;
};

#define FIELD(name) offsetof(struct commit_options, name)

static const struct option_row commit_rows[] = {
	{"author", 'a', "NAME", option_string, FIELD(author), "Author of the image", NULL, NULL},
	{"change", 'c', "LINE", option_strings, FIELD(changes),
	 "Apply a line of a Dockerfile to the image", NULL, NULL},
	{"message", 'm', "TEXT", option_string, FIELD(message), "A message for the history", NULL,
	 NULL},
	{"pause", 'p', NULL, option_flag, FIELD(pause),
	 "Pause the container meanwhile; it is the default", NULL, NULL},
	{0},
};

static int commit(const struct call *call, const struct commit_options *options, int operand,
		  struct error *err)
{
	const char *name = call->argv[operand + 1];
	const struct commit commit = {name ? name : "", options->author, options->message,
				      &options->changes, options->pause};
	AUTO_CONTAINER struct container container = {0};
	AUTO_ENGINE struct engine engine = {0};

	if (subcommand_engine(call, &engine, err) < 0 ||
	    container_find(&engine, call->argv[operand], &container, err) < 0)
		return -1;
	/* The helper writes to the same descriptor. */
	fflush(stdout);
	return commit_container(&engine, &container, &commit, err);
}

int command_commit(const struct call *call)
{
	struct commit_options options = {.pause = true};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", commit_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, 2);
	struct error err;
	int status = 0;

	if (commit(call, &options, operand, &err) < 0)
		status = subcommand_fail(&err);
	cleanup_memory(&options.author);
	cleanup_memory(&options.message);
	strings_release(&options.changes);
	return status;
}
