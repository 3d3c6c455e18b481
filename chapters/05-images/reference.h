/*
 * Image references: "alpine", "ghcr.io/owner/name:tag", "host:5000/name@sha256:…".
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdbool.h>

#include "cleanup.h"
#include "error.h"

/* All fields are set, but tag or digest, one of which may be NULL. */
struct reference {
	char *domain;	/* "docker.io", "127.0.0.1:5000" */
	char *path;	/* "library/alpine" */
	char *tag;	/* "latest" if neither was given; NULL with a digest */
	char *digest;	/* "sha256:…" */
	char *familiar; /* the name as Docker shows it: without docker.io/, library/ and tag */
};

/* Parses a reference and completes it as Docker does. The caller releases *reference.
 * Errors: EINVAL, with Docker's words: "invalid reference format: …". */
int reference_parse(const char *text, struct reference *reference, struct error *err);

/* The host that serves the registry API: registry-1.docker.io for docker.io. */
const char *reference_api_host(const struct reference *reference);

/* The reference with its tag or digest: "docker.io/library/alpine:latest", or familiar:
 * "alpine:latest". The caller frees it. */
char *reference_canonical_text(const struct reference *reference);
char *reference_familiar_text(const struct reference *reference);

/* Whether it is "sha256:" and 64 digits of lower-case hexadecimal, and so safe as a file name. */
bool reference_is_digest(const char *text);

void reference_release(struct reference *reference);
#define AUTO_REFERENCE CLEANUP(reference_release)

#endif
