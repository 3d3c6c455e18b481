/* Bytes between descriptors; see relay.h. */
#include "relay.h"

#include <errno.h>
#include <unistd.h>

static void end_lane(struct relay_lane *lane)
{
	if (lane->from > STDERR_FILENO)
		close(lane->from);
	if (lane->close_to && lane->to >= 0)
		close(lane->to);
	lane->from = lane->to = -1;
	lane->done = lane->length = 0;
}

static bool is_empty(const struct relay_lane *lane)
{
	return lane->done == lane->length;
}

/* Returns false if nothing came. */
static bool read_piece(struct relay_lane *lane)
{
	/* Of a user's typing a watcher may add what it held back. */
	size_t most = sizeof(lane->piece) / (lane->from == STDIN_FILENO ? 2 : 1);
	ssize_t count = read(lane->from, lane->piece, most);

	if (count > 0) {
		lane->done = 0;
		lane->length = (size_t)count;
		return true;
	}
	/* EIO: nobody has the other end of a terminal open. */
	if (count == 0 || (errno != EINTR && errno != EAGAIN))
		end_lane(lane);
	return false;
}

/* A reader that has gone away is a lane's end: who writes into it is to know. */
static void write_piece(struct relay_lane *lane)
{
	ssize_t count = write(lane->to, lane->piece + lane->done, lane->length - lane->done);

	if (count > 0)
		lane->done += (size_t)count;
	else if (count < 0 && errno != EINTR && errno != EAGAIN)
		end_lane(lane);
}

void relay_add(struct relay *relay, int from, int to, bool close_to)
{
	struct relay_lane *lane = &relay->lanes[relay->count++];

	lane->from = from;
	lane->to = to;
	lane->close_to = close_to;
	lane->done = lane->length = 0;
}

void relay_expect(const struct relay *relay, struct pollfd fds[RELAY_FDS])
{
	for (size_t i = 0; i < RELAY_LANES_MAX; i++) {
		const struct relay_lane *lane = &relay->lanes[i];
		bool there = i < relay->count, empty = is_empty(lane);

		fds[2 * i] =
			(struct pollfd){.fd = there && empty ? lane->from : -1, .events = POLLIN};
		fds[2 * i + 1] =
			(struct pollfd){.fd = there && !empty ? lane->to : -1, .events = POLLOUT};
	}
}

void relay_move(struct relay *relay, const struct pollfd fds[RELAY_FDS])
{
	for (size_t i = 0; i < relay->count; i++) {
		struct relay_lane *lane = &relay->lanes[i];

		if (fds[2 * i].revents && read_piece(lane) && lane->from == STDIN_FILENO &&
		    relay->watch && relay->watch(relay->context, lane->piece, &lane->length))
			relay->left = true;
		if (fds[2 * i + 1].revents)
			write_piece(lane);
	}
}

/* Waits for our own reader if it is slow, but not for one who holds the other end and is silent. */
static void drain(struct relay_lane *lane)
{
	do {
		while (lane->to >= 0 && !is_empty(lane)) {
			struct pollfd reader = {.fd = lane->to, .events = POLLOUT};

			if (poll(&reader, 1, -1) > 0)
				write_piece(lane);
		}
	} while (lane->from >= 0 && read_piece(lane));
}

void relay_finish(struct relay *relay)
{
	for (size_t i = 0; i < relay->count; i++) {
		struct relay_lane *lane = &relay->lanes[i];

		if (lane->to == STDOUT_FILENO || lane->to == STDERR_FILENO)
			drain(lane);
		end_lane(lane);
	}
	relay->count = 0;
}
