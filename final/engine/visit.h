/*
 * Visits: somebody outside works on the files of a container, as the container sees them.
 *
 * Each takes place in a child process. Of a container that runs, the files are entered by its first
 * process. For one that does not, and for an image, they are mounted in a mount namespace that the
 * child has for itself, for as long as the visit takes: nothing of it can be seen, or be left, on the
 * host. Meanwhile the container can't be started.
 */
#ifndef VISIT_H
#define VISIT_H

#include <stdbool.h>

#include "container.h"
#include "engine.h"
#include "error.h"
#include "text.h"

struct visitor {
	/* Works on the files below the open directory. The child process that it runs in may have
	 * another root than the caller, and it may change that; only its error comes back. */
	int (*act)(void *context, int root_fd, struct error *err);
	void *context;
	bool own_only; /* only the container's own files, without what is mounted in them */
};

/* Lets the visitor work on the files of a container: its own, its volumes, and its hosts, hostname and
 * resolv.conf; not what is only in memory, as /proc, /sys, /dev and each tmpfs are. */
int visit_container(const struct engine *engine, const struct container *container,
		    const struct visitor *visitor, struct error *err);

/* The same for layers, bottom first, that can only be read. */
int visit_layers(const struct engine *engine, const struct strings *layers,
		 const struct visitor *visitor, struct error *err);

#endif
