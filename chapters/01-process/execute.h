/*
 * The last step of a child: execve(2), in two steps.
 *
 * A container chooses what is executed, and can choose /proc/self/exe: by the command, by a link, or
 * behind the "#!" of a script. If we called execve ourselves, that would be our own program on the
 * host. It would run with the container's libraries, and what they open could be written later, as
 * root (CVE-2019-5736). So we first become a tiny program, exec_stub.c, from a sealed memfd that
 * is nobody else's: /proc/self/exe then is that. It costs 0.1 ms; a copy of ourselves would cost ten
 * times as much.
 */
#ifndef EXECUTE_H
#define EXECUTE_H

#include "error.h"

/* Makes the tiny program. Before the limits of the command hold for us: one may be the size of files.
 * Returns a descriptor above 2. Errors: EACCES if vm.memfd_noexec forbids it. memfd_create(2) */
int execute_open(struct error *err);

/* What is open across the first step. */
struct execution {
	int stub;    /* of execute_open */
	int channel; /* if the second step fails, the stub sends MESSAGE_NOT_EXECUTED with its errno */
};

/* Executes `file`; does not return on success. Errors: of the first step. execveat(2) */
int execute_file(const struct execution *execution, const char *file, char *const *argv,
		 char *const *env, struct error *err);

/* Keeps other processes of the container from looking into this one, or at its program, until exec:
 * it is root on the host until then. prctl(2), PR_SET_DUMPABLE; ptrace(2), "access mode checking" */
int execute_hide(struct error *err);

#endif
