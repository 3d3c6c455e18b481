/*
 * Which signals a runner passes on to what it runs: all but those that are about the runner itself.
 */
#ifndef FORWARDING_H
#define FORWARDING_H

#include <signal.h>
#include <stdbool.h>

#include "error.h"

/* Blocks every signal but the synchronous ones (SIGSEGV, …), which are faults of our own and must
 * end us. What arrives stays pending for signalfd(2). *old_mask is the mask before. */
int forwarding_block(sigset_t *old_mask, struct error *err);

/* False for SIGCHLD, SIGPIPE and SIGURG, which are not meant for the process. */
bool forwarding_includes(int number);

#endif
