/*
 * A further command in a container that runs.
 */
#ifndef EXEC_H
#define EXEC_H

#include <stdbool.h>

#include "container.h"
#include "engine.h"
#include "error.h"
#include "process.h"
#include "text.h"

/* Zeroed fields: as the container's own command. */
struct exec_config {
	char *const *argv;
	struct strings env; /* on top of the container's */
	char *user, *cwd;
	bool input;		 /* our standard input is its; it is empty otherwise */
	bool terminal;		 /* it has one */
	bool privileged;	 /* all capabilities, and no filter of system calls */
	bool ends_with_us;	 /* it is killed when we end */
	bool detached;		 /* connected to nothing */
	char id[ENGINE_ID_SIZE]; /* of engine_make_id, for its events; "": without any */
};

/* Starts the command in the namespaces and the cgroup of the container. process_wait then connects
 * our standard streams to it. Without that it goes on by itself.
 * Errors: ESRCH "container … is not running"; those of process_start. setns(2) */
int exec_start(const struct engine *engine, const struct container *container,
	       const struct exec_config *config, struct process *process, struct error *err);

/* Writes down how it has ended, for whoever waited for it. */
void exec_ended(const struct engine *engine, const struct container *container,
		const struct exec_config *config, int status);

#endif
