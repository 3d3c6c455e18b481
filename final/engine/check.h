/*
 * Whether the containers, networks and volumes of a data root are what their records say: the part of
 * `system check` that is not about images.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>

#include "engine.h"
#include "error.h"
#include "text.h"

struct check {
	const struct engine *engine;
	struct strings findings; /* a line each; none: all is sound */
	size_t containers, running, networks, volumes;
};

/* Compares records, names, cgroups, addresses, ports, volumes and mounts with each other, beside
 * commands that are at work. What belongs to a container that does not run is given back. The caller
 * sets ->engine, and releases *check. Errors: what can't be read; a finding is no error. */
int check_engine(struct check *check, struct error *err);

void check_release(struct check *check);
#define AUTO_CHECK CLEANUP(check_release)

#endif
