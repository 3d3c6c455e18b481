/*
 * Subcommands: the table of them, and what all of them do the same way.
 *
 * A subcommand reads options and operands, asks the engine, and prints. Mistakes end the program
 * with one line: 125 for an option, as Docker; 1 for a wrong number of operands.
 */
#ifndef SUBCOMMAND_H
#define SUBCOMMAND_H

#include <stdbool.h>

#include "engine.h"
#include "error.h"
#include "options.h"
#include "program.h"
#include "text.h"

#define PROGRAM "coracle"
#define VERSION "0.1.0"

/* The exit status of whatever fails behind the command line, but for `run`. */
#define STATUS_FAILED 1

struct call;

struct subcommand {
	const char *name;
	const char *usage; /* what follows the name in the help */
	const char *help;
	int (*run)(const struct call *call); /* returns the exit status */
};

/* The table; it ends in a row without a name. */
extern const struct subcommand subcommands[];

/* One use of a subcommand. argv[0] is its name. */
struct call {
	const struct subcommand *subcommand;
	const char *root; /* the data root, absolute */
	int argc;
	char *const *argv;
};

/* Runs the subcommand that argv[0] names. Returns the exit status. */
int subcommand_call(const char *root, int argc, char *const *argv);

/* Reads the options, as program_options does, and makes sure that the number of operands is from
 * `least` to `most` (-1: any). As with docker, options may also come after operands, unless what
 * follows the first one is a command; in argv the operands are last then, in their order. Returns the
 * index of the first operand. */
int subcommand_options(const struct call *call, const struct option_group *groups, int least,
		       int most);

/* A parser for seconds in an int; -1 waits for ever. */
int subcommand_option_seconds(void *field, const char *value, struct error *err);
#define STOP_TIMEOUT_S 10

/* A parser for --detach-keys: the field is a char *, which gets the bytes that the keys send. */
int subcommand_option_detach_keys(void *field, const char *value, struct error *err);
/* Docker's: ctrl-p ctrl-q. */
#define DETACH_KEYS "\x10\x11"

/* Opens the engine of the data root. Ends the program unless it runs as root. */
int subcommand_engine(const struct call *call, struct engine *engine, struct error *err);

/* Prints "coracle: TEXT" on standard error and returns STATUS_FAILED. */
int subcommand_fail(const struct error *err);

/* The same for each of several texts, after all else was done. Returns 0 if there is none. */
int subcommand_fail_for(const struct strings *texts);

/* The same for what was to be removed: with `force`, that there is none (ENOENT) is said, but no
 * failure, and 0 is returned. */
int subcommand_fail_to_remove(const struct error *err, bool force);

/* What a subcommand does to each of its operands. */
struct action {
	int (*act)(const struct engine *engine, const char *name, const void *context,
		   struct error *err);
	const void *context;
	bool force; /* as for subcommand_fail_to_remove */
};

/* Does it to each operand from argv[operand] on, side by side: several containers that take their
 * ten seconds to stop take them at the same time. Prints the operand when it has succeeded, one line
 * when it has failed, and goes on. Returns 1 if any failed, 0 otherwise. */
int subcommand_each(const struct call *call, int operand, const struct action *action);

/* The subcommands, each in the file that its group is named after. */
int command_run(const struct call *call);
int command_exec(const struct call *call);
int command_attach(const struct call *call);
int command_create_container(const struct call *call);
int command_start(const struct call *call);
int command_restart(const struct call *call);
int command_wait(const struct call *call);
int command_rename(const struct call *call);
int command_stop(const struct call *call);
int command_kill(const struct call *call);
int command_rm(const struct call *call);
int command_ps(const struct call *call);
int command_logs(const struct call *call);
int command_images(const struct call *call);
int command_pull(const struct call *call);
int command_login(const struct call *call);
int command_logout(const struct call *call);
int command_rmi(const struct call *call);
int command_inspect(const struct call *call);
int command_tag(const struct call *call);
int command_save(const struct call *call);
int command_load(const struct call *call);
int command_import(const struct call *call);
int command_export(const struct call *call);
int command_history(const struct call *call);
int command_image_prune(const struct call *call);
int command_image(const struct call *call);
int command_system_check(const struct call *call);
int command_system_prune(const struct call *call);
int command_system_df(const struct call *call);
int command_system(const struct call *call);
int command_copy(const struct call *call);
int command_commit(const struct call *call);
int command_diff(const struct call *call);
int command_network(const struct call *call);
int command_port(const struct call *call);
int command_volume(const struct call *call);
int command_pause(const struct call *call);
int command_unpause(const struct call *call);
int command_update(const struct call *call);
int command_stats(const struct call *call);
int command_top(const struct call *call);
int command_container(const struct call *call);
int command_events(const struct call *call);
int command_info(const struct call *call);
int command_completion(const struct call *call);
int command_version(const struct call *call);
int command_help(const struct call *call);

/* The options before the subcommand. */
struct global_options {
	struct program_options program;
	bool version;
	char *root;
};
extern const struct option_row global_option_rows[];

/* Prints the list of subcommands and the global options. */
void subcommand_print_help(enum program_help help);

/* Prints a table of subcommands for programs to read: "command", name, usage, help, between tabs. */
void subcommand_print_rows(const struct subcommand *rows);

#endif
