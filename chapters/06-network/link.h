/*
 * rtnetlink as a vocabulary: each function is one message to the kernel, and one command of ip(8).
 * All of it happens in the network namespace that the socket was opened in.
 */
#ifndef LINK_H
#define LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "address.h"
#include "error.h"
#include "netlink.h"

/* A network interface, as far as it matters here. */
struct link {
	char name[IF_NAMESIZE];
	unsigned index, mtu;
	bool up;
	char kind[16]; /* "bridge", "veth"; "" for hardware */
};

/* A pair of virtual interfaces: what goes into one comes out of the other. */
struct veth {
	const char *name; /* of the end that stays here, up, as a port of the bridge `master` */
	const struct link *master;
	const char *peer_name; /* of the end that goes to the network namespace of `peer_pid` */
	pid_t peer_pid;
	const uint8_t *peer_mac;
};

struct route {
	struct address to;
	unsigned prefix_length; /* 0: the default route */
	unsigned link_index;
};

struct routes {
	struct route *items;
	size_t count;
};

/* "02:42:ac:1e:00:02" */
struct short_text mac_text(const uint8_t mac[6]);

/* Finds an interface by name, or by index. Errors: ENODEV. rtnetlink(7) */
int link_find(struct netlink *netlink, const char *name, struct link *link, struct error *err);
int link_find_index(struct netlink *netlink, unsigned index, struct link *link, struct error *err);

/* Makes a bridge with a MAC of its own; left to itself it would take one of a port, and change it
 * as ports come and go. It is down. Errors: EEXIST; EOPNOTSUPP if the kernel has no bridges. */
int link_add_bridge(struct netlink *netlink, const char *name, const uint8_t mac[6],
		    struct error *err);

/* Makes a pair with the MTU of the bridge, both ends in their places, in one message. The peer is
 * down. Errors: EEXIST; EOPNOTSUPP if the kernel has no veth. veth(4) */
int link_add_veth(struct netlink *netlink, const struct veth *veth, struct error *err);

/* Tells a bridge by which of its ports a MAC is reached, whatever packets say: with that, no other
 * port can claim it. It ends with the port. Errors: ENODEV. bridge(8) */
int link_add_forwarding(struct netlink *netlink, const char *port, const uint8_t mac[6],
			struct error *err);

/* HAIRPIN: a port of a bridge is sent back what came from it; ISOLATED: nothing passes between it
 * and others that are. */
enum port_flag { PORT_HAIRPIN, PORT_ISOLATED };

/* Turns one on. Errors: ENODEV. bridge(8) */
int link_set_port(struct netlink *netlink, const char *port, enum port_flag flag,
		  struct error *err);

/* Brings an interface up, with this MTU unless it is 0. */
int link_up(struct netlink *netlink, const struct link *link, unsigned mtu, struct error *err);

/* Removes an interface; that there is none is fine. The other end of a veth goes with it. */
int link_delete(struct netlink *netlink, const char *name, struct error *err);

/* The index of an interface, 0 if there is none of that name: cheaper than finding it. */
unsigned link_index(struct netlink *netlink, const char *name);

/* True if the interface has the address. */
bool link_has_address(struct netlink *netlink, const struct link *link, struct address address);

/* Gives an interface an address and, by that, a route to its subnet. One of IPv6 is used at once:
 * nobody is asked whether it is theirs, which would take a second. Errors: EEXIST. ip-address(8):
 * nodad */
int link_add_address(struct netlink *netlink, const struct link *link, struct address address,
		     unsigned prefix_length, struct error *err);

/* Sends whatever has no better route to `gateway`. Errors: ENETUNREACH if it is in no subnet. */
int route_add_default(struct netlink *netlink, struct address gateway, struct error *err);

/* Lists the unicast routes of every table to addresses of one kind. The caller frees
 * routes->items. */
int routes_list(struct netlink *netlink, enum ip_version version, struct routes *routes,
		struct error *err);

#endif
