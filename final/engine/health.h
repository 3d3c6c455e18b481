/*
 * The health of a container that runs: its healthcheck is a command in it that fails when it is not well.
 *
 *	ROOT/containers/ID/health.json    Docker's State.Health: the status, how often it has failed in a
 *	                                  row, and what came of the last five runs
 *
 * Each run is a probe, a fork of the monitor: it starts the command as exec does, waits for it, judges,
 * and writes that down. The monitor itself only knows when the next one is due.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include <stdint.h>
#include <sys/types.h>

#include "container.h"
#include "engine.h"
#include "json.h"

/* A zeroed struct watches nothing. */
struct health_watch {
	pid_t probe; /* 0: none runs */
	int pidfd;
	int64_t began_ms,
		next_ms; /* by restart_clock_ms; of the life; of the next probe, 0: never */
};

/* A life has begun: it is "starting", if there is a healthcheck. */
void health_begin(struct health_watch *watch, const struct container *container);

/* What poll is to wait for: at most so long, with `most_ms` (-1: for ever) the other limit; and for the
 * end of a probe, by a descriptor (-1: none). */
int health_timeout_ms(const struct health_watch *watch, int most_ms);
int health_descriptor(const struct health_watch *watch);

/* Starts a probe that is due, and plans the next one when one has ended. */
void health_turn(struct health_watch *watch, const struct engine *engine,
		 const struct container *container);

/* The life has ended, and the probe with it: "unhealthy", as in Docker. */
void health_end(struct health_watch *watch, const struct container *container);

/* Docker's State.Health; NULL if there is none. The caller frees it with cJSON_Delete. */
cJSON *health_load(const struct container *container);

/* "starting", "healthy", "unhealthy"; "none" without a healthcheck. */
const char *health_word(const struct container *container);

#endif
