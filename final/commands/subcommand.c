/* The table of subcommands, and their common frame; see subcommand.h. */
#include "subcommand.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach.h"
#include "cleanup.h"
#include "program.h"
#include "text.h"

const struct subcommand subcommands[] = {
	{"run", "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	 "Create and run a new container from an image", command_run},
	{"create", "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a new container",
	 command_create_container},
	{"start", "[OPTIONS] CONTAINER [CONTAINER...]", "Start one or more stopped containers",
	 command_start},
	{"exec", "[OPTIONS] CONTAINER COMMAND [ARG...]", "Execute a command in a running container",
	 command_exec},
	{"attach", "[OPTIONS] CONTAINER",
	 "Attach local standard input, output, and error streams to a running container",
	 command_attach},
	{"ps", "[OPTIONS]", "List containers", command_ps},
	{"logs", "[OPTIONS] CONTAINER", "Fetch the logs of a container", command_logs},
	{"wait", "CONTAINER [CONTAINER...]",
	 "Block until one or more containers stop, then print their exit codes", command_wait},
	{"rename", "CONTAINER NEW_NAME", "Rename a container", command_rename},
	{"restart", "[OPTIONS] CONTAINER [CONTAINER...]", "Restart one or more containers",
	 command_restart},
	{"stop", "[OPTIONS] CONTAINER [CONTAINER...]", "Stop one or more running containers",
	 command_stop},
	{"kill", "[OPTIONS] CONTAINER [CONTAINER...]", "Kill one or more running containers",
	 command_kill},
	{"rm", "[OPTIONS] CONTAINER [CONTAINER...]", "Remove one or more containers", command_rm},
	{"pause", "CONTAINER [CONTAINER...]", "Pause all processes within one or more containers",
	 command_pause},
	{"unpause", "CONTAINER [CONTAINER...]",
	 "Unpause all processes within one or more containers", command_unpause},
	{"stats", "[OPTIONS] [CONTAINER...]", "Display a live stream of what containers use",
	 command_stats},
	{"top", "CONTAINER [ps OPTIONS]", "Display the running processes of a container",
	 command_top},
	{"update", "[OPTIONS] CONTAINER [CONTAINER...]",
	 "Update the limits of one or more containers", command_update},
	{"pull", "[OPTIONS] NAME[:TAG|@DIGEST]...", "Download images from a registry",
	 command_pull},
	{"images", "[OPTIONS] [REPOSITORY[:TAG]]", "List images", command_images},
	{"login", "[OPTIONS] [SERVER]", "Authenticate to a registry", command_login},
	{"logout", "[SERVER]", "Log out from a registry", command_logout},
	{"rmi", "[OPTIONS] IMAGE [IMAGE...]", "Remove one or more images", command_rmi},
	{"tag", "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", "Give an image another name", command_tag},
	{"save", "[OPTIONS] IMAGE [IMAGE...]", "Save images to an archive or standard output",
	 command_save},
	{"load", "[OPTIONS]", "Load images from an archive or standard input", command_load},
	{"import", "[OPTIONS] FILE|- [REPOSITORY[:TAG]]",
	 "Make an image of an archive of a file system", command_import},
	{"export", "[OPTIONS] CONTAINER", "Write the file system of a container as an archive",
	 command_export},
	{"history", "[OPTIONS] IMAGE", "Show the history of an image", command_history},
	{"image", "COMMAND", "Manage images", command_image},
	{"system", "COMMAND", "Manage what coracle keeps", command_system},
	{"inspect", "[OPTIONS] NAME|ID [NAME|ID...]",
	 "Return low-level information on containers and images", command_inspect},
	{"cp", "[OPTIONS] CONTAINER:SRC DEST|-  |  SRC|- CONTAINER:DEST",
	 "Copy files/folders between a container and the local filesystem", command_copy},
	{"commit", "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
	 "Create a new image from a container's changes", command_commit},
	{"diff", "CONTAINER", "Inspect changes to files or directories on a container's filesystem",
	 command_diff},
	{"volume", "COMMAND", "Manage volumes", command_volume},
	{"network", "COMMAND", "Manage networks", command_network},
	{"port", "CONTAINER [PORT[/PROTOCOL]]", "List published ports of a container",
	 command_port},
	{"container", "COMMAND", "Manage containers", command_container},
	{"events", "[OPTIONS]", "Show what happens, as it happens", command_events},
	{"info", "[OPTIONS]", "Show what there is, and what it stands on", command_info},
	{"completion", "bash|zsh", "Print a script that completes commands and options",
	 command_completion},
	{"version", "", "Show the version of coracle, and what it stands on", command_version},
	{"help", "[COMMAND]", "Show this list, or the options of a command", command_help},
	{0},
};

#define FIELD(name) offsetof(struct global_options, name)

const struct option_row global_option_rows[] = {
	{"root", 0, "DIR", option_string, FIELD(root),
	 "Data root ($CORACLE_ROOT, or " ENGINE_DEFAULT_ROOT ")", NULL, NULL},
	{"version", 'v', NULL, option_flag, FIELD(version), "Print the version and quit", NULL,
	 NULL},
	{0},
};

static const struct subcommand *find_subcommand(const char *name)
{
	for (const struct subcommand *row = subcommands; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

int subcommand_call(const char *root, int argc, char *const *argv)
{
	struct call call = {find_subcommand(argv[0]), root, argc, argv};
	struct error err;

	if (call.subcommand)
		return call.subcommand->run(&call);
	error_set(&err, EINVAL, "unknown command: " PROGRAM " %s (see '" PROGRAM " --help')",
		  argv[0]);
	return subcommand_fail(&err);
}

/* Docker's words for a wrong number of operands. */
static void refuse_operands(const char *name, int least, int most)
{
	int wanted = least ? least : most;
	struct error err;

	if (most == 0)
		error_set(&err, EINVAL, "'%s' accepts no arguments", name);
	else
		error_set(&err, EINVAL, "'%s' requires %s%d argument%s", name,
			  least == most ? "" : (least ? "at least " : "at most "), wanted,
			  wanted == 1 ? "" : "s");
	error_hint(&err, EINVAL, "see '%s --help'", name);
	exit(subcommand_fail(&err));
}

static bool is_option(const char *argument)
{
	return argument[0] == '-' && argument[1];
}

/* Exchanges two neighbours: the arguments before `middle` come after those from there on. */
static void exchange(char **first, char **middle, char **end)
{
	for (; middle < end; first++, middle++) {
		char *moved = *middle;

		memmove(first + 1, first, (size_t)(middle - first) * sizeof(*first));
		*first = moved;
	}
}

/* Reads the options among the arguments, and puts them before the operands. Of a command that runs
 * another, all after the first operand is the other's; "--" ends the options anyhow. Returns the index
 * of the first operand. */
static int parse(const struct call *call, const struct option_group *groups, struct error *err)
{
	const char *usage = call->subcommand->usage;
	bool ours = !strstr(usage, "COMMAND") && !strstr(usage, "ps OPTIONS");
	char **argv = (char **)call->argv; /* main's, which may be written */
	int operand = options_parse(groups, call->argc, call->argv, err), at = operand;
	bool more = ours && operand > 0 && strcmp(argv[at - 1], "--") != 0;

	while (more && at < call->argc) {
		int option = at, read;

		while (option < call->argc && !is_option(argv[option]))
			option++;
		if (option == call->argc)
			break;
		/* the operand before stands where the name of a program does */
		read = options_parse(groups, call->argc - option + 1, argv + option - 1, err);
		if (read < 0)
			return -1;
		at = option - 1 + read;
		more = strcmp(argv[at - 1], "--") != 0;
		exchange(argv + operand, argv + option, argv + at);
		operand += at - option;
	}
	return operand;
}

int subcommand_options(const struct call *call, const struct option_group *groups, int least,
		       int most)
{
	AUTO_FREE char *name = memory_format(PROGRAM " %s", call->subcommand->name);
	struct error err;
	int operand = parse(call, groups, &err);
	int count = call->argc - operand;

	if (operand < 0) {
		error_hint(&err, err.code, "see '%s --help'", name);
		exit(program_fail(name, &err, STATUS_OURS));
	}
	/* Does what --help and --explain ask for. */
	program_options(name, call->subcommand->usage, groups, 1, call->argv);
	if (count < least || (most >= 0 && count > most))
		refuse_operands(name, least, most);
	return operand;
}

int subcommand_option_seconds(void *field, const char *value, struct error *err)
{
	bool forever = strcmp(value, "-1") == 0;
	uint64_t seconds = 0;

	if (!forever && text_to_number(value, INT_MAX / 1000, &seconds, err) < 0)
		return -1;
	*(int *)field = forever ? -1 : (int)seconds;
	return 0;
}

int subcommand_option_detach_keys(void *field, const char *value, struct error *err)
{
	/* No keys are no choice: the default ones remain, as Docker has it. */
	return *value ? attach_detach_keys(value, field, err) : 0;
}

int subcommand_engine(const struct call *call, struct engine *engine, struct error *err)
{
	AUTO_FREE char *what = memory_format("'" PROGRAM " %s'", call->subcommand->name);

	program_need_root(PROGRAM, what);
	return engine_open(call->root, engine, err);
}

int subcommand_fail(const struct error *err)
{
	return program_fail(PROGRAM, err, STATUS_FAILED);
}

int subcommand_fail_for(const struct strings *texts)
{
	struct error err;
	int status = 0;

	for (size_t i = 0; i < texts->count; i++) {
		error_set(&err, EIO, "%s", texts->items[i]);
		status = subcommand_fail(&err);
	}
	return status;
}

int subcommand_fail_to_remove(const struct error *err, bool force)
{
	int status = subcommand_fail(err);

	return force && err->code == ENOENT ? 0 : status;
}

/* How an action ended; MISSING is none of the failures that count. */
enum outcome { DONE, FAILED, MISSING };

static enum outcome act_on(const struct engine *engine, const struct action *action,
			   const char *name)
{
	struct error err;

	if (action->act(engine, name, action->context, &err) == 0)
		return DONE;
	return subcommand_fail_to_remove(&err, action->force) ? FAILED : MISSING;
}

/* Begins an action in a process of its own. Without one it is done here, and 0 is returned. */
static pid_t begin(const struct engine *engine, const struct action *action, const char *name,
		   enum outcome *outcome)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(act_on(engine, action, name));
	if (pid > 0)
		return pid;
	*outcome = act_on(engine, action, name);
	return 0;
}

static enum outcome await(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return FAILED;
	return WIFEXITED(status) ? (enum outcome)WEXITSTATUS(status) : FAILED;
}

/* Prints what was done, in the order of the operands. */
static int act_on_all(const struct engine *engine, const struct action *action, char *const *names,
		      size_t count)
{
	enum outcome *outcomes = memory_zeroed(count, sizeof(*outcomes));
	pid_t *pids = memory_zeroed(count, sizeof(*pids));
	int status = 0;

	for (size_t i = 0; i < count; i++)
		pids[i] = begin(engine, action, names[i], &outcomes[i]);
	for (size_t i = 0; i < count; i++) {
		if (pids[i])
			outcomes[i] = await(pids[i]);
		if (outcomes[i] == DONE)
			printf("%s\n", names[i]);
		fflush(stdout);
		status |= outcomes[i] == FAILED ? STATUS_FAILED : 0;
	}
	cleanup_memory(&outcomes);
	cleanup_memory(&pids);
	return status;
}

int subcommand_each(const struct call *call, int operand, const struct action *action)
{
	AUTO_ENGINE struct engine engine = {0};
	struct error err;

	if (subcommand_engine(call, &engine, &err) < 0)
		return subcommand_fail(&err);
	return act_on_all(&engine, action, call->argv + operand, (size_t)(call->argc - operand));
}

void subcommand_print_rows(const struct subcommand *rows)
{
	for (; rows->name; rows++)
		printf("command\t%s\t%s\t%s\n", rows->name, rows->usage, rows->help);
}

void subcommand_print_help(enum program_help help)
{
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, NULL},
		{"Global options", global_option_rows, NULL},
		{0},
	};
	AUTO_TEXT struct text options = {0};

	if (help == HELP_ROWS) {
		subcommand_print_rows(subcommands);
		options_rows(groups, &options);
		fputs(text_string(&options), stdout);
		return;
	}
	printf("Usage:  " PROGRAM " [OPTIONS] COMMAND\n\n"
	       "Runs containers, with nothing but the kernel\n\nCommands:\n");
	for (const struct subcommand *row = subcommands; row->name; row++)
		printf("  %-10s  %s\n", row->name, row->help);
	options_help(groups, &options);
	printf("%s\nRun '" PROGRAM " COMMAND --help' for more information on a command.\n",
	       text_string(&options));
}
