/*
 * SHA-256 digests as "sha256:" and 64 lower-case hexadecimal digits, by OpenSSL.
 *
 * Only writers link this. A reader trusts the store: whatever is present is correct.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "error.h"

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

/* Copies all of input_fd to each output, and tells the digest and the number of the bytes that were
 * written. They are read once, into memory that nobody else has: tee(2) would copy less, but whoever
 * had written them could change them after they were hashed. vmsplice(2) */
struct digested {
	char text[DIGEST_SIZE];
	uint64_t bytes;
};
int digest_copy(int input_fd, const int *output_fds, size_t output_count, struct digested *digested,
		struct error *err);

void digest_release(struct digest *digest);
#define AUTO_DIGEST CLEANUP(digest_release)

#endif
