/*
 * coracle-init: a PID 1 for programs that are not made to be one.
 *
 *	/sbin/docker-init -- COMMAND [ARG...]
 *
 * The kernel treats the first process of a pid namespace in three special ways (pid_namespaces(7)):
 * a signal for which it has no handler does nothing to it; orphans become its children, and stay
 * zombies until it waits for them; and when it ends, all others are killed. So this program starts
 * the command as its child, passes every signal on to it, waits for whoever ends, and ends as the
 * command ends: with its exit status, or 128+n for signal n.
 *
 * It is static, since it runs in a root file system of others, and stands alone.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "docker-init"

static int complain(const char *what, const char *object, int status)
{
	fprintf(stderr, NAME ": %s %s: %s\n", what, object, strerror(errno));
	return status;
}

/* All but the ones that report our own faults. */
static void block_signals(sigset_t *blocked, sigset_t *before)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};

	sigfillset(blocked);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(blocked, faults[i]);
	sigprocmask(SIG_SETMASK, blocked, before);
}

/* Runs in the child. A process group of its own, in the foreground if there is a terminal, so that
 * Ctrl-C reaches the command from the terminal, and once. Does not return. */
static void become(char *const *argv, const sigset_t *mask)
{
	setpgid(0, 0);
	/* SIGTTOU, which this raises, is still blocked. */
	tcsetpgrp(STDIN_FILENO, getpgrp());
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	_exit(complain("exec", argv[0], errno == ENOENT ? 127 : 126));
}

/* Waits for everybody who has ended. Returns the exit status of `child` if it is among them, else
 * -1. One SIGCHLD may stand for many, so this asks until there is nobody left. */
static int reap(pid_t child)
{
	int status, result = -1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == child)
			result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return result;
}

static int wait_and_forward(pid_t child, const sigset_t *blocked)
{
	int status = -1;

	while (status < 0) {
		int number = sigwaitinfo(blocked, NULL);

		if (number == SIGCHLD)
			status = reap(child);
		else if (number > 0)
			kill(child, number); /* ESRCH: it has ended, and SIGCHLD is coming */
	}
	return status;
}

int main(int argc, char *argv[])
{
	int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
	sigset_t blocked, before;
	pid_t child;

	if (first >= argc) {
		fprintf(stderr, "usage: " NAME " [--] COMMAND [ARG...]\n");
		return 125;
	}
	/* Before the child is there, or its end could be missed. */
	block_signals(&blocked, &before);
	child = fork();
	if (child < 0)
		return complain("fork", "a process", 125);
	if (child == 0)
		become(argv + first, &before);
	return wait_and_forward(child, &blocked);
}
