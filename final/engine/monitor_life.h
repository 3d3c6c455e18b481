/*
 * The monitor from the inside: what its files share, and one life of its container.
 *
 *	monitor.c       the fork, and what the command that started it is told
 *	monitor_loop.c  what it waits for while the container runs
 *	monitor_life.c  how a life begins and ends
 */
#ifndef MONITOR_LIFE_H
#define MONITOR_LIFE_H

#include <stdint.h>
#include <sys/ioctl.h>

#include "clients.h"
#include "container.h"
#include "engine.h"
#include "error.h"
#include "health.h"
#include "launch.h"
#include "log.h"
#include "restart.h"
#include "streams.h"

struct monitor {
	const struct engine *engine;
	struct container *container;
	struct launch launch;
	struct log_writer log;
	int lock;	     /* held as long as we live */
	int client;	     /* who starts us; one of `clients` later */
	int listener;	     /* where others attach */
	struct winsize size; /* of the terminal that we were started from */
	struct streams streams;
	struct clients clients;
	struct restart_history history;
	struct health_watch health;
	int64_t began_ms; /* this life, by restart_clock_ms */
	bool owes;	  /* something could not be given back: the next command tries again */
};

/* Starts the container's command, and records that it runs. */
int monitor_begin_life(struct monitor *monitor, struct error *err);

/* Records that the command never ran, and why, and gives all back: Docker leaves such a container as
 * created. One that is auto_remove is removed. */
void monitor_record_failure(struct monitor *monitor, const struct error *why);

/* The first process has ended, and with it all others of its pid namespace: records how, and gives
 * back what the life had. The state says then whether another one is to follow. */
void monitor_end_life(struct monitor *monitor);

/* Keeps a failure that must not stop the container in its state. */
void monitor_note_error(struct monitor *monitor, const struct error *err);

#endif
