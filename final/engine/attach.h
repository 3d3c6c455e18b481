/*
 * What a monitor and its client say to each other, over a SOCK_SEQPACKET socket.
 *
 *	monitor -> client   STARTED, or FAILED with a struct error
 *	                    OUTPUT with the stream and up to 16 KiB, any number of times
 *	                    EXITED with the exit status, when all is recorded and given back
 *	client -> monitor   SIGNAL with a number, for the container's first process
 */
#ifndef ATTACH_H
#define ATTACH_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define ATTACH_DATA_MAX 16384

enum frame_type { FRAME_STARTED = 1, FRAME_FAILED, FRAME_OUTPUT, FRAME_EXITED, FRAME_SIGNAL };

struct frame {
	uint32_t type;
	int32_t value;	 /* OUTPUT: 1 or 2; EXITED: the status; SIGNAL: the number */
	uint32_t length; /* of data */
	char data[ATTACH_DATA_MAX];
};

/* Sends a frame whole; `flags` as for send(2). Errors: EPIPE if the other side is gone; EAGAIN with
 * MSG_DONTWAIT when its buffer is full. */
int attach_send(int socket, const struct frame *frame, int flags, struct error *err);

/* Receives a frame; waits for it. Returns 1, or 0 if the other side is gone. */
int attach_receive(int socket, struct frame *frame, struct error *err);

/* Passes output of the container to our standard output and error, and our signals to it, until it
 * ends. *status is its exit status. Closes the socket. Errors: EPIPE if the monitor was killed. */
int attach_run(int socket, int *status, struct error *err);

#endif
