/*
 * A process: started, released when it is ready to be, and asked how it ended.
 *
 * This is the one seam of the project. process_start clones; the child waits; the parent runs
 * hooks.in_parent, which may do from outside what the child can't (put it into a cgroup, give it a
 * network); the child is released, runs hooks.in_child, gives up its privileges and executes the
 * command. Every later chapter varies the flags of the clone and what the two hooks do.
 *
 * Parent and child talk by messages over a socket pair that exec closes. So the parent knows the
 * difference between "the command ran and exited with 1" and "it never started", and why.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "attributes.h"
#include "error.h"
#include "privileges.h"
#include "relay.h"
#include "text.h"

/* Codes of errors after which Docker's exit status is not 125; see process_failure_status. */
enum {
	PROCESS_NO_TERMINAL = 5001,    /* ours was asked for, and there is none */
	PROCESS_LEFT = 5002,	       /* the user left it, as relay.watch has found; it runs */
	PROCESS_NOT_EXECUTABLE = 5126, /* the command was found, but may not be executed */
	PROCESS_NOT_FOUND = 5127,      /* there is no such command */
	PROCESS_EXEC_FAILED = 5255,    /* the kernel can't execute it: format, interpreter */
};

struct process_hooks {
	/* Runs in the parent while the child waits. `pid` is the child as the parent sees it. */
	int (*in_parent)(void *context, pid_t pid, struct error *err);
	/* Runs in the child, as root, once in_parent has succeeded. */
	int (*in_child)(void *context, struct error *err);
	void *context;
	/* Runs in the child after in_child, once its terminal is on descriptors 0 to 2, if it is to
	 * have one; NULL: nothing. */
	int (*with_terminal)(void *context, struct error *err);
	void *parent_context; /* in_parent's, if it is another one */
};

/* How to start a process. A zeroed field means "off". */
struct process_config {
	char *const *argv;	   /* the command and its arguments, at least one */
	const struct strings *env; /* "NAME=value"; its PATH is searched, HOME added if missing */
	const char *cwd;	   /* absolute; made if missing; NULL: where the hooks left it */
	bool cwd_is_there;	   /* it is not made, but refused in Docker's words */
	const char *user;	   /* NAME|UID[:GROUP|GID], looked up after in_child; NULL: root */
	int stdio[3];		   /* become descriptors 0 to 2; 0: inherited */
	bool input;		   /* inherit descriptor 0 too; it is /dev/null otherwise */
	bool terminal;	     /* a terminal of its own, by the devpts at /dev/pts; TERM if missing */
	struct winsize size; /* of the terminal */
	uint64_t clone_flags;	   /* CLONE_NEW… of clone(2) */
	const char *pid_namespace; /* /proc/PID/ns/pid of one to be born in; NULL: by clone_flags */
	int64_t boottime_s;	   /* its clocks of the time since boot are so much ahead */
	int cgroup_fd;		   /* a cgroup v2 directory to be born in (CLONE_INTO_CGROUP) */
	bool die_with_parent;	   /* SIGKILL when the thread that started it ends */
	struct privileges privileges;
	const struct attributes *attributes; /* NULL: none */
	struct process_hooks hooks;
};

struct process {
	pid_t pid;	    /* 0: none, or waited for */
	int pidfd;	    /* 0: none */
	int terminal;	    /* our end of its terminal, non-blocking; 0: none */
	bool input;	    /* what is typed at ours goes there */
	struct relay relay; /* what process_wait passes on besides */
	bool blocked;	    /* signals are, since process_start */
	sigset_t old_mask;  /* the caller's signal mask before that */
};

/* Starts a process and returns once it executes its command. Signals are blocked in the caller from
 * here to process_release, so that none is lost before process_wait can forward it; SIGCHLD gets its
 * default action, for good.
 * On failure the child is gone and reaped, and *process is released.
 * Errors: the PROCESS_ codes; EPERM if the caller may not make a namespace; whatever the hooks
 * report. clone(2), pidfd_open(2), execve(2) */
int process_start(struct process *process, const struct process_config *config, struct error *err);

/* Waits for the end, and forwards to the process every signal that can be caught, except SIGCHLD,
 * SIGPIPE and SIGURG. *status is the exit status as a shell gives it: 128+n for signal n.
 * If it has a terminal, that is connected to our standard streams meanwhile: ours is raw if there is
 * `input`, and a change of its size is passed on. pidfd_send_signal(2), signalfd(2) */
int process_wait(struct process *process, int *status, struct error *err);

/* Reaps a process that is about to end: fills *info, and forgets the pid. waitid(2) */
int process_reap(struct process *process, siginfo_t *info, struct error *err);

/* Kills the process if it still runs, reaps it, and restores the signal mask. */
void process_release(struct process *process);
#define AUTO_PROCESS CLEANUP(process_release)

/* The exit status that Docker gives for a failure of process_start: 126, 127, 255, 1 or 125. */
int process_failure_status(const struct error *err);

/* The exit status of a siginfo that waitid(2) has filled: the code, or 128+n for signal n. */
int process_exit_status(const siginfo_t *info);

#endif
