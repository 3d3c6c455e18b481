/*
 * An image of what a container has become: docker commit.
 */
#ifndef COMMIT_H
#define COMMIT_H

#include <stdbool.h>

#include "container.h"
#include "engine.h"
#include "error.h"
#include "text.h"

struct commit {
	const char *name;	       /* of the image; "": none */
	const char *author, *message;  /* NULL: none */
	const struct strings *changes; /* lines as of a Dockerfile */
	bool pause;		       /* so that the files do not change meanwhile */
};

/* Makes an image of the container's image and the changes to its files, without what is in volumes,
 * to run what the container runs. The id goes to standard output. Errors: those of the helper;
 * EBADMSG if the files could not be read. */
int commit_container(const struct engine *engine, const struct container *container,
		     const struct commit *commit, struct error *err);

#endif
