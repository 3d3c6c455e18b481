/*
 * Visits: somebody outside works on the files of a container, as the container sees them.
 *
 * Of a container that runs, they are entered by its first process. For one that does not, and for
 * an image, they are mounted in a mount namespace that a child of ours has for itself, for as long
 * as the visit takes: nothing of it can be seen, or be left, on the host.
 */
#ifndef VISIT_H
#define VISIT_H

#include "container.h"
#include "engine.h"
#include "error.h"
#include "text.h"

struct visitor {
	/* Works on the files below the open directory. It may run in a child process, from which
	 * only its error comes back. */
	int (*act)(void *context, int root_fd, struct error *err);
	void *context;
};

/* Lets the visitor work on the files of a container, with its volumes. */
int visit_container(const struct engine *engine, const struct container *container,
		    const struct visitor *visitor, struct error *err);

/* The same for layers, bottom first, that can only be read. */
int visit_layers(const struct engine *engine, const struct strings *layers,
		 const struct visitor *visitor, struct error *err);

#endif
