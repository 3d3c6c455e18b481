/*
 * Credential helpers: programs that keep passwords where they are safe, in a key ring or a vault.
 * docker-credential-helpers' protocol: a verb as argument, the rest through standard input and output.
 */
#ifndef CREDENTIAL_HELPER_H
#define CREDENTIAL_HELPER_H

#include "error.h"
#include "text.h"

/* Runs "docker-credential-NAME VERB" (get, store, erase), found by $PATH, gives it `input` and adds
 * what it prints to *output. Errors: ENOENT for no such program; EIO if it fails, with its words;
 * EFBIG. */
int credential_helper_run(const char *name, const char *verb, const char *input,
			  struct text *output, struct error *err);

#endif
