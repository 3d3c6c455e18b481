/*
 * Which signals a runner passes on to what it runs: all but those that are about the runner itself.
 */
#ifndef FORWARDING_H
#define FORWARDING_H

#include <signal.h>
#include <stdbool.h>

#include "error.h"

/* Blocks every signal: what arrives stays pending for signalfd(2). A fault of our own, as SIGSEGV,
 * ends us all the same: the kernel does not hold it back. SIGCHLD gets its default action, for good,
 * in case it was ignored. *old_mask is the mask before. sigprocmask(2) */
int forwarding_block(sigset_t *old_mask, struct error *err);

/* False for SIGCHLD, SIGPIPE and SIGURG, which are not meant for the process. */
bool forwarding_includes(int number);

#endif
