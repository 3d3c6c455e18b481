/*
 * docker import: an image of one layer, which is an archive of a file system.
 */
#ifndef IMAGE_IMPORT_H
#define IMAGE_IMPORT_H

#include "digest.h"
#include "error.h"
#include "text.h"

struct import_request {
	const char *root;
	const char *name;	       /* NULL: it gets none */
	const char *platform;	       /* "linux/arm64"; NULL: this machine's */
	const char *message;	       /* for the history */
	const struct strings *changes; /* lines as of a Dockerfile: "CMD [\"sh\"]" */
	int input_fd;		       /* a tar archive, compressed or not */
};

/* Makes the image, and writes its id. Errors: EINVAL for a change that is none; as of layer_unpack. */
int image_import(const struct import_request *request, char id[DIGEST_SIZE], struct error *err);

#endif
