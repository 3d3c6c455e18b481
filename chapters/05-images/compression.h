/*
 * A layer's bytes, decompressed.
 *
 * The kind of compression is told by the first bytes, as Docker does it: the media type in the
 * manifest is only a claim.
 */
#ifndef COMPRESSION_H
#define COMPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "error.h"

struct compression;
struct compression_kind; /* gzip, zstd or none: compression.c */

/* gzip by two libraries. */
extern const struct compression_kind compression_by_isal, compression_by_zlib;

/* Zeroed but for `gzip` and `turns_fd`: closed. */
struct compression {
	const struct compression_kind *gzip; /* NULL: the better one for this processor */
	/* An eventfd with EFD_SEMAPHORE that starts at 1: of all that share it, one at a time has the
	 * memory for a zstd frame that looks back further than 8 MiB. 0 or -1: nobody else has. */
	int turns_fd;
	bool looks_far;
	const struct compression_kind *kind;
	void *decoder; /* of `kind` */
	int input_fd;
	unsigned char *input, *output;
	const unsigned char *next; /* received, not yet decompressed */
	size_t left;		   /* bytes at `next` */
	bool ended;		   /* input_fd is at its end */
	bool within;		   /* a gzip member or a zstd frame has begun and not ended */
	bool padding;		   /* zeros follow the last gzip member */
	uint64_t received_bytes, plain_bytes;
};

/* Reads the first bytes of input_fd, which stays the caller's, and decides.
 * Errors: ENOTSUP for xz and bzip2; those of reading. */
int compression_open(struct compression *compression, int input_fd, struct error *err);

/* Gives the next decompressed bytes, valid until the next call; *count is 0 at the true end.
 * May wait for its turn. Errors: EBADMSG if the data is damaged or cut short; E2BIG if it expands
 * beyond all reason, or zstd looks back further than 32 MiB. */
int compression_next(struct compression *compression, const unsigned char **bytes, size_t *count,
		     struct error *err);

/* Decompresses all of input_fd to output_fd; turns_fd as above. Errors: as above; those of writing. */
int compression_copy(int input_fd, int output_fd, int turns_fd, struct error *err);

void compression_release(struct compression *compression);
#define AUTO_COMPRESSION CLEANUP(compression_release)

#endif
