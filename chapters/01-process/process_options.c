/* The options of chapter 01; see process_options.h. */
#include "process_options.h"

#include <errno.h>
#include <unistd.h>

#include "cleanup.h"
#include "program.h"
#include "terminal.h"

int process_option_cwd(void *field, const char *value, struct error *err)
{
	if (*value == '/')
		return option_string(field, value, err);
	return error_set(err, EINVAL,
			 "the working directory '%s' is invalid, it needs to be an absolute path",
			 value);
}

static int option_ulimit(void *field, const char *value, struct error *err)
{
	return attributes_check_ulimit(value, err) < 0 ? -1 : option_strings(field, value, err);
}

static int option_security(void *field, const char *value, struct error *err)
{
	return attributes_add_security(field, value, err);
}

static int option_oom_score(void *field, const char *value, struct error *err)
{
	bool negative = *value == '-';
	uint64_t number = 0;

	if (text_to_number(value + negative, 1000, &number, err) < 0)
		return error_set(err, EINVAL, "the range is from -1000 to 1000");
	*(int *)field = negative ? -(int)number : (int)number;
	return 0;
}

#define FIELD(name) offsetof(struct process_options, name)

const struct option_row process_option_rows[] = {
	{"env", 'e', "NAME=VALUE", program_option_environment, FIELD(env),
	 "Set an environment variable; NAME alone passes ours on", "envp of execve", "execve(2)"},
	{"workdir", 'w', "DIR", process_option_cwd, FIELD(cwd),
	 "Working directory; made if missing", "chdir", "chdir(2)"},
	{"user", 'u', "USER[:GROUP]", option_string, FIELD(user), "User and group, name or number",
	 "setresuid", "credentials(7)"},
	{"interactive", 'i', NULL, option_flag, FIELD(interactive),
	 "Give it our standard input; it is empty otherwise", "descriptor 0", "stdin(3)"},
	{"tty", 't', NULL, option_flag, FIELD(terminal), "Give it a terminal of its own",
	 "/dev/pts/ptmx", "pty(7)"},
	{"cap-add", 0, "CAP", option_strings, FIELD(cap_add), "Add a capability, or ALL",
	 "bounding set", "capabilities(7)"},
	{"cap-drop", 0, "CAP", option_strings, FIELD(cap_drop), "Drop a capability, or ALL",
	 "bounding set", "capabilities(7)"},
	{"group-add", 0, "GROUP", option_strings, FIELD(attributes.groups),
	 "Add a supplementary group, name or number", "setgroups", "credentials(7)"},
	{"ulimit", 0, "NAME=SOFT[:HARD]", option_ulimit, FIELD(attributes.ulimits),
	 "Set a limit of the process, as nofile=1024", "setrlimit", "setrlimit(2)"},
	{"oom-score-adj", 0, "NUMBER", option_oom_score, FIELD(attributes.oom_score_adj),
	 "Be killed earlier (to 1000) or later (to -1000) when memory is short",
	 "/proc/PID/oom_score_adj", "proc(5)"},
	{"security-opt", 0, "OPTION", option_security, FIELD(attributes),
	 "no-new-privileges, seccomp=FILE|unconfined, apparmor=PROFILE, label=OPTION", "prctl",
	 "seccomp(2)"},
	{"privileged", 0, NULL, option_flag, FIELD(attributes.privileged),
	 "Give it everything: capabilities, system calls, devices", "bounding set",
	 "capabilities(7)"},
	{0},
};

int process_options_apply(const struct process_options *options, struct process_config *config,
			  struct error *err)
{
	struct privileges privileges = {.limited = true, .seccomp = true};

	if (privileges_capabilities(&options->cap_add, &options->cap_drop, &privileges.capabilities,
				    err) < 0)
		return -1;
	attributes_restrict(&options->attributes, &privileges);
	config->privileges = privileges;
	config->attributes = &options->attributes;
	config->input = options->interactive;
	config->terminal = options->terminal;
	config->size = terminal_size();
	if (config->input && config->terminal && !isatty(STDIN_FILENO))
		return error_set(err, PROCESS_NO_TERMINAL, "the input device is not a TTY");
	if (options->user)
		config->user = options->user;
	if (options->cwd)
		config->cwd = options->cwd;
	return 0;
}

void process_options_release(struct process_options *options)
{
	strings_release(&options->env);
	cleanup_memory(&options->cwd);
	cleanup_memory(&options->user);
	strings_release(&options->cap_add);
	strings_release(&options->cap_drop);
	attributes_release(&options->attributes);
}
