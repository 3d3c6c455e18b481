/*
 * Starting a process and waiting for it. Read process_start first, then run_child.
 *
 *	parent                                 child
 *	clone3 ------------------------------> waits
 *	hooks.in_parent(pid)
 *	RELEASED ----------------------------> hooks.in_child, privileges
 *	                   <------------------ FAILED (a whole struct error), or
 *	                   <------------------ EXEC, and the socket closes by itself on exec
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "command.h"
#include "environment.h"
#include "forwarding.h"
#include "path.h"
#include "trace.h"
#include "user.h"

enum message_type { MESSAGE_RELEASED = 1, MESSAGE_FAILED, MESSAGE_EXEC };

struct message {
	enum message_type type;
	struct error err; /* of MESSAGE_FAILED */
};

static int send_message(int channel, enum message_type type, const struct error *failure,
			struct error *err)
{
	struct message message = {.type = type};

	if (failure)
		message.err = *failure;
	if (send(channel, &message, sizeof(message), MSG_NOSIGNAL) != sizeof(message))
		return error_sys(err, "send message %d between parent and child", type);
	return 0;
}

/* Returns 1 for a message, 0 at the end: nobody holds the other side any more. */
static int receive_message(int channel, struct message *message, struct error *err)
{
	ssize_t count;

	do
		count = recv(channel, message, sizeof(*message), 0);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return error_sys(err, "receive a message between parent and child");
	if (count != 0 && count != sizeof(*message))
		return error_set(err, EPROTO, "receive a message between parent and child: short");
	return count > 0;
}

/* --- the child ----------------------------------------------------------------------------- */

/* An ignored signal stays ignored across exec, and so does a blocked one: start clean. */
static int reset_signals(struct error *err)
{
	struct sigaction by_default = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		if (number != SIGKILL && number != SIGSTOP)
			sigaction(number, &by_default, NULL); /* EINVAL: glibc's own two */
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

/* What a process inherits and should not: umask, terminal, streams. Signals stay blocked for now,
 * so that none ends the set-up half-way. */
static int shed_inheritance(const struct process_config *config, struct error *err)
{
	umask(0022);
	/* A session of its own: Ctrl-C reaches us, and we forward it, once. setsid(2) */
	trace("setsid");
	if (setsid() < 0)
		return error_sys(err, "start a session");
	return set_stdio(config->stdio, err);
}

/* Makes the working directory if it is missing, and enters it while we are root: as in runc, it may
 * be closed to the user. By its descriptor, so that no link leads elsewhere in between. */
static int enter_cwd(const char *cwd, struct error *err)
{
	AUTO_CLOSE int root = -1, dir = -1;

	if (!cwd)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_sys(err, "open '/'");
	trace("mkdir -p %q && cd %q", cwd, cwd);
	dir = path_make_dirs_in_root(root, cwd, err);
	if (dir < 0)
		return -1;
	if (fchdir(dir) < 0)
		return error_sys(err, "enter the working directory '%s'", cwd);
	return 0;
}

/* An empty HOME counts as missing, as in runc. */
static void add_home(struct strings *env, const char *home)
{
	const char *given = environment_get(env, "HOME");
	AUTO_FREE char *entry = memory_format("HOME=%s", home);

	if (!given || !*given)
		environment_set(env, entry);
}

/* Becomes the user, in the working directory. */
static int become_user(const struct process_config *config, struct strings *env, struct error *err)
{
	AUTO_USER struct user user = {0};

	/* In the container's own /etc/passwd, so after in_child has changed the root. */
	if (user_look_up(config->user, &user, err) < 0)
		return -1;
	add_home(env, user.home);
	if (enter_cwd(config->cwd, err) < 0)
		return -1;
	return privileges_drop(&config->privileges, &user, err);
}

/* The last steps. Does not return on success. */
static int execute(const struct process_config *config, const char *file, struct strings *env,
		   int channel, struct error *err)
{
	/* After the change of user, which takes it away, and before EXEC, which can't be sent to a
	 * parent that has ended already. prctl(2) */
	if (config->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_sys(err, "ask for SIGKILL when the parent ends");
	trace("exec %A", config->argv);
	/* What others leaked into us ends here; the channel and the trace are CLOEXEC already. */
	if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return error_sys(err, "mark all descriptors close-on-exec");
	if (send_message(channel, MESSAGE_EXEC, NULL, err) < 0)
		return -1;
	if (reset_signals(err) < 0)
		return -1;
	execve(file, config->argv, env->items);
	return command_explain_failure(file, err);
}

/* Everything between the hooks and exec. Does not return on success. */
static int become_command(const struct process_config *config, int channel, struct error *err)
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
	return execute(config, file, &env, channel, err);
}

static void run_child(const struct process_config *config, int channel)
{
	struct message message = {0};
	struct error err, lost;

	/* No message: the parent failed or died while it prepared us. It has said why. */
	if (receive_message(channel, &message, &err) <= 0 || message.type != MESSAGE_RELEASED)
		_exit(125);
	if (shed_inheritance(config, &err) == 0 &&
	    (!config->hooks.in_child || config->hooks.in_child(config->hooks.context, &err) == 0))
		become_command(config, channel, &err);
	send_message(channel, MESSAGE_FAILED, &err, &lost);
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

/* Adds "--pid --mount …", as unshare(1) calls the namespaces. */
static void add_namespace_names(uint64_t flags, struct text *names)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} known[] = {
		{CLONE_NEWUSER, "user"}, {CLONE_NEWPID, "pid"},	      {CLONE_NEWNS, "mount"},
		{CLONE_NEWUTS, "uts"},	 {CLONE_NEWIPC, "ipc"},	      {CLONE_NEWNET, "net"},
		{CLONE_NEWTIME, "time"}, {CLONE_NEWCGROUP, "cgroup"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (flags & known[i].flag)
			text_add_format(names, " --%s", known[i].name);
}

static void trace_clone(uint64_t flags)
{
	AUTO_TEXT struct text names = {0};

	add_namespace_names(flags, &names);
	if (names.length)
		trace("unshare --fork%s", text_string(&names));
	else
		trace("# clone3: a new process");
}

/* Returns the pid in the parent, 0 in the child. glibc has no wrapper for clone3(2). */
static pid_t clone_child(const struct process_config *config, int *pidfd, struct error *err)
{
	struct clone_args args = {
		.flags = config->clone_flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	if (config->cgroup_fd > 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)config->cgroup_fd;
	}
	trace_clone(config->clone_flags);
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0) {
		error_sys(err, "clone a process");
		error_hint(err, EPERM, "new namespaces need root");
		error_hint(err, EAGAIN, "the limit of processes is reached");
		error_hint(err, ENOSPC, "the limit of namespaces is reached");
		error_hint(err, ENOSYS, "it takes Linux 5.5, and no filter that forbids clone3");
	}
	return pid;
}

static int reap(struct process *process, siginfo_t *info, struct error *err)
{
	int result;

	do
		result = waitid(P_PIDFD, (id_t)process->pidfd, info, WEXITED);
	while (result < 0 && errno == EINTR);
	if (result < 0)
		return error_sys(err, "wait for process %d", process->pid);
	process->pid = 0;
	return 0;
}

/* The channel ended without FAILED or EXEC: the child was ended from outside while it set up. */
static int explain_death(struct process *process, struct error *err)
{
	siginfo_t info = {0};

	if (reap(process, &info, err) < 0)
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
	struct message message = {0};
	bool executed = false;
	int more;

	/* A child that has died already is explained below, by how it ended. */
	if (send_message(channel, MESSAGE_RELEASED, NULL, err) < 0 && err->code != EPIPE)
		return -1;
	while ((more = receive_message(channel, &message, err)) > 0) {
		if (message.type == MESSAGE_FAILED) {
			*err = message.err;
			return -1;
		}
		executed = message.type == MESSAGE_EXEC;
	}
	if (more < 0 && err->code != ECONNRESET)
		return -1;
	return executed ? 0 : explain_death(process, err);
}

static int start_blocked(struct process *process, const struct process_config *config,
			 struct error *err)
{
	AUTO_CLOSE int ours = -1, theirs = -1;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_sys(err, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	process->pid = clone_child(config, &process->pidfd, err);
	if (process->pid < 0) {
		process->pid = 0;
		return -1;
	}
	if (process->pid == 0) {
		/* Or the child would never see the end of a parent that was killed. */
		cleanup_fd(&ours);
		run_child(config, theirs);
	}
	cleanup_fd(&theirs);
	if (config->hooks.in_parent &&
	    config->hooks.in_parent(config->hooks.context, process->pid, err) < 0)
		return -1;
	return await_exec(process, ours, err);
}

static int forward_signal(struct process *process, int signals, struct error *err)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return error_sys(err, "read a signal");
	if (!forwarding_includes((int)info.ssi_signo))
		return 0;
	trace("kill -%u %d", info.ssi_signo, process->pid);
	/* ESRCH: it has just ended, and the next poll says so. */
	if (syscall(SYS_pidfd_send_signal, process->pidfd, info.ssi_signo, NULL, 0) < 0 &&
	    errno != ESRCH)
		return error_sys(err, "forward signal %u to process %d", info.ssi_signo,
				 process->pid);
	return 0;
}

/* --- exported ------------------------------------------------------------------------------ */

int process_start(struct process *process, const struct process_config *config, struct error *err)
{
	*process = (struct process){0};
	if (block_signals(process, err) < 0)
		return -1;
	if (start_blocked(process, config, err) == 0)
		return 0;
	process_release(process);
	return -1;
}

int process_wait(struct process *process, int *status, struct error *err)
{
	AUTO_CLOSE int signals = -1;
	siginfo_t info = {0};
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	signals = signalfd(-1, &blocked, SFD_CLOEXEC);
	if (signals < 0)
		return error_sys(err, "receive signals by a descriptor");
	for (;;) {
		struct pollfd fds[] = {{.fd = process->pidfd, .events = POLLIN},
				       {.fd = signals, .events = POLLIN}};

		if (poll(fds, ARRAY_LENGTH(fds), -1) < 0 && errno != EINTR)
			return error_sys(err, "wait for process %d or a signal", process->pid);
		if (fds[0].revents)
			break;
		if (fds[1].revents && forward_signal(process, signals, err) < 0)
			return -1;
	}
	if (reap(process, &info, err) < 0)
		return -1;
	*status = process_exit_status(&info);
	return 0;
}

void process_release(struct process *process)
{
	siginfo_t info = {0};
	struct error ignored;

	if (process->pid > 0) {
		syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0);
		reap(process, &info, &ignored);
	}
	if (process->pidfd > 0)
		close(process->pidfd);
	if (process->blocked)
		sigprocmask(SIG_SETMASK, &process->old_mask, NULL);
	*process = (struct process){0};
}

int process_failure_status(const struct error *err)
{
	switch (err->code) {
	case PROCESS_NOT_EXECUTABLE: return 126;
	case PROCESS_NOT_FOUND: return 127;
	case PROCESS_EXEC_FAILED: return 255;
	default: return 125;
	}
}

int process_exit_status(const siginfo_t *info)
{
	return info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
}
