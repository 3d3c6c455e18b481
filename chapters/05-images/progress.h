/*
 * What a pull says while it goes on, in Docker's words: a line for each step, or, on a terminal, a
 * line for each layer, which is drawn anew.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "reference.h"
#include "text.h"

/* Where the lines go; -1 for nowhere. A reader that has gone is no error: the pull goes on. */
struct progress {
	int fd;
	struct strings *layers; /* those that have a line on the terminal; NULL: none is there */
	unsigned int columns;	/* of the terminal */
};

/* Prepares for a terminal if `fd` is one. `layers` is empty, and stays the caller's. ioctl_tty(2) */
struct progress progress_to(int fd, struct strings *layers);

/* "latest: Pulling from library/alpine" */
void progress_begin(const struct progress *progress, const struct reference *reference);

/* "4abcf2066143: Pull complete", from a digest. */
void progress_layer(const struct progress *progress, const char *digest, const char *state);

/* "4abcf2066143: Downloading [==>      ]  1.2MB/3.4MB", on a terminal only. */
void progress_bytes(const struct progress *progress, const char *digest, uint64_t bytes,
		    uint64_t most);

/* "Digest: sha256:…" and "Status: Downloaded newer image for alpine:latest". */
void progress_end(const struct progress *progress, const struct reference *reference,
		  const char *digest, bool is_new);

#endif
