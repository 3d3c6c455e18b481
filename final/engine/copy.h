/*
 * Copies between containers and the host: docker cp.
 */
#ifndef COPY_H
#define COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "container.h"
#include "engine.h"
#include "error.h"

struct copy_request {
	const struct engine *engine;
	const struct container *container;
	const char *inside;	/* path in the container */
	const char *outside;	/* path on the host; NULL: an archive on `archive_fd` */
	const char *asked_name; /* of the container, for errors */
	int archive_fd;
	bool into;    /* to the container */
	bool to_user; /* what is copied into the container belongs to its user */
	bool follow;  /* a link that is the source */
};

/* Copies a file or a tree, by the rules of cp(1) that Docker has: into a directory that is there,
 * or as what the destination says. Links of the container never lead out of it. What is copied in keeps
 * its owner; what is copied out is the caller's, and neither setuid nor setgid, unless it was his. *bytes is
 * what was copied, as an archive takes it.
 * Errors: ENOENT, ENOTDIR, EISDIR, EROFS with Docker's words; those of the calls. */
int copy_run(const struct copy_request *request, uint64_t *bytes, struct error *err);

#endif
