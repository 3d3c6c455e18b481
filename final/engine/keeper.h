/*
 * The other ends of a command's streams, when whoever held them is gone.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <stddef.h>

#include "error.h"

/* Forks a process that holds our ends of a command's output, pipes or a terminal, and does nothing while
 * we live. Once we have ended, however, it reads them to their end and throws away what comes: so the
 * command goes on as it would under Docker, whose daemon holds them, and is not ended by SIGHUP or
 * SIGPIPE. The descriptors stay the caller's. */
int keeper_start(const int *fds, size_t count, struct error *err);

#endif
