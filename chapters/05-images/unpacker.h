/*
 * The unpacker: four locked-up processes in a row that turn one layer into a directory.
 *
 *	          as received              archive              archive
 *	input ──> keeper ───────> decoder ────────> witness ────────> unpacker ──> staging directory
 *	            │                                  │
 *	            └─> blob, its digest               └─> diff_id
 *
 * Decoder and unpacker parse what strangers write, so a layer may take them over. Neither is asked
 * what it has read: the keeper and the witness hash the bytes that pass, and parse none of them.
 */
#ifndef UNPACKER_H
#define UNPACKER_H

#include "error.h"
#include "layer.h"
#include "worker.h"

#define UNPACKER_STAGES 4

/* Zeroed: none. */
struct unpacker {
	struct worker workers[UNPACKER_STAGES];
	/* Write the layer here, as received. Whoever hands it to another process closes it, and then
	 * makes it 0 or -1. Other unpackers don't inherit it. */
	int input_fd;
};

/* Starts an unpacker that fills the empty directory staging_dir, and writes the bytes that it gets
 * to blob_fd as they are; turns_fd is that of compression.h. A write to input_fd that fails with
 * EPIPE means that it has given up: unpacker_finish then tells why. The caller must ignore SIGPIPE.
 * Errors: EPERM without root. unshare(2), chroot(2), capabilities(7) */
int unpacker_start(struct unpacker *unpacker, int blob_fd, int turns_fd, const char *staging_dir,
		   struct error *err);

/* Readable when it has ended, however it did. It stays the unpacker's. */
int unpacker_channel(const struct unpacker *unpacker);

/* Ends the input, waits for the answers, and releases the unpacker, whatever they are. The digests
 * of *result are true of the blob and of the archive that the directory was made of.
 * Errors: those of layer_unpack and compression_next; ECHILD if one of them was killed. */
int unpacker_finish(struct unpacker *unpacker, struct layer_result *result, struct error *err);

/* Kills what still runs. */
void unpacker_release(struct unpacker *unpacker);
#define AUTO_UNPACKER CLEANUP(unpacker_release)

#endif
