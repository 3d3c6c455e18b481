/* completion: a script for the shell. It asks this program for commands and options (--help=rows), so
 * they are those of the tables, and never out of date. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "program.h"
#include "subcommand.h"

/* The scripts, each in a file of its own. */
static const char words_script[] = {
#include "completion_sh.h"
};
static const char bash_script[] = {
#include "completion_bash.h"
};
static const char zsh_script[] = {
#include "completion_zsh.h"
};

static void print(const char *script, size_t length)
{
	fwrite(script, 1, length, stdout);
}

int command_completion(const struct call *call)
{
	struct program_options program = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &program},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, 1);
	const char *shell = call->argv[operand];
	struct error err;

	if (strcmp(shell, "bash") == 0) {
		print(words_script, sizeof(words_script));
		print(bash_script, sizeof(bash_script));
	} else if (strcmp(shell, "zsh") == 0) {
		puts("#compdef coracle");
		print(words_script, sizeof(words_script));
		print(zsh_script, sizeof(zsh_script));
	} else {
		error_set(&err, EINVAL, "there is completion for bash and zsh, not for '%s'",
			  shell);
		return subcommand_fail(&err);
	}
	return 0;
}
