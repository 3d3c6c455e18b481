/*
 * SHA-256 digests as "sha256:" and 64 lower-case hexadecimal digits, by OpenSSL.
 *
 * Only writers link this. A reader trusts the store: whatever is present is correct.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>

#include "cleanup.h"

#define DIGEST_SIZE 72 /* of the text, with its NUL */

/* Zeroed: none. */
struct digest {
	void *context;
};

/* Begins a digest of no bytes yet. If OpenSSL fails, here or later, the text in the end is none of a
 * digest, and so equals none. EVP_DigestInit(3) */
void digest_begin(struct digest *digest);
/* Adds bytes. */
void digest_add(struct digest *digest, const void *bytes, size_t count);
/* Writes the text. Nothing can be added any more. */
void digest_end(struct digest *digest, char text[DIGEST_SIZE]);

/* All three for bytes at hand. */
void digest_of(const void *bytes, size_t count, char text[DIGEST_SIZE]);

void digest_release(struct digest *digest);
#define AUTO_DIGEST CLEANUP(digest_release)

#endif
