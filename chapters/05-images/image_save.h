/*
 * docker save: images as one archive, an OCI layout with Docker's own manifest.json beside it, whose
 * paths lead into the layout.
 */
#ifndef IMAGE_SAVE_H
#define IMAGE_SAVE_H

#include "error.h"
#include "text.h"

struct save_request {
	const char *root;
	const char *platform; /* the images must be for it; NULL: for any */
	int output_fd;
};

/* Writes the images that the names mean: a name without a tag means all of its tags. Blobs are as they
 * were received, so digests stay. Errors: ENOENT "No such image: …", or for another platform; EIO. */
int image_save(const struct save_request *request, const struct strings *names, struct error *err);

#endif
