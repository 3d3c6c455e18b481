/*
 * A worker: a locked-up process that does one piece of work on bytes of strangers, and answers once.
 *
 * It has its standard error, the descriptors that it is given, and nothing else: no file but those
 * below a directory that may be its root; and if it parses, no network, and no process that it could
 * signal. To make a network takes longer than to unpack a small layer. What it
 * answers is believed only as far as it could have harmed itself with a lie: see unpacker.c.
 */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cleanup.h"
#include "error.h"
#include "layer.h"

#define WORKER_FDS_MAX 4

/* Zeroed: none. */
struct worker {
	pid_t pid;
	int channel; /* its answer comes here */
};

struct worker_config {
	const char *name; /* "the unpacker" */
	bool parses;	  /* what strangers write: it gets namespaces of its own, too */
	/* Becomes its root, and it keeps the capabilities that making files needs. NULL: it is nobody,
	 * without any capability, and its root has no file. */
	const char *root_dir;
	int fds[WORKER_FDS_MAX]; /* those that it keeps; -1: none */
	/* What it does. Fills the fields of *result that it knows. */
	int (*work)(const void *context, struct layer_result *result, struct error *err);
	const void *context;
};

/* Starts it. The descriptors stay the caller's, who closes them. On failure there is none.
 * Errors: EPERM without root. clone(2), chroot(2), capabilities(7) */
int worker_start(struct worker *worker, const struct worker_config *config, struct error *err);

/* Waits for the answer, and ends the worker and all that it may have started. Errors: those of the
 * work; ECHILD if it was killed. `name` is as in its config. */
int worker_finish(struct worker *worker, const char *name, struct layer_result *result,
		  struct error *err);

/* Kills it if it still runs. */
void worker_release(struct worker *worker);
#define AUTO_WORKER CLEANUP(worker_release)

#endif
