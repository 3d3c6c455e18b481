/* ctnetlink: all entries are listed, and those that are meant deleted; see conntrack.h. */
#include "conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"
#include "text.h"
#include "trace.h"

struct search {
	uint8_t protocol;
	uint16_t port;
	struct address keep;
	struct text found; /* the first tuples of what matches, one after the other */
};

/* One direction of a conversation. */
struct tuple {
	struct address from, to;
	uint8_t protocol;
	uint16_t to_port;
};

static void read_into(const struct nlattr *attribute, struct address *address)
{
	*address = (struct address){.length = mnl_attr_get_payload_len(attribute) == 16 ? 16 : 4};
	memcpy(address->bytes, mnl_attr_get_payload(attribute), address->length);
}

static int read_attribute(const struct nlattr *attribute, void *context)
{
	struct tuple *tuple = context;

	switch (mnl_attr_get_type(attribute)) {
	case CTA_IP_V4_SRC:
	case CTA_IP_V6_SRC: read_into(attribute, &tuple->from); break;
	case CTA_IP_V4_DST:
	case CTA_IP_V6_DST: read_into(attribute, &tuple->to); break;
	default: break;
	}
	return MNL_CB_OK;
}

static int read_protocol(const struct nlattr *attribute, void *context)
{
	struct tuple *tuple = context;

	switch (mnl_attr_get_type(attribute)) {
	case CTA_PROTO_NUM: tuple->protocol = mnl_attr_get_u8(attribute); break;
	case CTA_PROTO_DST_PORT: tuple->to_port = ntohs(mnl_attr_get_u16(attribute)); break;
	default: break;
	}
	return MNL_CB_OK;
}

static int read_tuple(const struct nlattr *attribute, void *context)
{
	switch (mnl_attr_get_type(attribute)) {
	case CTA_TUPLE_IP: return mnl_attr_parse_nested(attribute, read_attribute, context);
	case CTA_TUPLE_PROTO: return mnl_attr_parse_nested(attribute, read_protocol, context);
	default: return MNL_CB_OK;
	}
}

/* Whether an address is of this host: a socket can be bound to it. */
static bool is_local(struct address address)
{
	AUTO_CLOSE int fd = socket(address_family(address), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage at;
	socklen_t size = address_socket(address, 0, &at);

	return fd >= 0 && bind(fd, (struct sockaddr *)&at, size) == 0;
}

static int look(const struct nlmsghdr *answer, void *context)
{
	struct search *search = context;
	struct tuple there = {0}, back = {0};
	const struct nlattr *attribute, *first = NULL;

	mnl_attr_for_each(attribute, answer, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) == CTA_TUPLE_ORIG) {
			first = attribute;
			mnl_attr_parse_nested(attribute, read_tuple, &there);
		}
		if (mnl_attr_get_type(attribute) == CTA_TUPLE_REPLY)
			mnl_attr_parse_nested(attribute, read_tuple, &back);
	}
	if (first && there.protocol == search->protocol && there.to_port == search->port &&
	    address_compare(back.from, search->keep) != 0 && is_local(there.to))
		text_add(&search->found, first, MNL_ALIGN(first->nla_len));
	return MNL_CB_OK;
}

static struct nlmsghdr *start(struct netlink *netlink, char *buffer, struct address kind, int type,
			      int flags)
{
	struct nlmsghdr *message =
		netlink_message(netlink, buffer, NFNL_SUBSYS_CTNETLINK << 8 | type, flags);
	struct nfgenmsg *family = mnl_nlmsg_put_extra_header(message, sizeof(*family));

	family->nfgen_family = address_family(kind);
	family->version = NFNETLINK_V0;
	return message;
}

static void delete (struct netlink *netlink, struct address kind, const struct nlattr *tuple)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = start(netlink, buffer, kind, IPCTNL_MSG_CT_DELETE, NLM_F_ACK);

	mnl_attr_put(message, CTA_TUPLE_ORIG | NLA_F_NESTED, mnl_attr_get_payload_len(tuple),
		     mnl_attr_get_payload(tuple));
	netlink_ask(netlink, message, NULL, NULL);
}

void conntrack_forget(uint8_t protocol, uint16_t port, struct address keep)
{
	AUTO_NETLINK struct netlink netlink = {0};
	struct search search = {protocol, port, keep, {0}};
	char buffer[NETLINK_MESSAGE_SIZE];
	struct error unknown;
	size_t at = 0;

	if (netlink_open(&netlink, NETLINK_NETFILTER, &unknown) < 0)
		return;
	trace("conntrack -D -f ipv%d -p %s --orig-port-dst %u", keep.length == 16 ? 6 : 4,
	      protocol == IPPROTO_UDP ? "udp" : "tcp", port);
	netlink_ask(&netlink, start(&netlink, buffer, keep, IPCTNL_MSG_CT_GET, NLM_F_DUMP), look,
		    &search);
	while (at < search.found.length) {
		const struct nlattr *tuple = (const struct nlattr *)(search.found.data + at);

		delete (&netlink, keep, tuple);
		at += MNL_ALIGN(tuple->nla_len);
	}
	text_release(&search.found);
}
