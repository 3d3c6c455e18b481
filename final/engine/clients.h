/*
 * The clients of a monitor: everyone gets all output, each at its own pace.
 *
 * What a client has not read yet is kept for it. One that is alone slows the container down, as a
 * reader of a pipe would; one among several holds up nobody, and is let go when it is far behind.
 */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "attach.h"
#include "error.h"
#include "text.h"

#define CLIENTS_MAX 64

struct attached_client {
	int socket;
	struct text queue; /* frames that it has not taken yet, from `sent` on */
	size_t sent;
	bool typing; /* its INPUT is not acknowledged yet */
	bool first;  /* the one that started the container */
};

/* Zeroed: there are none. */
struct clients {
	size_t count;
	struct attached_client items[CLIENTS_MAX];
	bool first_left; /* the one that started the container has gone */
};

/* Adds one; its socket is then ours to close. With too many, it is closed at once. */
void clients_add(struct clients *clients, int socket, bool first);

/* Whether there is room for more output. */
bool clients_have_room(const struct clients *clients);

/* Whether there is anything that a client has not taken yet. */
bool clients_are_behind(const struct clients *clients);

/* Gives a frame to every client. */
void clients_send(struct clients *clients, const struct frame *frame);

/* Tells those who have sent input that it has been taken. */
void clients_acknowledge(struct clients *clients);

/* Fills in what to wait for, a descriptor for each client. */
void clients_expect(const struct clients *clients, struct pollfd *fds);

/* Sends what can be sent, and receives a frame of client i, which is left in *frame. Returns 1 for a
 * frame, 0 for none; -1 if the client is gone: the last one then has its place. */
int clients_turn(struct clients *clients, size_t i, short events, struct frame *frame);

#endif
