/* Frames, and the client's side of a monitor; see attach.h. Read attach_run first. */
#include "attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "detach_keys.h"
#include "file.h"
#include "forwarding.h"
#include "terminal.h"

int attach_send(int socket, const struct frame *frame, int flags, struct error *err)
{
	size_t size = offsetof(struct frame, data) + frame->length;

	if (send(socket, frame, size, MSG_NOSIGNAL | flags) < 0)
		return error_sys(err, "send a message between monitor and client");
	return 0;
}

int attach_receive(int socket, struct frame *frame, struct error *err)
{
	ssize_t count;

	/* ECONNRESET says once that the other side has gone without reading all of ours; what it sent
	 * before that is still to come, and then the end. */
	do
		count = recv(socket, frame, sizeof(*frame), 0);
	while (count < 0 && (errno == EINTR || errno == ECONNRESET));
	if (count == 0)
		return 0;
	if (count < 0)
		return error_sys(err, "receive a message between monitor and client");
	if ((size_t)count < offsetof(struct frame, data) ||
	    (size_t)count != offsetof(struct frame, data) + frame->length)
		return error_set(err, EPROTO,
				 "receive a message between monitor and client: cut short");
	return 1;
}

struct client {
	int socket, signals;
	const struct attach_options *options;
	struct detach_keys keys;
	bool typing; /* our input is read: it has not ended, and what was sent is taken */
	bool ended;
	int status;
};

/* EPIPE: it has just ended, and the next frame says how. */
static int send_to_monitor(const struct client *client, const struct frame *frame,
			   struct error *err)
{
	return attach_send(client->socket, frame, 0, err) < 0 && err->code != EPIPE ? -1 : 0;
}

static int send_size(const struct client *client, struct error *err)
{
	struct winsize size = terminal_size();
	struct frame frame = {.type = FRAME_RESIZE, .length = sizeof(size)};

	memcpy(frame.data, &size, sizeof(size));
	return send_to_monitor(client, &frame, err);
}

static int handle_signal(struct client *client, struct error *err)
{
	struct frame frame = {.type = FRAME_SIGNAL};
	struct signalfd_siginfo info;

	if (read(client->signals, &info, sizeof(info)) != sizeof(info))
		return error_sys(err, "read a signal");
	frame.value = (int32_t)info.ssi_signo;
	if (!forwarding_includes(frame.value))
		return 0;
	if (frame.value == SIGWINCH && client->options->terminal)
		return send_size(client, err);
	if (client->options->proxy)
		return send_to_monitor(client, &frame, err);
	if (frame.value != SIGWINCH && frame.value != SIGCONT) {
		client->ended = true;
		client->status = 128 + frame.value;
	}
	return 0;
}

/* Sends what there is of our input. An error is its end too: EIO, as the terminal is gone. */
static int pass_input(struct client *client, struct error *err)
{
	struct frame frame = {.type = FRAME_INPUT};
	char typed[ATTACH_DATA_MAX / 2];
	ssize_t count = read(STDIN_FILENO, typed, sizeof(typed));
	bool detached = false;

	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (count > 0)
		frame.length = (uint32_t)detach_keys_filter(&client->keys, typed, (size_t)count,
							    frame.data, &detached);
	if (detached)
		return error_set(err, ATTACH_DETACHED, "read escape sequence");
	if (count <= 0)
		frame.type = FRAME_INPUT_EOF;
	else if (frame.length == 0)
		return 0;
	client->typing = false;
	return send_to_monitor(client, &frame, err);
}

static int pass_output(const struct client *client, const struct frame *frame, struct error *err)
{
	bool errors = frame->value == STDERR_FILENO;

	if (!(errors ? client->options->errors : client->options->output))
		return 0;
	return file_write_all(errors ? STDERR_FILENO : STDOUT_FILENO, frame->data, frame->length,
			      errors ? "standard error" : "standard output", err);
}

static int handle_frame(struct client *client, struct error *err)
{
	struct frame frame;
	int got = attach_receive(client->socket, &frame, err);

	if (got < 0)
		return -1;
	if (got == 0)
		return error_set(err, EPIPE, "the container's monitor was killed");
	switch (frame.type) {
	case FRAME_OUTPUT: return pass_output(client, &frame, err);
	case FRAME_TAKEN: client->typing = true; break;
	case FRAME_EXITED:
		client->ended = true;
		client->status = frame.value;
		break;
	}
	return 0;
}

static int turn(struct client *client, struct error *err)
{
	struct pollfd fds[] = {{.fd = client->socket, .events = POLLIN},
			       {.fd = client->signals, .events = POLLIN},
			       {.fd = client->typing ? STDIN_FILENO : -1, .events = POLLIN}};

	if (poll(fds, ARRAY_LENGTH(fds), -1) < 0)
		return errno == EINTR ? 0 : error_sys(err, "wait for the container or a signal");
	if (fds[1].revents && handle_signal(client, err) < 0)
		return -1;
	if (fds[2].revents && pass_input(client, err) < 0)
		return -1;
	return fds[0].revents ? handle_frame(client, err) : 0;
}

int attach_run(int socket, const struct attach_options *options, int *status, struct error *err)
{
	AUTO_CLOSE int connection = socket, signals = -1;
	AUTO_RAW struct raw_terminal raw = {0};
	struct client client = {.socket = connection, .options = options, .typing = options->input};
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	signals = client.signals = signalfd(-1, &blocked, SFD_CLOEXEC);
	if (signals < 0)
		return error_sys(err, "receive signals by a descriptor");
	if (options->terminal && send_size(&client, err) < 0)
		return -1;
	if (options->terminal && options->input) {
		client.keys.keys = options->detach_keys;
		if (terminal_make_raw(STDIN_FILENO, &raw, err) < 0)
			return -1;
	}
	while (!client.ended)
		if (turn(&client, err) < 0)
			return -1;
	*status = client.status;
	return 0;
}
