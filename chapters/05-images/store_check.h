/*
 * Whether the image store is what it should be: `system check`.
 */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include <stddef.h>

#include "error.h"
#include "text.h"

struct store_check {
	struct strings findings; /* a line each; none: the store is sound */
	size_t blobs, layers, references;
};

/* Hashes every blob, and follows every name to its manifest, config, layers. Changes nothing. What
 * an unpacked layer holds is not compared with its archive. The caller holds the lock, and releases
 * *check. Errors: EIO and others if the store can't be read; a finding is no error. */
int store_check(const char *root, struct store_check *check, struct error *err);

void store_check_release(struct store_check *check);
#define AUTO_STORE_CHECK CLEANUP(store_check_release)

#endif
