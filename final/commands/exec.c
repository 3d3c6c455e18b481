/* exec and attach: to be in a container that runs, with a command of one's own or with its. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "cleanup.h"
#include "container.h"
#include "control.h"
#include "detach_keys.h"
#include "events.h"
#include "exec.h"
#include "forwarding.h"
#include "monitor.h"
#include "process_options.h"
#include "program.h"
#include "run_files.h"
#include "subcommand.h"

/* --- exec ---------------------------------------------------------------------------------- */

struct exec_options {
	struct program_options program;
	struct exec_config exec;
	struct strings given, env_files;
	char *detach_keys;
};

#define FIELD(name) offsetof(struct exec_options, name)

static const struct option_row exec_rows[] = {
	{"detach", 'd', NULL, option_flag, FIELD(exec.detached), "Let it run by itself", NULL,
	 NULL},
	{"detach-keys", 0, "KEYS", subcommand_option_detach_keys, FIELD(detach_keys),
	 "Keys that leave the command (ctrl-p,ctrl-q)", NULL, NULL},
	{"env", 'e', "NAME=VALUE", program_option_environment, FIELD(given),
	 "Set an environment variable", "envp of execve", "execve(2)"},
	{"env-file", 0, "FILE", option_strings, FIELD(env_files),
	 "Read environment variables from a file", "envp of execve", "execve(2)"},
	{"interactive", 'i', NULL, option_flag, FIELD(exec.input), "Give it our standard input",
	 "descriptor 0", "stdin(3)"},
	{"privileged", 0, NULL, option_flag, FIELD(exec.privileged),
	 "All capabilities, every system call", "bounding set", "capabilities(7)"},
	{"tty", 't', NULL, option_flag, FIELD(exec.terminal), "Give it a terminal of its own",
	 "/dev/pts/ptmx", "pty(7)"},
	{"user", 'u', "USER[:GROUP]", option_string, FIELD(exec.user),
	 "User and group, name or number", "setresuid", "credentials(7)"},
	{"workdir", 'w', "DIR", process_option_cwd, FIELD(exec.cwd), "Working directory", "chdir",
	 "chdir(2)"},
	{0},
};

static int find_running(const struct call *call, const char *name, struct engine *engine,
			struct container *container, struct error *err)
{
	if (subcommand_engine(call, engine, err) < 0 ||
	    container_find(engine, name, container, err) < 0)
		return -1;
	return 0;
}

static bool watch_for_keys(void *context, char piece[RELAY_PIECE], size_t *length)
{
	char typed[RELAY_PIECE];
	bool complete;

	memcpy(typed, piece, *length);
	*length = detach_keys_filter(context, typed, *length, piece, &complete);
	return complete;
}

/* Stays with the command until it ends, or until the user leaves it: then it goes on. */
static int stay(struct process *process, struct exec_options *options, int *status,
		struct error *err)
{
	struct detach_keys keys = {.keys = options->detach_keys ? options->detach_keys
								: DETACH_KEYS};

	if (options->exec.terminal) {
		process->relay.watch = watch_for_keys;
		process->relay.context = &keys;
	}
	if (process_wait(process, status, err) == 0)
		return 0;
	if (err->code == PROCESS_LEFT)
		process->pid = 0; /* it is nobody's to end */
	return -1;
}

static int exec(const struct call *call, struct exec_options *options, const char *name,
		int *status, struct error *err)
{
	AUTO_CONTAINER struct container container = {0};
	AUTO_ENGINE struct engine engine = {0};
	AUTO_PROCESS struct process process = {0};

	*status = STATUS_FAILED;
	/* -e counts over what a file says, wherever it stands. */
	if (run_read_env_files(&options->env_files, &options->exec.env, err) < 0)
		return -1;
	strings_add_all(&options->exec.env, &options->given);
	if (options->exec.terminal && options->exec.input && !options->exec.detached &&
	    !isatty(STDIN_FILENO))
		return error_set(err, PROCESS_NO_TERMINAL, "the input device is not a TTY");
	if (find_running(call, name, &engine, &container, err) < 0)
		return -1;
	container_observe(&engine, &container);
	if (container.state.paused)
		return error_set(err, EBUSY,
				 "Container %s is paused, unpause the container before exec", name);
	if (engine_make_id(options->exec.id, err) < 0)
		return -1;
	if (exec_start(&engine, &container, &options->exec, &process, err) < 0) {
		*status = err->code == ESRCH ? STATUS_FAILED : process_failure_status(err);
		return -1;
	}
	if (!options->exec.detached) {
		if (stay(&process, options, status, err) < 0)
			return -1;
		exec_ended(&engine, &container, &options->exec, *status);
		return 0;
	}
	process.pid = 0; /* it is nobody's to end */
	*status = 0;
	return 0;
}

int command_exec(const struct call *call)
{
	struct exec_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", exec_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 2, -1), status;
	struct error err;

	options.exec.argv = call->argv + operand + 1;
	if (exec(call, &options, call->argv[operand], &status, &err) < 0)
		program_fail(PROGRAM, &err, status);
	strings_release(&options.exec.env);
	strings_release(&options.given);
	strings_release(&options.env_files);
	cleanup_memory(&options.exec.user);
	cleanup_memory(&options.exec.cwd);
	cleanup_memory(&options.detach_keys);
	return status;
}

/* --- attach -------------------------------------------------------------------------------- */

#undef FIELD
#define FIELD(name) offsetof(struct attach_command_options, name)

struct attach_command_options {
	struct program_options program;
	bool no_input, proxy;
	char *detach_keys;
};

static const struct option_row attach_rows[] = {
	{"detach-keys", 0, "KEYS", subcommand_option_detach_keys, FIELD(detach_keys),
	 "Keys that leave the container (ctrl-p,ctrl-q)", NULL, NULL},
	{"no-stdin", 0, NULL, option_flag, FIELD(no_input), "Do not connect standard input", NULL,
	 NULL},
	{"sig-proxy", 0, NULL, option_flag, FIELD(proxy),
	 "Pass signals on, unless it has a terminal (true)", NULL, NULL},
	{0},
};

static int attach(const struct call *call, const struct attach_command_options *options,
		  const char *name, int *status, struct error *err)
{
	AUTO_CONTAINER struct container container = {0};
	AUTO_ENGINE struct engine engine = {0};
	struct attach_options attached = {.output = true, .errors = true};
	sigset_t before;
	int socket;

	if (find_running(call, name, &engine, &container, err) < 0)
		return -1;
	if (container.state.status != CONTAINER_RUNNING)
		return error_set(err, ESRCH,
				 "cannot attach to a stopped container, start it first");
	attached.input = container.config.interactive && !options->no_input;
	attached.terminal = container.config.terminal;
	attached.proxy = options->proxy && !attached.terminal;
	attached.detach_keys = options->detach_keys ? options->detach_keys : DETACH_KEYS;
	if (attached.input && attached.terminal && !isatty(STDIN_FILENO))
		return error_set(err, PROCESS_NO_TERMINAL, "the input device is not a TTY");
	/* Before a signal could end us half-way. */
	if (forwarding_block(&before, err) < 0)
		return -1;
	socket = monitor_connect(&engine, &container, err);
	if (socket >= 0)
		events_add_container(&engine, &container, "attach", NULL);
	return socket < 0 ? -1 : attach_run(socket, &attached, status, err);
}

int command_attach(const struct call *call)
{
	struct attach_command_options options = {.proxy = true};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", attach_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, 1), status;
	struct error err;

	if (attach(call, &options, call->argv[operand], &status, &err) < 0)
		status = subcommand_fail(&err);
	cleanup_memory(&options.detach_keys);
	return status;
}
