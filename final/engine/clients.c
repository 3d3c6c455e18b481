/* The clients of a monitor; see clients.h. */
#include "clients.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is kept for a client that is alone, and for one of several. */
#define QUEUE_ALONE_BYTES (256 << 10)
#define QUEUE_MOST_BYTES (16 << 20)

static size_t behind(const struct attached_client *client)
{
	return client->queue.length - client->sent;
}

static void drop(struct clients *clients, size_t i)
{
	clients->first_left = clients->first_left || clients->items[i].first;
	close(clients->items[i].socket);
	text_release(&clients->items[i].queue);
	clients->items[i] = clients->items[--clients->count];
}

static size_t frame_size(const struct frame *frame)
{
	return offsetof(struct frame, data) + frame->length;
}

/* Sends frames until there are no more, or no more are taken. Returns -1 if nobody is there. */
static int flush(struct attached_client *client)
{
	while (behind(client) > 0) {
		struct frame frame;
		struct error err;

		memcpy(&frame, client->queue.data + client->sent, offsetof(struct frame, data));
		memcpy(frame.data, client->queue.data + client->sent + offsetof(struct frame, data),
		       frame.length);
		if (attach_send(client->socket, &frame, MSG_DONTWAIT, &err) < 0)
			return err.code == EAGAIN ? 0 : -1;
		client->sent += frame_size(&frame);
	}
	client->queue.length = client->sent = 0;
	return 0;
}

/* What was sent makes room, now and then: moving it each time would cost more. */
static void compact(struct attached_client *client)
{
	if (client->sent == 0 || client->sent < client->queue.length / 2)
		return;
	memmove(client->queue.data, client->queue.data + client->sent, behind(client));
	client->queue.length -= client->sent;
	client->sent = 0;
}

void clients_add(struct clients *clients, int socket, bool first)
{
	if (clients->count == CLIENTS_MAX)
		close(socket);
	else
		clients->items[clients->count++] =
			(struct attached_client){.socket = socket, .first = first};
}

bool clients_have_room(const struct clients *clients)
{
	return clients->count != 1 || behind(&clients->items[0]) < QUEUE_ALONE_BYTES;
}

bool clients_are_behind(const struct clients *clients)
{
	for (size_t i = 0; i < clients->count; i++)
		if (behind(&clients->items[i]) > 0)
			return true;
	return false;
}

void clients_send(struct clients *clients, const struct frame *frame)
{
	for (size_t i = clients->count; i-- > 0;) {
		struct attached_client *client = &clients->items[i];

		compact(client);
		text_add(&client->queue, frame, frame_size(frame));
		if (flush(client) < 0 || behind(client) > QUEUE_MOST_BYTES)
			drop(clients, i);
	}
}

void clients_acknowledge(struct clients *clients)
{
	struct frame frame = {.type = FRAME_TAKEN};

	for (size_t i = 0; i < clients->count; i++) {
		struct attached_client *client = &clients->items[i];

		if (!client->typing)
			continue;
		client->typing = false;
		text_add(&client->queue, &frame, frame_size(&frame));
	}
}

void clients_expect(const struct clients *clients, struct pollfd *fds)
{
	for (size_t i = 0; i < clients->count; i++) {
		const struct attached_client *client = &clients->items[i];

		fds[i] = (struct pollfd){.fd = client->socket,
					 .events = behind(client) ? POLLIN | POLLOUT : POLLIN};
	}
}

int clients_turn(struct clients *clients, size_t i, short events, struct frame *frame)
{
	struct attached_client *client = &clients->items[i];
	struct error err;

	if ((events & POLLOUT) && flush(client) < 0) {
		drop(clients, i);
		return -1;
	}
	if (!(events & (POLLIN | POLLHUP | POLLERR)))
		return 0;
	if (attach_receive(client->socket, frame, &err) <= 0) {
		drop(clients, i);
		return -1;
	}
	client->typing = client->typing || frame->type == FRAME_INPUT;
	return 1;
}
