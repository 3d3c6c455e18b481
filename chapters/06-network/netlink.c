/* Netlink by libmnl, which counts lengths and paddings; see netlink.h. */
#include "netlink.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

/* An answer of type NLMSG_ERROR: 0 is the acknowledgement; else errno, perhaps with a text. */
static int read_error(const struct nlmsghdr *answer, void *context)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(answer);
	struct netlink *netlink = context;
	size_t offset = sizeof(*error);
	const struct nlattr *attribute;

	if (mnl_nlmsg_get_payload_len(answer) < sizeof(*error)) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	if (error->error == 0)
		return MNL_CB_STOP;
	if (!(answer->nlmsg_flags & NLM_F_CAPPED))
		offset += mnl_nlmsg_get_payload_len(&error->msg);
	if (answer->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_for_each(attribute, answer,
				  offset) if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG)
			snprintf(netlink->reason, sizeof(netlink->reason), "%s",
				 mnl_attr_get_str(attribute));
	errno = -error->error;
	return MNL_CB_ERROR;
}

/* libmnl hands its one context to all callbacks; ours needs the socket, the caller's its own. */
struct asking {
	struct netlink *netlink;
	mnl_cb_t each;
	void *context;
};

static int on_error(const struct nlmsghdr *answer, void *data)
{
	const struct asking *asking = data;

	return read_error(answer, asking->netlink);
}

static int on_message(const struct nlmsghdr *answer, void *data)
{
	const struct asking *asking = data;

	return asking->each ? asking->each(answer, asking->context) : MNL_CB_OK;
}

int netlink_open(struct netlink *netlink, int protocol, struct error *err)
{
	int on = 1;

	*netlink = (struct netlink){.socket = mnl_socket_open2(protocol, SOCK_CLOEXEC)};
	if (!netlink->socket || mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		error_sys(err, "open a netlink socket");
		netlink_release(netlink);
		return -1;
	}
	/* Explanations, and no copy of our own message in them. An old kernel does without. */
	mnl_socket_setsockopt(netlink->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(netlink->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

void netlink_release(struct netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

struct nlmsghdr *netlink_message(struct netlink *netlink, char *buffer, int type, int flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = (uint16_t)type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = ++netlink->sequence;
	return message;
}

int netlink_ask(struct netlink *netlink, struct nlmsghdr *message, mnl_cb_t each, void *context)
{
	mnl_cb_t control[NLMSG_ERROR + 1] = {[NLMSG_ERROR] = on_error};
	struct asking asking = {netlink, each, context};
	unsigned port = mnl_socket_get_portid(netlink->socket);
	char answer[16384];
	int result = MNL_CB_OK;

	*netlink->reason = '\0';
	if (mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) < 0)
		return -1;
	while (result > MNL_CB_STOP) {
		ssize_t length = mnl_socket_recvfrom(netlink->socket, answer, sizeof(answer));

		if (length < 0)
			return -1;
		result = mnl_cb_run2(answer, (size_t)length, message->nlmsg_seq, port, on_message,
				     &asking, control, ARRAY_LENGTH(control));
	}
	return result;
}

int netlink_failed(const struct netlink *netlink, struct error *err)
{
	if (*netlink->reason)
		error_hint(err, err->code, "the kernel says: %s", netlink->reason);
	return -1;
}
