/*
 * Starting a process. Read process_start first, then run_child; process_wait.c has the rest.
 *
 *	parent                                 child
 *	clone3 ------------------------------> waits
 *	hooks.in_parent(pid)
 *	RELEASED ----------------------------> hooks.in_child, privileges
 *	                   <------------------ TERMINAL (our end of it), if one is asked for
 *	                   <------------------ FAILED (a whole struct error), or
 *	                   <------------------ EXEC, and the socket closes by itself on exec
 */
#include "process.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "clone.h"
#include "command.h"
#include "environment.h"
#include "execute.h"
#include "forwarding.h"
#include "path.h"
#include "terminal.h"
#include "trace.h"
#include "user.h"

/* --- the child ----------------------------------------------------------------------------- */

/* An ignored signal stays ignored across exec, and so does a blocked one: start clean. */
static int reset_signals(struct error *err)
{
	/* The kernel's struct sigaction, zeroed: SIG_DFL. Not by sigaction(3), which lets nobody touch
	 * signals 32 and 33, so that they would stay ignored. */
	const unsigned long by_default[4] = {0};
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		if (number != SIGKILL && number != SIGSTOP)
			syscall(SYS_rt_sigaction, number, by_default, NULL, NSIG / 8);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return error_sys(err, "unblock all signals");
	return 0;
}

static int set_stdio(const int stdio[3], struct error *err)
{
	for (int fd = 0; fd < 3; fd++)
		if (stdio[fd] > 0 && dup2(stdio[fd], fd) < 0)
			return error_sys(err, "make descriptor %d the standard stream %d",
					 stdio[fd], fd);
	return 0;
}

/* Keys that our session holds are ours: a new session keyring has none. keyctl(2) */
static int leave_keyring(struct error *err)
{
	trace("keyctl session - …");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return error_sys(err, "join a new session keyring");
	return 0;
}

/* What a process inherits and should not: umask, terminal, streams. Signals stay blocked for now,
 * so that none ends the set-up half-way. */
static int shed_inheritance(const struct process_config *config, struct error *err)
{
	umask(0022);
	trace("setsid");
	/* Step 1.4: a session of its own: Ctrl-C reaches us, and we forward it, once. setsid(2) */
	if (setsid() < 0)
		return error_sys(err, "start a session");
	if (leave_keyring(err) < 0)
		return -1;
	/* Here, with all capabilities, and the host's /proc. */
	if (config->attributes && attributes_apply(config->attributes, err) < 0)
		return -1;
	return set_stdio(config->stdio, err);
}

/* In runc's words, by which Docker chooses the status. */
static int refuse_cwd(const char *cwd, struct error *err)
{
	int code = err->code;
	const char *why = strerror(code);

	return error_set(err, code == ENOENT ? PROCESS_NOT_FOUND : PROCESS_NOT_EXECUTABLE,
			 "chdir to cwd (\"%s\") set in config.json failed: %c%s", cwd,
			 tolower((unsigned char)*why), why + 1);
}

/* Makes the working directory if it is missing, and enters it while we are root: as in runc, it may
 * be closed to the user. By its descriptor, so that no link leads elsewhere in between. */
static int enter_cwd(const struct process_config *config, struct error *err)
{
	const char *cwd = config->cwd;
	AUTO_CLOSE int root = -1, dir = -1;

	if (!cwd)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_sys(err, "open '/'");
	if (config->cwd_is_there) {
		trace("cd %q", cwd);
		dir = path_open_in_root(root, cwd, O_PATH | O_DIRECTORY, 0, err);
	} else {
		trace("mkdir -p %q && cd %q", cwd, cwd);
		dir = path_make_dirs_in_root(root, cwd, err);
	}
	if (dir < 0)
		return config->cwd_is_there ? refuse_cwd(cwd, err) : -1;
	if (fchdir(dir) < 0)
		return error_sys(err, "enter the working directory '%s'", cwd);
	return 0;
}

/* After in_child, for the terminal is one of the devpts that is mounted by then. */
static int open_terminal(const struct process_config *config, int channel, struct error *err)
{
	const struct process_hooks *hooks = &config->hooks;
	struct message message = {.type = MESSAGE_TERMINAL};
	AUTO_CLOSE int ours = -1;

	if (!config->terminal)
		return 0;
	ours = terminal_open(&config->size, err);
	if (ours < 0)
		return -1;
	if (hooks->with_terminal && hooks->with_terminal(hooks->context, err) < 0)
		return -1;
	message.fd = ours;
	return channel_send(channel, &message, err);
}

/* Pipes and terminals that were made for the command are its user's: /dev/stdout can be opened. What
 * is our caller's own is left alone. */
static int give_streams(const struct process_config *config, uid_t uid, struct error *err)
{
	struct stat st;

	for (int fd = 0; fd < 3; fd++) {
		if ((!config->terminal && config->stdio[fd] <= 0) || fstat(fd, &st) < 0)
			continue;
		/* Another device than a terminal is the host's: /dev/null. */
		if (!S_ISFIFO(st.st_mode) && !config->terminal)
			continue;
		if (st.st_uid != uid && fchown(fd, uid, (gid_t)-1) < 0)
			return error_sys(err, "give the standard stream %d to user %u", fd, uid);
	}
	return 0;
}

/* An empty HOME counts as missing, as in runc. */
static void add_defaults(struct strings *env, const char *home, bool terminal)
{
	const char *given = environment_get(env, "HOME");
	AUTO_FREE char *entry = memory_format("HOME=%s", home);

	if (!given || !*given)
		environment_set(env, entry);
	if (terminal && !environment_get(env, "TERM"))
		environment_set(env, "TERM=xterm");
}

/* Becomes the user, in the working directory. */
static int become_user(const struct process_config *config, struct strings *env, struct error *err)
{
	AUTO_USER struct user user = {0};

	/* In the container's own /etc/passwd, so after in_child has changed the root. */
	if (user_look_up(config->user, &user, err) < 0)
		return -1;
	if (config->attributes && user_add_groups(&user, &config->attributes->groups, err) < 0)
		return -1;
	add_defaults(env, user.home, config->terminal);
	if (give_streams(config, user.uid, err) < 0 || enter_cwd(config, err) < 0)
		return -1;
	/* Step 1.2: what others leaked into us ends at exec; all of ours is close-on-exec anyway.
	 * Before the filter, which may not know the call. */
	if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return error_sys(err, "mark all descriptors close-on-exec");
	return privileges_drop(&config->privileges, &user, err);
}

/* The last steps. Does not return on success. */
static int execute(const struct process_config *config, const char *file, struct strings *env,
		   const struct execution *execution, struct error *err)
{
	struct message message = {.type = MESSAGE_EXEC};

	/* Step 1.8: after the change of user, which takes it away, and before EXEC, which can't be
	 * sent to a parent that has ended already. prctl(2) */
	if (config->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_sys(err, "ask for SIGKILL when the parent ends");
	trace("exec %A", config->argv);
	error_set(&message.err, 0, "%s", file);
	if (channel_send(execution->channel, &message, err) < 0)
		return -1;
	/* Step 1.3: last, for until here no signal was to end the set-up half-way. */
	if (reset_signals(err) < 0)
		return -1;
	return execute_file(execution, file, config->argv, env->items, err);
}

/* Everything between the hooks and exec. Does not return on success. */
static int become_command(const struct process_config *config, const struct execution *execution,
			  struct error *err)
{
	AUTO_STRINGS struct strings env = {0};
	AUTO_FREE char *file = NULL;

	if (config->env)
		strings_add_all(&env, config->env);
	if (become_user(config, &env, err) < 0)
		return -1;
	/* Looked up as the user and from the working directory: permissions count. */
	if (command_find(config->argv[0], &env, &file, err) < 0)
		return -1;
	if (privileges_lock(&config->privileges, err) < 0)
		return -1;
	return execute(config, file, &env, execution, err);
}

static void run_child(const struct process_config *config, int channel)
{
	const struct process_hooks *hooks = &config->hooks;
	struct execution execution = {.channel = channel};
	struct message message = {0};
	struct error lost;

	/* No message: the parent failed or died while it prepared us. It has said why. */
	if (channel_receive(channel, &message, &lost) <= 0 || message.type != MESSAGE_RELEASED)
		_exit(125);
	message.type = MESSAGE_FAILED;
	execution.stub = execute_open(&message.err);
	if (execution.stub >= 0 && execute_hide(&message.err) == 0 &&
	    shed_inheritance(config, &message.err) == 0 &&
	    (!hooks->in_child || hooks->in_child(hooks->context, &message.err) == 0) &&
	    open_terminal(config, channel, &message.err) == 0)
		become_command(config, &execution, &message.err);
	/* Step 1.1: we are still here, so it failed; the parent gets the reason as it is. */
	channel_send(channel, &message, &lost);
	_exit(125);
}

/* --- the parent ---------------------------------------------------------------------------- */

static int block_signals(struct process *process, struct error *err)
{
	if (forwarding_block(&process->old_mask, err) < 0)
		return -1;
	process->blocked = true;
	return 0;
}

/* The channel ended without FAILED or EXEC: the child was ended from outside while it set up. */
static int explain_death(struct process *process, struct error *err)
{
	siginfo_t info = {0};

	if (process_reap(process, &info, err) < 0)
		return -1;
	if (info.si_code == CLD_EXITED)
		return error_set(err, ECHILD, "the child ended with status %d during set-up",
				 info.si_status);
	error_set(err, ECHILD, "the child was killed by signal %d during set-up", info.si_status);
	if (info.si_status == SIGKILL)
		return error_hint(err, ECHILD, "a memory limit that is too low does that");
	return -1;
}

/* Releases the child and listens until the socket closes. */
static int await_exec(struct process *process, int channel, struct error *err)
{
	struct message message = {.type = MESSAGE_RELEASED};
	struct error file = {0};
	siginfo_t info = {0};
	bool executed = false;
	int more;

	/* A child that has died already is explained below, by how it ended. */
	if (channel_send(channel, &message, err) < 0 && err->code != EPIPE)
		return -1;
	while ((more = channel_receive(channel, &message, err)) > 0) {
		/* After EXEC the sender may be the container's, and only a failure is left to tell. */
		if (executed && message.type != MESSAGE_NOT_EXECUTED &&
		    message.type != MESSAGE_FAILED) {
			cleanup_fd(&message.fd);
			return error_set(err, EPROTO, "receive an answer to exec: it is another");
		}
		if (message.type == MESSAGE_FAILED) {
			*err = message.err;
			/* It ends by itself: killed, it could leave a child of a hook behind. */
			process_reap(process, &info, &message.err);
			return -1;
		}
		if (message.type == MESSAGE_TERMINAL)
			process->terminal = message.fd;
		if (message.type == MESSAGE_NOT_EXECUTED) {
			errno = message.err.code;
			command_explain_failure(process->pid, file.text, err);
			/* It waits for us to look; now it ends, as above. */
			shutdown(channel, SHUT_RDWR);
			process_reap(process, &info, &message.err);
			return -1;
		}
		executed = message.type == MESSAGE_EXEC;
		if (executed)
			file = message.err;
	}
	if (more < 0 && err->code != ECONNRESET)
		return -1;
	return executed ? 0 : explain_death(process, err);
}

static int start_blocked(struct process *process, const struct process_config *config,
			 struct error *err)
{
	const struct process_hooks *hooks = &config->hooks;
	AUTO_CLOSE int ours = -1, theirs = -1;

	if (channel_open(&ours, &theirs, err) < 0)
		return -1;
	if (clone_process(config, &process->pid, &process->pidfd, err) < 0)
		return -1;
	if (process->pid == 0) {
		/* Or the child would never see the end of a parent that was killed. */
		cleanup_fd(&ours);
		run_child(config, theirs);
	}
	cleanup_fd(&theirs);
	if (hooks->in_parent &&
	    hooks->in_parent(hooks->parent_context ? hooks->parent_context : hooks->context,
			     process->pid, err) < 0)
		return -1;
	return await_exec(process, ours, err);
}

/* Here, for in the container neither the helper nor the cache can be reached. */
static int make_filter(const struct process_config *config, struct seccomp_filter **filter,
		       struct error *err)
{
	const char *profile = config->attributes && config->privileges.seccomp
				      ? attributes_seccomp_profile(config->attributes)
				      : NULL;

	return profile ? seccomp_file_compile(profile, config->privileges.capabilities, filter, err)
		       : 0;
}

/* What the caller may leave open. */
static int complete_config(struct process_config *config, struct seccomp_filter **filter, int *null,
			   struct error *err)
{
	if (make_filter(config, filter, err) < 0)
		return -1;
	config->privileges.filter = *filter;
	if (config->input || config->stdio[0] > 0)
		return 0;
	*null = config->stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return *null < 0 ? error_sys(err, "open '/dev/null'") : 0;
}

int process_start(struct process *process, const struct process_config *config, struct error *err)
{
	struct process_config complete = *config;
	AUTO_FREE struct seccomp_filter *filter = NULL;
	AUTO_CLOSE int null = -1;

	*process = (struct process){.input = config->input};
	/* First, for an ignored SIGCHLD hides how the filter's helper ended, too. */
	if (block_signals(process, err) == 0 &&
	    complete_config(&complete, &filter, &null, err) == 0 &&
	    start_blocked(process, &complete, err) == 0)
		return 0;
	process_release(process);
	return -1;
}
