/* completion: a script for the shell. It asks this program for its options, so they are those of the
 * option tables, and never out of date. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "program.h"
#include "subcommand.h"

static const char bash_script[] =
	"_coracle()\n"
	"{\n"
	"    local word=${COMP_WORDS[COMP_CWORD]} command= i\n"
	"    for ((i = 1; i < COMP_CWORD; i++)); do\n"
	"        case ${COMP_WORDS[i]} in\n"
	"        --root) i=$((i + 1)) ;;\n"
	"        -*) ;;\n"
	"        *) command=${COMP_WORDS[i]}; break ;;\n"
	"        esac\n"
	"    done\n"
	"    if [[ $word == -* ]]; then\n"
	"        COMPREPLY=($(compgen -W \"$(coracle $command --help 2>/dev/null |\n"
	"            sed -n 's/^ *\\(-., \\)*\\(--[a-z][a-z0-9-]*\\).*/\\2/p')\" -- \"$word\"))\n"
	"    elif [ -z \"$command\" ]; then\n"
	"        COMPREPLY=($(compgen -W \"$(coracle completion commands)\" -- \"$word\"))\n"
	"    else\n"
	"        case $command in\n"
	"        run | create | rmi | save | history | tag)\n"
	"            COMPREPLY=($(compgen -W \"$(coracle images --format \\\n"
	"                '{{.Repository}}:{{.Tag}}' 2>/dev/null)\" -- \"$word\")) ;;\n"
	"        *)\n"
	"            COMPREPLY=($(compgen -W \"$(coracle ps -a --format '{{.Names}}' 2>/dev/null)\" \\\n"
	"                -- \"$word\")) ;;\n"
	"        esac\n"
	"        # an image's name may hold a colon, at which readline begins a new word\n"
	"        type __ltrim_colon_completions >/dev/null 2>&1 && __ltrim_colon_completions \"$word\"\n"
	"    fi\n"
	"}\n"
	"complete -o default -F _coracle coracle\n";

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

	if (strcmp(shell, "commands") == 0) {
		for (const struct subcommand *row = subcommands; row->name; row++)
			printf("%s\n", row->name);
	} else if (strcmp(shell, "bash") == 0) {
		fputs(bash_script, stdout);
	} else if (strcmp(shell, "zsh") == 0) {
		/* zsh runs the functions that were written for bash. */
		printf("#compdef coracle\nautoload -U +X bashcompinit && bashcompinit\n%s",
		       bash_script);
	} else {
		error_set(&err, EINVAL, "there is completion for bash and zsh, not for '%s'",
			  shell);
		return subcommand_fail(&err);
	}
	return 0;
}
