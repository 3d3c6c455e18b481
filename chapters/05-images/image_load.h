/*
 * docker load: images from an archive, an OCI layout or what older dockers save, compressed or not.
 */
#ifndef IMAGE_LOAD_H
#define IMAGE_LOAD_H

#include "error.h"
#include "text.h"

struct load_request {
	const char *root;
	const char *platform; /* of several in an index; NULL: this machine's */
	int input_fd;	      /* the archive; a pipe will do */
};

/* Reads the archive to its end and adds its images to the store. A line for each name is added to
 * *loaded: "Loaded image: busybox:latest", "Loaded image ID: sha256:…" for one without a name.
 * The archive is a stranger's: it is unpacked by the unpacker, and every digest is compared.
 * Errors: EINVAL for what is no archive of images; EBADMSG for what is damaged; ENOSPC. */
int image_load(const struct load_request *request, struct strings *loaded, struct error *err);

#endif
