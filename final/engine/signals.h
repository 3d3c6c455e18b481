/*
 * Signals from outside: stop and kill.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include "container.h"
#include "engine.h"
#include "error.h"

/* The number of "TERM", "SIGTERM", "15" or "RTMIN+1", in either case.
 * Errors: EINVAL "Invalid signal: …". */
int signal_number(const char *name, struct error *err);

/* Opens the first process: the caller closes the pidfd. Errors: ESRCH "container … is not running".
 * pidfd_open(2) */
int container_open_process(const struct container *container, struct error *err);

/* Sends a signal to the first process; after SIGKILL it returns when the exit is recorded.
 * Errors: ESRCH "container … is not running". */
int container_kill(const struct engine *engine, struct container *container, int signal,
		   struct error *err);

/* Sends `signal`, and SIGKILL if it runs on after `timeout_s` (-1: waits for ever), and returns when
 * its monitor has recorded the exit. Fine if it does not run. */
int container_stop(const struct engine *engine, struct container *container, int signal,
		   int timeout_s, struct error *err);

#endif
