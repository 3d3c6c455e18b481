/* Subcommands of two words; see group.h. */
#include "group.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

static void print_help(const struct call *call, const struct subcommand *rows, bool plain)
{
	if (plain) {
		subcommand_print_rows(rows);
		return;
	}
	printf("Usage:  " PROGRAM " %s COMMAND\n\n%s\n\nCommands:\n", call->subcommand->name,
	       call->subcommand->help);
	for (; rows->name; rows++)
		printf("  %-10s  %s\n", strchr(rows->name, ' ') + 1, rows->help);
	printf("\nRun '" PROGRAM " %s COMMAND --help' for more information on a command.\n",
	       call->subcommand->name);
}

int group_call(const struct call *call, const struct subcommand *rows)
{
	const char *word = call->argc > 1 ? call->argv[1] : "--help";
	AUTO_FREE char *name = memory_format("%s %s", call->subcommand->name, word);
	struct error err;

	for (const struct subcommand *row = rows; row->name; row++) {
		const struct call inner = {row, call->root, call->argc - 1, call->argv + 1};

		if (strcmp(row->name, name) == 0)
			return row->run(&inner);
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "--help=rows") == 0) {
		print_help(call, rows, word[6] == '=');
		return 0;
	}
	error_set(&err, EINVAL, "unknown command: " PROGRAM " %s (see '" PROGRAM " %s --help')",
		  name, call->subcommand->name);
	return subcommand_fail(&err);
}
