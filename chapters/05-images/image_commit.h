/*
 * docker commit: an image, one more layer, and what is to run now.
 */
#ifndef IMAGE_COMMIT_H
#define IMAGE_COMMIT_H

#include "digest.h"
#include "error.h"
#include "text.h"

struct commit_request {
	const char *root;
	const char *name; /* NULL: it gets none */
	const char *base; /* the id of the image below */
	/* A JSON object: "config" takes the place of the base's fields of the same names, null takes
	 * them away; "author"; "created_by", for the history. */
	const char *overrides;
	const char *message;	       /* for the history */
	const struct strings *changes; /* lines as of a Dockerfile, applied last */
	int input_fd;		       /* the layer: a tar archive with whiteouts */
};

/* Makes the image, and writes its id. Errors: ENOENT for the base; EINVAL for a change that is none;
 * as of layer_unpack. */
int image_commit(const struct commit_request *request, char id[DIGEST_SIZE], struct error *err);

#endif
