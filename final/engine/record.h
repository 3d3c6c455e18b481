/*
 * The record of a container on the disk, for the engine's own use: reading, writing, repairing.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "container.h"
#include "engine.h"
#include "error.h"

/* Write DIR/config.json and DIR/state.json, by rename. */
int record_save_config(const struct container *container, const char *dir, bool durable,
		       struct error *err);
int record_save_state(const struct container *container, const char *dir, bool durable,
		      struct error *err);

/* Reads the container of a full id, as it is recorded. Errors: ENOENT if there is none. */
int record_load(const struct engine *engine, const char *id, struct container *container,
		struct error *err);

/* The name in DIR/config.json; NULL if that can't be read. The caller frees it. */
char *record_name(const char *dir);

/* Reads the config again: rename, update and network connect change it while it runs. */
int record_reload_config(const struct engine *engine, struct container *container,
			 struct error *err);

/* Begins a change of the config: takes the lock of the engine, so that two changes at once do not lose one
 * another, and reads the config again. Returns the lock; closing it ends the change.
 * Errors: ENOENT if the container was removed. */
int record_begin_change(const struct engine *engine, struct container *container,
			struct error *err);

/* When a process started, in clock ticks after boot; 0 if there is none. With the pid it names a
 * process for ever. proc_pid_stat(5) */
uint64_t record_pid_start(pid_t pid);

/* A code of its own: EWOULDBLOCK is also what clone(2) says when there is no room for a process. */
#define RECORD_LOCKED 5300

/* Locks RUN/ID/monitor, which it makes. Returns the descriptor that holds the lock.
 * Errors: RECORD_LOCKED if a monitor holds it. flock(2) */
int record_lock_monitor(const struct engine *engine, const struct container *container,
			struct error *err);

/* Whether somebody holds that lock. */
bool record_monitor_lives(const struct engine *engine, const struct container *container);

/* Brings a container whose monitor was killed (or that a reboot ended), while it ran, started or ended,
 * up to the truth: what is left of it is ended, its cgroup and address are given back, and one that
 * ran is recorded as exited with 137; it is removed if it is auto_remove. Does nothing if the monitor
 * lives; where nothing can be written, only *container says so.
 * Errors: ENOENT if it was removed meanwhile. */
int record_repair(const struct engine *engine, struct container *container, struct error *err);

#endif
