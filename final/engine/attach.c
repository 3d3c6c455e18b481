/* The client's side of a monitor; see attach.h. */
#include "attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "forwarding.h"

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

	do
		count = recv(socket, frame, sizeof(*frame), 0);
	while (count < 0 && errno == EINTR);
	if (count == 0 || (count < 0 && errno == ECONNRESET))
		return 0;
	if (count < 0)
		return error_sys(err, "receive a message between monitor and client");
	if ((size_t)count < offsetof(struct frame, data) ||
	    (size_t)count != offsetof(struct frame, data) + frame->length)
		return error_set(err, EPROTO,
				 "receive a message between monitor and client: cut short");
	return 1;
}

static int forward_signal(int socket, int signals, struct error *err)
{
	struct frame frame = {.type = FRAME_SIGNAL};
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return error_sys(err, "read a signal");
	frame.value = (int32_t)info.ssi_signo;
	if (!forwarding_includes(frame.value))
		return 0;
	/* EPIPE: it has just ended, and the next frame says how. */
	return attach_send(socket, &frame, 0, err) < 0 && err->code != EPIPE ? -1 : 0;
}

/* Handles one frame of the monitor. Returns 1 when it was the last. */
static int handle_frame(int socket, int *status, struct error *err)
{
	struct frame frame;
	int got = attach_receive(socket, &frame, err);

	if (got < 0)
		return -1;
	if (got == 0)
		return error_set(err, EPIPE, "the container's monitor was killed");
	if (frame.type == FRAME_OUTPUT &&
	    file_write_all(frame.value == 2 ? STDERR_FILENO : STDOUT_FILENO, frame.data,
			   frame.length, frame.value == 2 ? "standard error" : "standard output",
			   err) < 0)
		return -1;
	if (frame.type != FRAME_EXITED)
		return 0;
	*status = frame.value;
	return 1;
}

int attach_run(int socket, int *status, struct error *err)
{
	AUTO_CLOSE int connection = socket, signals = -1;
	sigset_t blocked;
	int done = 0;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	signals = signalfd(-1, &blocked, SFD_CLOEXEC);
	if (signals < 0)
		return error_sys(err, "receive signals by a descriptor");
	while (done == 0) {
		struct pollfd fds[] = {{.fd = connection, .events = POLLIN},
				       {.fd = signals, .events = POLLIN}};

		if (poll(fds, ARRAY_LENGTH(fds), -1) < 0 && errno != EINTR)
			return error_sys(err, "wait for the container or a signal");
		if (fds[1].revents && forward_signal(connection, signals, err) < 0)
			return -1;
		if (fds[0].revents)
			done = handle_frame(connection, status, err);
	}
	return done < 0 ? -1 : 0;
}
