/*
 * docker save: images as one archive, an OCI layout with Docker's own manifest.json beside it, whose
 * paths lead into the layout.
 */
#ifndef IMAGE_SAVE_H
#define IMAGE_SAVE_H

#include "error.h"
#include "text.h"

/* Writes the images that the names mean to output_fd: a name without a tag means all of its tags.
 * Blobs are as they were received, so digests stay. Errors: ENOENT "No such image: …"; EIO. */
int image_save(const char *root, const struct strings *names, int output_fd, struct error *err);

#endif
