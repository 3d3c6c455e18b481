/* Messages between parent and child; see channel.h. */
#include "channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"

/* Room for one descriptor that travels with a message. unix(7), SCM_RIGHTS; cmsg(3) */
union passenger {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

int channel_open(int *ours, int *theirs, struct error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_sys(err, "make a socket pair");
	*ours = pair[0];
	*theirs = pair[1];
	return 0;
}

int channel_send(int channel, const struct message *message, struct error *err)
{
	struct iovec body = {(void *)message, sizeof(*message)};
	struct msghdr envelope = {.msg_iov = &body, .msg_iovlen = 1};
	union passenger passenger = {0};

	if (message->type == MESSAGE_TERMINAL) {
		passenger.header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(&passenger.header), &message->fd, sizeof(int));
		envelope.msg_control = &passenger;
		envelope.msg_controllen = sizeof(passenger);
	}
	if (sendmsg(channel, &envelope, MSG_NOSIGNAL) != sizeof(*message))
		return error_sys(err, "send message %d between parent and child", message->type);
	return 0;
}

int channel_receive(int channel, struct message *message, struct error *err)
{
	struct iovec body = {message, sizeof(*message)};
	union passenger passenger = {0};
	struct msghdr envelope = {.msg_iov = &body,
				  .msg_iovlen = 1,
				  .msg_control = &passenger,
				  .msg_controllen = CMSG_LEN(sizeof(int))};
	struct error said;
	ssize_t count;

	do
		count = recvmsg(channel, &envelope, MSG_CMSG_CLOEXEC);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return error_sys(err, "receive a message between parent and child");
	if (count != 0 && count != sizeof(*message))
		return error_set(err, EPROTO, "receive a message between parent and child: short");
	/* The number that the sender had is nothing here. */
	message->fd = -1;
	if (count == 0)
		return 0;
	if (CMSG_FIRSTHDR(&envelope))
		memcpy(&message->fd, CMSG_DATA(CMSG_FIRSTHDR(&envelope)), sizeof(int));
	if (message->type != MESSAGE_TERMINAL)
		cleanup_fd(&message->fd);
	/* The sender may be the container's by now: whatever its bytes are, this is a line of text. */
	said = message->err;
	error_set(&message->err, said.code, "%.*s", (int)sizeof(said.text), said.text);
	return 1;
}
