/*
 * Removing what is not used: containers, networks, volumes and images, each in the file of its kind.
 */
#ifndef PRUNE_H
#define PRUNE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "error.h"
#include "text.h"

/* What has been removed, a list after the other, as Docker words it. The caller releases the text. */
struct pruned {
	struct text text;
	uint64_t bytes;
	bool damaged; /* something could not be read, stays, and has been said */
};

/* Asks, after "WARNING! This will removeWHAT": " all …", or ":" and a list. */
bool prune_is_confirmed(const char *what);

/* Prints all of it, and what it took on the disk. */
void pruned_print(const struct pruned *pruned);

/* Removes the containers that do not run and fit the filters label, label! and until. */
int prune_containers(const struct engine *engine, const struct strings *filters,
		     struct pruned *pruned, struct error *err);

/* Removes the networks that no container is to be in, and that fit the same filters. */
int prune_networks(const struct engine *engine, const struct strings *filters,
		   struct pruned *pruned, struct error *err);

/* Removes the images that no container uses and that have no tag, or with `all` those too that have
 * one. */
int prune_images(const struct engine *engine, bool all, struct pruned *pruned, struct error *err);

/* Removes the volumes without a name of their own that no container uses. */
int prune_volumes(const struct engine *engine, struct pruned *pruned, struct error *err);

#endif
