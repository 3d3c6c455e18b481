/*
 * What a monitor and its clients say to each other, over SOCK_SEQPACKET sockets.
 *
 *	monitor -> client   STARTED, or FAILED with a struct error: to the client that started it
 *	                    OUTPUT with the stream and up to 16 KiB, any number of times
 *	                    TAKEN: the INPUT before is with the container
 *	                    EXITED with the exit status, when all is recorded and given back
 *	client -> monitor   INPUT with up to 16 KiB, and then none before TAKEN: so that what comes
 *	                    behind it never has to wait for a container that does not read
 *	                    INPUT_EOF
 *	                    RESIZE with a struct winsize
 *	                    SIGNAL with a number, for the container's first process
 *
 * A client that goes away has detached: the container goes on.
 */
#ifndef ATTACH_H
#define ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define ATTACH_DATA_MAX 16384

/* A code of attach_run: the user has typed the detach keys. */
#define ATTACH_DETACHED 5201

enum frame_type {
	FRAME_STARTED = 1,
	FRAME_FAILED,
	FRAME_OUTPUT,
	FRAME_TAKEN,
	FRAME_EXITED,
	FRAME_INPUT,
	FRAME_INPUT_EOF,
	FRAME_RESIZE,
	FRAME_SIGNAL,
};

struct frame {
	uint32_t type;
	int32_t value;	 /* OUTPUT: 1 or 2; EXITED: the status; SIGNAL: the number */
	uint32_t length; /* of data */
	char data[ATTACH_DATA_MAX];
};

/* What of the container a client wants. */
struct attach_options {
	bool input;		 /* it gets our standard input */
	bool output, errors;	 /* we get its standard output, and error */
	bool terminal;		 /* it has one: ours is raw, and its size is passed on */
	bool proxy;		 /* it gets our signals; they end us otherwise */
	const char *detach_keys; /* with a terminal: the bytes that end us; NULL: none */
};

/* Sends a frame whole; `flags` as for send(2). Errors: EPIPE if the other side is gone; EAGAIN with
 * MSG_DONTWAIT when its buffer is full. */
int attach_send(int socket, const struct frame *frame, int flags, struct error *err);

/* Receives a frame; waits for it. Returns 1, or 0 if the other side is gone. */
int attach_receive(int socket, struct frame *frame, struct error *err);

/* Reads "ctrl-p,ctrl-q" or "a,b" as the bytes that these keys send. The caller frees *bytes.
 * Errors: EINVAL. */
int attach_detach_keys(const char *keys, char **bytes, struct error *err);

/* Passes streams and signals between us and a container, until it ends. All signals must be blocked.
 * *status is its exit status. Closes the socket. Errors: EPIPE if the monitor was killed;
 * ATTACH_DETACHED. */
int attach_run(int socket, const struct attach_options *options, int *status, struct error *err);

#endif
