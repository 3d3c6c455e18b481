/* Waiting for a process, and how it ended; see process.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "forwarding.h"
#include "process.h"
#include "terminal.h"
#include "trace.h"

static int forward_signal(struct process *process, int signals, struct error *err)
{
	struct signalfd_siginfo info;
	struct winsize size;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return error_sys(err, "read a signal");
	if (!forwarding_includes((int)info.ssi_signo))
		return 0;
	if (info.ssi_signo == SIGWINCH && process->terminal > 0) {
		size = terminal_size();
		terminal_resize(process->terminal, &size);
		return 0;
	}
	trace("kill -%u %d", info.ssi_signo, process->pid);
	/* ESRCH: it has just ended, and the next poll says so. */
	if (syscall(SYS_pidfd_send_signal, process->pidfd, info.ssi_signo, NULL, 0) < 0 &&
	    errno != ESRCH)
		return error_sys(err, "forward signal %u to process %d", info.ssi_signo,
				 process->pid);
	return 0;
}

/* Each lane has a descriptor of its own, to close. */
static int connect_terminal(struct process *process, struct raw_terminal *raw, struct error *err)
{
	if (process->terminal <= 0)
		return 0;
	relay_add(&process->relay, fcntl(process->terminal, F_DUPFD_CLOEXEC, 3), STDOUT_FILENO,
		  false);
	if (!process->input)
		return 0;
	relay_add(&process->relay, STDIN_FILENO, fcntl(process->terminal, F_DUPFD_CLOEXEC, 3),
		  true);
	return terminal_make_raw(STDIN_FILENO, raw, err);
}

/* Nobody reads our output any more: the command is to know, as a broken pipe would tell it. */
static void hang_up(struct process *process)
{
	relay_finish(&process->relay);
	close(process->terminal);
	process->terminal = 0;
}

static int wait_until_end(struct process *process, int signals, struct error *err)
{
	enum { PROCESS, SIGNALS, RELAY };
	struct pollfd fds[RELAY + RELAY_FDS] = {{.fd = process->pidfd, .events = POLLIN},
						{.fd = signals, .events = POLLIN}};

	for (;;) {
		relay_expect(&process->relay, fds + RELAY);
		if (poll(fds, ARRAY_LENGTH(fds), -1) < 0) {
			if (errno != EINTR)
				return error_sys(err, "wait for process %d or a signal",
						 process->pid);
			continue;
		}
		if (fds[PROCESS].revents)
			return 0;
		if (fds[SIGNALS].revents && forward_signal(process, signals, err) < 0)
			return -1;
		relay_move(&process->relay, fds + RELAY);
		if (process->relay.left)
			return error_set(err, PROCESS_LEFT, "read escape sequence");
		if (process->terminal > 0 && process->relay.lanes[0].from < 0)
			hang_up(process);
	}
}

int process_reap(struct process *process, siginfo_t *info, struct error *err)
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

int process_wait(struct process *process, int *status, struct error *err)
{
	AUTO_RAW struct raw_terminal raw = {0};
	AUTO_CLOSE int signals = -1;
	siginfo_t info = {0};
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	signals = signalfd(-1, &blocked, SFD_CLOEXEC);
	if (signals < 0)
		return error_sys(err, "receive signals by a descriptor");
	if (connect_terminal(process, &raw, err) < 0)
		return -1;
	if (wait_until_end(process, signals, err) < 0 || process_reap(process, &info, err) < 0)
		return -1;
	/* What it wrote last is still in the pipe or terminal. */
	relay_finish(&process->relay);
	*status = process_exit_status(&info);
	return 0;
}

void process_release(struct process *process)
{
	siginfo_t info = {0};
	struct error ignored;

	if (process->pid > 0) {
		syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0);
		process_reap(process, &info, &ignored);
	}
	if (process->pidfd > 0)
		close(process->pidfd);
	if (process->terminal > 0)
		close(process->terminal);
	if (process->blocked)
		sigprocmask(SIG_SETMASK, &process->old_mask, NULL);
	*process = (struct process){0};
}

int process_failure_status(const struct error *err)
{
	switch (err->code) {
	case PROCESS_NO_TERMINAL:
	case PROCESS_LEFT: return 1;
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
