/*
 * A relay: bytes pass from some descriptors to others, and a slow one never holds up the rest.
 *
 * Each lane reads when its buffer is empty and writes when it is not, and only what poll(2) has said
 * can be done at once: descriptors that we share with our caller stay as they are, blocking.
 */
#ifndef RELAY_H
#define RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/* What a pipe takes at once when it is writable at all: PIPE_BUF. pipe(7) */
#define RELAY_PIECE 4096
#define RELAY_LANES_MAX 3
#define RELAY_FDS (2 * RELAY_LANES_MAX)

struct relay_lane {
	int from, to;  /* -1: at its end */
	bool close_to; /* so that the reader there sees the end too */
	char piece[RELAY_PIECE];
	size_t done, length; /* of the piece */
};

/* Zeroed: nothing passes. */
struct relay {
	size_t count;
	struct relay_lane lanes[RELAY_LANES_MAX];
	/* Sees what comes from standard input, half a piece at most, and may change it. It returns
	 * true, and then `left` is set, when the user wants to leave. NULL: nobody looks. */
	bool (*watch)(void *context, char piece[RELAY_PIECE], size_t *length);
	void *context;
	bool left;
};

/* Adds a lane. `from` is the relay's own unless it is a standard stream, and so is `to` with
 * `close_to`: they are closed at the end of either. */
void relay_add(struct relay *relay, int from, int to, bool close_to);

/* Fills in what to wait for. */
void relay_expect(const struct relay *relay, struct pollfd fds[RELAY_FDS]);

/* Does what has become possible. */
void relay_move(struct relay *relay, const struct pollfd fds[RELAY_FDS]);

/* Passes on what is still there at the other end of each lane that leads out, to a standard stream;
 * then ends all. */
void relay_finish(struct relay *relay);

#endif
