/*
 * What every front end does the same way: read options, print one line on a mistake, exit.
 * Only main.c files, final/commands and tables of options use this; modules never print or exit.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>

#include "error.h"
#include "options.h"

/* Exit statuses are Docker's: 125 is a failure of our own, before or around the command. */
#define STATUS_OURS 125

/* What --help prints: nothing; the text; the tables' rows (--help=rows), of which manual pages,
 * completion and the README's table are made. */
enum program_help { HELP_NONE, HELP_TEXT, HELP_ROWS };

struct program_options {
	enum program_help help;
	bool explain;
};
extern const struct option_row program_option_rows[];

/* Reads options into the groups, the first of which must be of program_option_rows. --help is
 * printed, and ends the program with 0; a mistake is printed, and ends it with 125; --explain opens
 * the trace. Standard streams that are closed become /dev/null, and the umask 022. `name` is the
 * program, with its subcommand; `usage` follows it in the help. Returns the index of the first
 * operand. */
int program_options(const char *name, const char *usage, const struct option_group *groups,
		    int argc, char *const *argv);

/* A parser of options, for a struct strings: adds "NAME=value" as it is, a bare NAME with the value
 * that it has in our own environment, or bare if it has none there. It is here because only front
 * ends read the environment. */
int program_option_environment(void *field, const char *value, struct error *err);

/* Prints a line "WARNING: text" on standard error for each. */
struct strings;
void program_warn(const struct strings *warnings);

/* Prints "NAME: text" on standard error and returns `status`. */
int program_fail(const char *name, const struct error *err, int status);

/* Ends the program with one line unless it runs as root. `why` is what needs root. */
void program_need_root(const char *name, const char *why);

#endif
