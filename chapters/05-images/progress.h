/*
 * What a pull says while it goes on, in Docker's lines.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "reference.h"

/* Where the lines go; -1 for nowhere. A reader that has gone is no error: the pull goes on. */
struct progress {
	int fd;
};

/* "latest: Pulling from library/alpine" */
void progress_begin(const struct progress *progress, const struct reference *reference);

/* "4abcf2066143: Pull complete", from a digest. */
void progress_layer(const struct progress *progress, const char *digest, const char *state);

/* "Digest: sha256:…" and "Status: Downloaded newer image for alpine:latest". */
void progress_end(const struct progress *progress, const struct reference *reference,
		  const char *digest, bool is_new);

#endif
