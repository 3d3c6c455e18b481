/*
 * Healthchecks: how to find out whether what a container runs is well. An image may bring one.
 */
#ifndef HEALTHCHECK_H
#define HEALTHCHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "json.h"
#include "text.h"

/* Zeroed: nothing is said about it. A time of 0 is the usual one. */
struct healthcheck {
	/* {"NONE"}; {"CMD", argv…}; {"CMD-SHELL", a line for /bin/sh -c} */
	struct strings test;
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns;
	uint64_t retries;
};

/* Reads it in the form that image configs have; `object` may be NULL: then nothing is said. The caller
 * releases *check, also after a failure. Errors: EINVAL, naming the field. */
int healthcheck_read(const cJSON *object, struct healthcheck *check, struct error *err);

/* Adds it to `object` as "Healthcheck" in that form, if anything is said. */
void healthcheck_add(cJSON *object, const struct healthcheck *check);

/* Fills what *check does not say from the image's. */
void healthcheck_complete(struct healthcheck *check, const struct healthcheck *image);

/* Whether each time is 0, or from a millisecond, Docker's least, to what healthcheck_read takes. */
int healthcheck_check(const struct healthcheck *check, struct error *err);

/* Whether there is a command to run. */
bool healthcheck_is_wanted(const struct healthcheck *check);

void healthcheck_release(struct healthcheck *check);

#endif
