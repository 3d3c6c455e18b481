/*
 * cut - ends or fails one step of a command, in whichever of its processes that step is
 *
 *	cut [-l] MODE N COMMAND...
 *	cut MODE TEXT COMMAND...
 *
 * Programs of `make FAULTS=1` announce each step by a system call that does not exist (see trace.h).
 * All processes that come from COMMAND are followed, and at announcement number N, over all of them,
 * or before the first step that --explain prints with TEXT in it, whatever the build,
 *
 *	count    nothing happens
 *	kill     the process gets SIGKILL
 *	fail     its next system call is not made, and gives EIO
 *
 * Calls that only manage memory or let go of something are not failed, but the one after them.
 * The last line on descriptor 3, or with -l a line for each step, is "N FILE:LINE" of what was cut, or
 * the last step if there were less than N. Whoever still runs when COMMAND has ended is let go, and goes
 * on. Exit status: COMMAND's, or 128 + n for signal n; 124 if nothing has happened for 20 s, which
 * kills all; 100 if cut itself failed.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace.h"

#define PROCESSES_MAX 1024
#define SILENCE_S 20

enum mode { COUNT, KILL, FAIL };

struct tracee {
	pid_t pid;
	bool failing; /* the next call that is worth it */
	bool failed;  /* the call that we are in */
	bool stopped;
};

struct cut {
	enum mode mode;
	bool list;
	const char *text; /* NULL: by number */
	long at, steps;
	char place[300];
	struct tracee tracees[PROCESSES_MAX];
	size_t count;
};

static const int options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

static void die(const char *what)
{
	fprintf(stderr, "cut: %s: %s\n", what, strerror(errno));
	exit(100);
}

/* The one of that pid, which is new if it was not known. */
static struct tracee *tracee_of(struct cut *cut, pid_t pid)
{
	for (size_t i = 0; i < cut->count; i++)
		if (cut->tracees[i].pid == pid)
			return &cut->tracees[i];
	if (cut->count == PROCESSES_MAX) {
		errno = E2BIG;
		die("follow all processes");
	}
	cut->tracees[cut->count] = (struct tracee){.pid = pid};
	return &cut->tracees[cut->count++];
}

static void forget(struct cut *cut, pid_t pid)
{
	*tracee_of(cut, pid) = cut->tracees[cut->count - 1];
	cut->count--;
}

static bool is_worth_failing(unsigned long long number)
{
	static const long not_worth[] = {
		SYS_brk,	  SYS_mmap,	      SYS_munmap, SYS_mprotect,	  SYS_madvise,
		SYS_mremap,	  SYS_futex,	      SYS_close,  SYS_exit_group, SYS_exit,
		SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_getpid, SYS_gettid,	  SYS_rt_sigaction,
		SYS_wait4,	  SYS_rseq,	      SYS_waitid};

	for (size_t i = 0; i < sizeof(not_worth) / sizeof(*not_worth); i++)
		if (number == (unsigned long long)not_worth[i])
			return false;
	return true;
}

/* Makes a call that begins another one, which does not exist. */
static void skip_call(pid_t pid)
{
#if defined(__x86_64__)
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L) < 0)
		die("skip a system call");
#elif defined(__aarch64__)
	int none = -1;
	struct iovec number = {&none, sizeof(none)};

	if (ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &number) < 0)
		die("skip a system call");
#else
#error "cut knows x86-64 and arm64 only"
#endif
}

/* Gives the call that ends a result. */
static void set_result(pid_t pid, long result)
{
#if defined(__x86_64__)
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), result) < 0)
		die("set the result of a system call");
#else
	struct user_regs_struct registers;
	struct iovec all = {&registers, sizeof(registers)};

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all) < 0)
		die("read registers");
	registers.regs[0] = (unsigned long long)result;
	if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all) < 0)
		die("set the result of a system call");
#endif
}

static void note_place(struct cut *cut, pid_t pid, const struct __ptrace_syscall_info *info)
{
	char file[200] = "?";
	struct iovec here = {file, sizeof(file) - 1};
	struct iovec there = {(void *)(uintptr_t)info->entry.args[0], sizeof(file) - 1};

	process_vm_readv(pid, &here, 1, &there, 1, 0);
	snprintf(cut->place, sizeof(cut->place), "%ld %s:%lld", cut->steps, file,
		 (long long)info->entry.args[1]);
	if (cut->list)
		dprintf(3, "%s\n", cut->place);
}

/* Whether the process is about to print the step that we look for: "02    4711 us  cd /". */
static bool is_wanted_line(const struct cut *cut, pid_t pid,
			   const struct __ptrace_syscall_info *info)
{
	char line[512] = "";
	struct iovec here = {line, sizeof(line) - 1};
	struct iovec there = {(void *)(uintptr_t)info->entry.args[1], info->entry.args[2]};
	const char *us;

	if (info->entry.nr != SYS_write || process_vm_readv(pid, &here, 1, &there, 1, 0) <= 0)
		return false;
	us = strstr(line, " us  ");
	return us && us - line < 20 && strstr(us, cut->text);
}

static void cut_here(struct cut *cut, struct tracee *tracee)
{
	if (cut->mode == KILL)
		kill(tracee->pid, SIGKILL);
	tracee->failing = cut->mode == FAIL;
}

static void handle_entry(struct cut *cut, struct tracee *tracee,
			 const struct __ptrace_syscall_info *info)
{
	if (tracee->failing && is_worth_failing(info->entry.nr)) {
		tracee->failing = false;
		tracee->failed = true;
		skip_call(tracee->pid);
	} else if (cut->text && !cut->steps && is_wanted_line(cut, tracee->pid, info)) {
		cut->steps++;
		snprintf(cut->place, sizeof(cut->place), "1 %s", cut->text);
		cut_here(cut, tracee);
	} else if (!cut->text && info->entry.nr == TRACE_FAULTS_CALL &&
		   !(cut->at && cut->steps >= cut->at)) {
		cut->steps++;
		note_place(cut, tracee->pid, info);
		if (cut->steps == cut->at)
			cut_here(cut, tracee);
	}
}

static void handle_call(struct cut *cut, struct tracee *tracee)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		handle_entry(cut, tracee, &info);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && tracee->failed) {
		tracee->failed = false;
		set_result(tracee->pid, -EIO);
	}
}

/* Lets a stopped process go on, with the signal that stopped it. */
static void handle_stop(struct cut *cut, pid_t pid, int status)
{
	struct tracee *tracee = tracee_of(cut, pid);
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		handle_call(cut, tracee);
		signal = 0;
	} else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
		/* Really stopped, by SIGSTOP and the like: it stays so, and we hear of its end. */
		ptrace(PTRACE_LISTEN, pid, 0, 0);
		return;
	} else if (event) {
		signal = 0;
	}
	/* ESRCH: killed meanwhile. */
	ptrace(PTRACE_SYSCALL, pid, 0, signal);
}

static void on_alarm(int number)
{
	(void)number;
}

static void kill_all(struct cut *cut)
{
	for (size_t i = 0; i < cut->count; i++)
		kill(cut->tracees[i].pid, SIGKILL);
}

/* Those who are left when the command has ended are stopped, and let go. */
static void let_go(struct cut *cut)
{
	int status;

	for (size_t i = 0; i < cut->count; i++)
		ptrace(PTRACE_INTERRUPT, cut->tracees[i].pid, 0, 0);
	while (cut->count) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0)
			return;
		if (WIFSTOPPED(status)) {
			int signal = WSTOPSIG(status);
			bool is_own = status >> 16 || signal == (SIGTRAP | 0x80);

			tracee_of(cut, pid)->failed = false;
			ptrace(PTRACE_DETACH, pid, 0, is_own ? 0 : signal);
		}
		forget(cut, pid);
	}
}

static int follow(struct cut *cut, pid_t command)
{
	int status;

	for (;;) {
		pid_t pid;

		alarm(SILENCE_S);
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR) {
			kill_all(cut);
			return 124;
		}
		if (pid < 0)
			die("wait");
		if (WIFSTOPPED(status)) {
			handle_stop(cut, pid, status);
			continue;
		}
		forget(cut, pid);
		if (pid != command)
			continue;
		alarm(SILENCE_S);
		let_go(cut);
		return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

static pid_t start(char **command)
{
	int gate[2];
	pid_t pid;

	if (pipe(gate) < 0)
		die("make a pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		char byte;

		close(gate[1]);
		if (read(gate[0], &byte, 1) != 1)
			_exit(100);
		close(gate[0]);
		close(3);
		execvp(*command, command);
		die(*command);
	}
	close(gate[0]);
	if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
		die("trace the command");
	if (write(gate[1], "", 1) != 1)
		die("start the command");
	close(gate[1]);
	return pid;
}

int main(int argc, char **argv)
{
	static struct cut cut;
	static const char *const modes[] = {[COUNT] = "count", [KILL] = "kill", [FAIL] = "fail"};
	/* Without SA_RESTART: a wait ends by it. */
	struct sigaction action = {.sa_handler = on_alarm};
	char *end;
	int status;

	if (argc > 1 && strcmp(argv[1], "-l") == 0) {
		cut.list = true;
		argv++, argc--;
	}
	if (argc < 4) {
		fprintf(stderr, "usage: cut [-l] count|kill|fail N COMMAND...\n");
		return 100;
	}
	while (cut.mode < FAIL && strcmp(modes[cut.mode], argv[1]) != 0)
		cut.mode++;
	cut.at = strtol(argv[2], &end, 10);
	if (*end)
		cut.text = argv[2];
	sigaction(SIGALRM, &action, NULL);
	status = follow(&cut, start(argv + 3));
	if (!cut.list)
		dprintf(3, "%s\n", cut.place);
	return status;
}
