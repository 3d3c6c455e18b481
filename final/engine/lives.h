/*
 * The further life of a container: started again, waited for, renamed.
 */
#ifndef LIVES_H
#define LIVES_H

#include <stdbool.h>

#include "container.h"
#include "engine.h"
#include "error.h"

/* Starts a container that does not run: it has the files it had. One that runs stays as it is.
 * With `attached` the result is a socket for attach_run, as of monitor_start; else 0.
 * Errors: EBUSY if it is paused; those of monitor_start. */
int container_start(const struct engine *engine, struct container *container, bool attached,
		    struct error *err);

/* Keeps the container, auto_remove or not, when it ends next: it is to be started again. */
int container_keep(const struct engine *engine, const struct container *container,
		   struct error *err);

/* Waits for its end, and until that is recorded; *status is the exit status. For one that does not
 * run it is the last one's. Errors: EPIPE if its monitor was killed. */
int container_wait(const struct engine *engine, const struct container *container, int *status,
		   struct error *err);

/* Gives it another name. Errors: EEXIST, EINVAL with Docker's words. */
int container_rename(const struct engine *engine, struct container *container, const char *name,
		     struct error *err);

#endif
