/*
 * Challenges: what a server that answers 401 wants to see, from its WWW-Authenticate headers.
 * RFC 9110 section 11.6.1, RFC 6750 section 3
 */
#ifndef CHALLENGE_H
#define CHALLENGE_H

#include <stdbool.h>

#include "cleanup.h"

/* A field is NULL if the challenge doesn't have it. */
struct challenge {
	char *realm, *service, *scope, *error;
};

/* Finds the first challenge of `scheme` ("Bearer", "Basic") in the values of all such headers,
 * joined by commas. True if there is one; then the caller releases *challenge. */
bool challenge_find(const char *headers, const char *scheme, struct challenge *challenge);

void challenge_release(struct challenge *challenge);
#define AUTO_CHALLENGE CLEANUP(challenge_release)

#endif
