/*
 * rtnetlink: see link.h. A message is a header, a fixed struct of its type, and attributes, some of
 * which nest.
 */
#include "link.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "trace.h"

#define NEW (NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK)

/* --- links --------------------------------------------------------------------------------- */

static struct nlattr *start_kind(struct nlmsghdr *message, const char *kind)
{
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);

	mnl_attr_put_strz(message, IFLA_INFO_KIND, kind);
	return info;
}

/* The far end: nested in the message on the near one, and made like it of header and attributes. */
static void put_peer(struct nlmsghdr *message, const struct veth *veth)
{
	struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	struct nlattr *peer = mnl_attr_nest_start(message, VETH_INFO_PEER);

	/* All zero, so down: up, the kernel would open this end before it knows the other. */
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, veth->peer_name);
	mnl_attr_put(message, IFLA_ADDRESS, 6, veth->peer_mac);
	mnl_attr_put_u32(message, IFLA_MTU, veth->master->mtu);
	mnl_attr_put_u32(message, IFLA_NET_NS_PID, (uint32_t)veth->peer_pid);
	mnl_attr_nest_end(message, peer);
	mnl_attr_nest_end(message, data);
}

static void read_kind(const struct nlattr *info, struct link *link)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute,
				 info) if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
		snprintf(link->kind, sizeof(link->kind), "%s", mnl_attr_get_str(attribute));
}

static int read_link(const struct nlmsghdr *answer, void *context)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(answer);
	struct link *link = context;
	const struct nlattr *attribute;

	link->index = (unsigned)info->ifi_index;
	link->up = info->ifi_flags & IFF_UP;
	mnl_attr_for_each(attribute, answer, sizeof(*info))
	{
		if (mnl_attr_get_type(attribute) == IFLA_IFNAME)
			snprintf(link->name, sizeof(link->name), "%s", mnl_attr_get_str(attribute));
		if (mnl_attr_get_type(attribute) == IFLA_MTU)
			link->mtu = mnl_attr_get_u32(attribute);
		if (mnl_attr_get_type(attribute) == IFLA_LINKINFO)
			read_kind(attribute, link);
	}
	return MNL_CB_OK;
}

/* By name, or by index if `name` is NULL. */
static int get_link(struct netlink *netlink, const char *name, unsigned index, struct link *link)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(netlink, buffer, RTM_GETLINK, NLM_F_ACK);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	struct link found = {0};

	info->ifi_index = (int)index;
	if (name)
		mnl_attr_put_strz(message, IFLA_IFNAME, name);
	mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (netlink_ask(netlink, message, read_link, &found) < 0)
		return -1;
	*link = found;
	return 0;
}

/* --- addresses and routes ------------------------------------------------------------------ */

static void put_broadcast(struct nlmsghdr *message, struct address address, unsigned prefix_length)
{
	uint32_t number;

	memcpy(&number, address.bytes, sizeof(number));
	mnl_attr_put_u32(message, IFA_BROADCAST, number | htonl(0xffffffffU >> prefix_length));
}

struct sought {
	unsigned link_index;
	struct address address;
	bool found;
};

static int read_address(const struct nlmsghdr *answer, void *context)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(answer);
	struct sought *sought = context;
	const struct nlattr *attribute;

	if (info->ifa_index != sought->link_index)
		return MNL_CB_OK;
	/* IPv4 has IFA_LOCAL too, which is the same but at the end of a tunnel. */
	mnl_attr_for_each(attribute, answer, sizeof(*info))
	{
		if (mnl_attr_get_type(attribute) == IFA_ADDRESS &&
		    mnl_attr_get_payload_len(attribute) == sought->address.length &&
		    memcmp(mnl_attr_get_payload(attribute), sought->address.bytes,
			   sought->address.length) == 0)
			sought->found = true;
	}
	return MNL_CB_OK;
}

static int read_route(const struct nlmsghdr *answer, void *context)
{
	const struct rtmsg *message = mnl_nlmsg_get_payload(answer);
	struct route route = {.to = address_any(message->rtm_family == AF_INET6 ? IPV6 : IPV4),
			      .prefix_length = message->rtm_dst_len};
	struct routes *routes = context;
	const struct nlattr *attribute;

	if (message->rtm_type != RTN_UNICAST)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, answer, sizeof(*message))
	{
		if (mnl_attr_get_type(attribute) == RTA_DST)
			memcpy(route.to.bytes, mnl_attr_get_payload(attribute), route.to.length);
		if (mnl_attr_get_type(attribute) == RTA_OIF)
			route.link_index = mnl_attr_get_u32(attribute);
	}
	routes->items = memory_resized(routes->items, routes->count + 1, sizeof(route));
	routes->items[routes->count++] = route;
	return MNL_CB_OK;
}

/* --- exported ------------------------------------------------------------------------------ */

struct short_text mac_text(const uint8_t mac[6])
{
	struct short_text result;

	snprintf(result.text, sizeof(result.text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		 mac[2], mac[3], mac[4], mac[5]);
	return result;
}

int link_find(struct netlink *netlink, const char *name, struct link *link, struct error *err)
{
	if (get_link(netlink, name, 0, link) == 0)
		return 0;
	error_sys(err, "find network interface '%s'", name);
	return netlink_failed(netlink, err);
}

int link_find_index(struct netlink *netlink, unsigned index, struct link *link, struct error *err)
{
	if (get_link(netlink, NULL, index, link) == 0)
		return 0;
	error_sys(err, "find network interface %u", index);
	return netlink_failed(netlink, err);
}

int link_add_bridge(struct netlink *netlink, const char *name, const uint8_t mac[6],
		    struct error *err)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(netlink, buffer, RTM_NEWLINK, NEW);

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	mnl_attr_put(message, IFLA_ADDRESS, 6, mac);
	mnl_attr_nest_end(message, start_kind(message, "bridge"));
	trace("%sip link add %q address %s type bridge", netlink->shell, name, mac_text(mac).text);
	if (netlink_ask(netlink, message, NULL, NULL) == 0)
		return 0;
	error_sys(err, "make bridge '%s'", name);
	error_hint(err, EOPNOTSUPP, "has the kernel bridges? try: modprobe bridge");
	return netlink_failed(netlink, err);
}

int link_add_veth(struct netlink *netlink, const struct veth *veth, struct error *err)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(netlink, buffer, RTM_NEWLINK, NEW);
	struct ifinfomsg *near = mnl_nlmsg_put_extra_header(message, sizeof(*near));
	struct nlattr *info;

	near->ifi_flags = near->ifi_change = IFF_UP;
	mnl_attr_put_strz(message, IFLA_IFNAME, veth->name);
	mnl_attr_put_u32(message, IFLA_MASTER, veth->master->index);
	mnl_attr_put_u32(message, IFLA_MTU, veth->master->mtu);
	info = start_kind(message, "veth");
	put_peer(message, veth);
	mnl_attr_nest_end(message, info);
	trace("%sip link add %q up master %q mtu %u type veth peer name %s address %s mtu %u netns %d",
	      netlink->shell, veth->name, veth->master->name, veth->master->mtu, veth->peer_name,
	      mac_text(veth->peer_mac).text, veth->master->mtu, veth->peer_pid);
	if (netlink_ask(netlink, message, NULL, NULL) == 0)
		return 0;
	error_sys(err, "make the interfaces '%s' and '%s'", veth->name, veth->peer_name);
	error_hint(err, EOPNOTSUPP, "has the kernel veth? try: modprobe veth");
	return netlink_failed(netlink, err);
}

int link_add_forwarding(struct netlink *netlink, const char *port, const uint8_t mac[6],
			struct error *err)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(netlink, buffer, RTM_NEWNEIGH,
						   NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK);
	struct ndmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->ndm_family = AF_BRIDGE;
	info->ndm_ifindex = (int)link_index(netlink, port);
	info->ndm_state = NUD_NOARP; /* what bridge(8) calls static: it does not grow old */
	info->ndm_flags = NTF_MASTER | NTF_STICKY;
	mnl_attr_put(message, NDA_LLADDR, 6, mac);
	trace("%sbridge fdb replace %s dev %q master static sticky", netlink->shell,
	      mac_text(mac).text, port);
	if (netlink_ask(netlink, message, NULL, NULL) == 0)
		return 0;
	error_sys(err, "tell the bridge that %s is at '%s'", mac_text(mac).text, port);
	return netlink_failed(netlink, err);
}

int link_set_port(struct netlink *netlink, const char *port, enum port_flag flag, struct error *err)
{
	static const struct {
		const char *name;
		uint16_t attribute;
	} flags[] = {
		[PORT_HAIRPIN] = {"hairpin", IFLA_BRPORT_MODE},
		[PORT_ISOLATED] = {"isolated", IFLA_BRPORT_ISOLATED},
	};
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(netlink, buffer, RTM_SETLINK, NLM_F_ACK);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	struct nlattr *of_port;

	info->ifi_family = AF_BRIDGE;
	info->ifi_index = (int)link_index(netlink, port);
	of_port = mnl_attr_nest_start(message, IFLA_PROTINFO | NLA_F_NESTED);
	mnl_attr_put_u8(message, flags[flag].attribute, 1);
	mnl_attr_nest_end(message, of_port);
	trace("%sbridge link set dev %q %s on", netlink->shell, port, flags[flag].name);
	if (netlink_ask(netlink, message, NULL, NULL) == 0)
		return 0;
	error_sys(err, "make the port '%s' of the bridge %s", port, flags[flag].name);
	return netlink_failed(netlink, err);
}

int link_up(struct netlink *netlink, const struct link *link, unsigned mtu, struct error *err)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(netlink, buffer, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->ifi_index = (int)link->index;
	info->ifi_flags = info->ifi_change = IFF_UP;
	if (mtu) {
		mnl_attr_put_u32(message, IFLA_MTU, mtu);
		trace("%sip link set %q mtu %u up", netlink->shell, link->name, mtu);
	} else {
		trace("%sip link set %q up", netlink->shell, link->name);
	}
	if (netlink_ask(netlink, message, NULL, NULL) == 0)
		return 0;
	error_sys(err, "bring interface '%s' up", link->name);
	return netlink_failed(netlink, err);
}

int link_delete(struct netlink *netlink, const char *name, struct error *err)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(netlink, buffer, RTM_DELLINK, NLM_F_ACK);

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	trace("%sip link delete %q", netlink->shell, name);
	if (netlink_ask(netlink, message, NULL, NULL) == 0 || errno == ENODEV)
		return 0;
	error_sys(err, "delete interface '%s'", name);
	return netlink_failed(netlink, err);
}

unsigned link_index(struct netlink *netlink, const char *name)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(mnl_socket_get_fd(netlink->socket), SIOCGIFINDEX, &request) < 0)
		return 0;
	return (unsigned)request.ifr_ifindex;
}

bool link_has_address(struct netlink *netlink, const struct link *link, struct address address)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(netlink, buffer, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	struct sought sought = {link->index, address, false};

	info->ifa_family = address_family(address);
	return netlink_ask(netlink, message, read_address, &sought) == 0 && sought.found;
}

int link_add_address(struct netlink *netlink, const struct link *link, struct address address,
		     unsigned prefix_length, struct error *err)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(netlink, buffer, RTM_NEWADDR, NEW);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	bool v6 = address_version(address) == IPV6;

	info->ifa_family = address_family(address);
	info->ifa_prefixlen = (uint8_t)prefix_length;
	info->ifa_flags = v6 ? IFA_F_NODAD : 0;
	info->ifa_index = link->index;
	mnl_attr_put(message, IFA_LOCAL, address.length, address.bytes);
	mnl_attr_put(message, IFA_ADDRESS, address.length, address.bytes);
	if (!v6)
		put_broadcast(message, address, prefix_length);
	trace("%sip address add %s/%u %s dev %q", netlink->shell, address_text(address).text,
	      prefix_length, v6 ? "nodad" : "broadcast +", link->name);
	if (netlink_ask(netlink, message, NULL, NULL) == 0)
		return 0;
	error_sys(err, "give address %s/%u to interface '%s'", address_text(address).text,
		  prefix_length, link->name);
	return netlink_failed(netlink, err);
}

int route_add_default(struct netlink *netlink, struct address gateway, struct error *err)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(netlink, buffer, RTM_NEWROUTE, NEW);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->rtm_family = address_family(gateway);
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = RTPROT_BOOT; /* as ip(8) marks what is set by hand */
	info->rtm_type = RTN_UNICAST;
	mnl_attr_put(message, RTA_GATEWAY, gateway.length, gateway.bytes);
	trace("%sip route add default via %s", netlink->shell, address_text(gateway).text);
	if (netlink_ask(netlink, message, NULL, NULL) == 0)
		return 0;
	error_sys(err, "add a default route by %s", address_text(gateway).text);
	return netlink_failed(netlink, err);
}

int routes_list(struct netlink *netlink, enum ip_version version, struct routes *routes,
		struct error *err)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(netlink, buffer, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->rtm_family = version == IPV6 ? AF_INET6 : AF_INET;
	if (netlink_ask(netlink, message, read_route, routes) == 0)
		return 0;
	cleanup_memory(&routes->items);
	routes->count = 0;
	error_sys(err, "list the routes");
	return netlink_failed(netlink, err);
}
