/*
 * The monitor: every container has one, a fork of the command that started it.
 *
 * It is the parent of the container's first process, writes its log, feeds the client that is
 * attached, waits for the exit, records it, and gives back what the container had. The command line
 * is only its client: a container outlives it.
 */
#ifndef MONITOR_H
#define MONITOR_H

#include <stdbool.h>

#include "container.h"
#include "engine.h"
#include "error.h"

/* Forks the monitor of a container that does not run and returns when the container's command executes, or
 * could not. With `attached` the result is a socket for attach_run, and signals are blocked until
 * that returns, so that none is lost; else 0. On failure the container stays created, or exited, with the
 * reason and the exit code in its state, or is removed if it is auto_remove.
 * Errors: those of process_start, with its codes; RECORD_LOCKED if another command was faster. */
int monitor_start(const struct engine *engine, struct container *container, bool attached,
		  struct error *err);

/* Connects to the monitor of a running container: the result is a socket for attach_run.
 * Errors: ECONNREFUSED, ENOENT if it does not run. */
int monitor_connect(const struct engine *engine, const struct container *container,
		    struct error *err);

#endif
