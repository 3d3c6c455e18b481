/*
 * What a parent and its new child say to each other, until the child executes its command.
 *
 * A SOCK_SEQPACKET pair: each message arrives whole, and alone. Exec closes the child's side, and so
 * does death; the parent reads the end of file, and the last message says which of the two it was.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include "error.h"

enum message_type {
	MESSAGE_RELEASED = 1, /* to the child: go on */
	MESSAGE_TERMINAL,     /* the other side of the child's terminal, a descriptor */
	MESSAGE_FAILED,	      /* and why */
	MESSAGE_EXEC,	      /* the next step is exec, of the file that err.text names */
	MESSAGE_NOT_EXECUTED, /* it failed, with the errno in err.code */
};

struct message {
	enum message_type type;
	struct error err;
	int fd; /* of MESSAGE_TERMINAL: the receiver closes it; -1 otherwise */
};

/* Makes the pair; the caller closes both. socketpair(2) */
int channel_open(int *ours, int *theirs, struct error *err);

/* Sends a message. The descriptor in it stays the caller's. Errors: EPIPE if the other side is gone. */
int channel_send(int channel, const struct message *message, struct error *err);

/* Receives one. Returns 1, or 0 at the end: nobody holds the other side any more. The text in it is a
 * terminated line without control characters, whoever sent it.
 * Errors: ECONNRESET if it was closed before it had read all. */
int channel_receive(int channel, struct message *message, struct error *err);

#endif
