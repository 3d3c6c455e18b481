/*
 * What has happened, written down by whoever did it: there is no daemon that could be asked.
 *
 *	ROOT/events.json    a JSON object a line, as Docker's API sends them; and events.json.1, the one
 *	                    before: a full file is put aside
 *
 * What has happened has happened: that it could not be written down, on a full disk, is no failure.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include <stdint.h>

#include "container.h"
#include "engine.h"
#include "error.h"
#include "json.h"
#include "rotated.h"
#include "text.h"

struct event {
	const char *type, *action, *id;	  /* "container", "start"; of what it happened to */
	const struct strings *attributes; /* "NAME=VALUE" each; of two the last counts */
};

/* Writes an event down. */
void events_add(const struct engine *engine, const struct event *event);

/* The same for a container: its labels, image and name are attributes too. `more` may be NULL. */
void events_add_container(const struct engine *engine, const struct container *container,
			  const char *action, const struct strings *more);

/* The same with one more attribute, whose value is a number. */
void events_add_number(const struct engine *engine, const struct container *container,
		       const char *action, const char *name, int value);

/* The same for an image: `name` is an attribute. */
void events_add_image(const struct engine *engine, const char *action, const char *id,
		      const char *name);

/* The same for a volume: "create", "destroy". */
void events_add_volume(const struct engine *engine, const char *action, const char *name);

/* The same for a bridge network, with the id of the container that is connected to it, or NULL. The
 * network's own id may be NULL: then it is looked up. */
void events_add_network(const struct engine *engine, const char *action, const char *name,
			const char *id, const char *container);

/* A container's life has begun, or ended after so many seconds: with what happens to its networks
 * and volumes then. */
void events_life_began(const struct engine *engine, const struct container *container);
void events_life_ended(const struct engine *engine, const struct container *container,
		       int64_t lasted_s);

/* Reads the events that are there, the oldest first, and calls `see` with each that happened from
 * `since` to `until`, in nanoseconds since 1970: the line as it is, and what it says. The reader's path
 * is ROOT/events.json; a line that is none is passed over. Returns what `see` returned if that was not
 * 0. Errors: those of rotated_read. */
struct event_reader {
	struct rotated_reader lines;
	int64_t since, until;
	int (*see)(void *context, const char *line, const cJSON *event);
	void *context;
};
int events_read(struct event_reader *reader, struct error *err);

/* When an event happened, in nanoseconds since 1970. */
int64_t events_time(const char *line);

/* ROOT/events.json. The caller frees it. */
char *events_path(const struct engine *engine);

#endif
