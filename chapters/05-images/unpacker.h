/*
 * The unpacker: a process that turns one layer into a directory, and can do nothing else.
 *
 * What it reads is written by strangers, so it has no network, sees nothing of the file system but
 * the staging directory, which is its root, and keeps only those capabilities that making files
 * needs. The bytes come through a pipe; it answers once, with the result or with its error.
 */
#ifndef UNPACKER_H
#define UNPACKER_H

#include <sys/types.h>

#include "error.h"
#include "layer.h"

/* Zeroed: none. */
struct unpacker {
	pid_t pid;
	/* Write the layer here, as received. Whoever hands it to another process closes it, and then
	 * makes it 0 or -1. Other unpackers don't inherit it. */
	int input_fd;
	int channel; /* its answer comes here; readable when it has ended */
};

/* Starts an unpacker that fills the empty directory staging_dir, and writes the bytes that it gets
 * to blob_fd as they are. A write to input_fd that fails with EPIPE means that it has given up:
 * unpacker_finish then tells why. The caller must ignore SIGPIPE.
 * Errors: EPERM without root. unshare(2), chroot(2), capabilities(7) */
int unpacker_start(struct unpacker *unpacker, int blob_fd, const char *staging_dir,
		   struct error *err);

/* Ends the input, waits for the answer, and releases the unpacker, whatever the answer is.
 * Errors: those of layer_unpack; ECHILD if the unpacker was killed. */
int unpacker_finish(struct unpacker *unpacker, struct layer_result *result, struct error *err);

/* Kills the unpacker if it still runs. */
void unpacker_release(struct unpacker *unpacker);
#define AUTO_UNPACKER CLEANUP(unpacker_release)

#endif
