/*
 * The environment of a container: a few names of Docker's, then the image's, then the user's.
 */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include "text.h"

/* Sets "NAME=value" in the list: it takes the place of an entry of the same name. A bare "NAME"
 * takes that entry away, as in Docker. */
void environment_set(struct strings *env, const char *entry);

/* The value of a name, or NULL. It is the list's own. */
const char *environment_get(const struct strings *env, const char *name);

/* Builds PATH, HOSTNAME (unless `hostname` is NULL), then `image`, then `user`; the later entry of
 * a name counts. The caller releases *env, which must be empty before. */
void environment_build(const char *hostname, const struct strings *image,
		       const struct strings *user, struct strings *env);

#endif
