/*
 * Restart policies: whether a container that has ended is started again, and when.
 */
#ifndef RESTART_H
#define RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "container.h"
#include "engine.h"
#include "error.h"

/* How often a life has ended; zeroed at the first. */
struct restart_history {
	int64_t delay_ms; /* what was waited the last time */
	uint64_t count;
};

/* Decides, by Docker's rules, after a life of `lasted_ms`: returns true if it is to be started again
 * after history->delay_ms: 100 ms, doubled each time up to a minute, and from the beginning once it
 * has lasted ten seconds. */
bool restart_decide(const struct restart_policy *policy, int exit_code, int64_t lasted_ms,
		    struct restart_history *history);

/* Decides whether a container that does not run is started when the machine is. */
bool restart_after_boot(const struct container *container);

/* Marks a container as stopped by somebody: its monitor does not start it again. A new start takes
 * the mark away. */
int restart_forbid(const struct engine *engine, const struct container *container,
		   struct error *err);
void restart_allow(const struct engine *engine, const struct container *container);
bool restart_is_forbidden(const struct engine *engine, const struct container *container);

/* Milliseconds of a clock that only goes forward. */
int64_t restart_clock_ms(void);

#endif
