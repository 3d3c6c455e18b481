/*
 * Bridge networking: one bridge for all containers of a root, a pair of virtual cables for each.
 */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "subnet.h"
#include "text.h"

/* A network of a data root. The one named "bridge" is always there, others are created. */
struct bridge_network {
	char name[16];	/* of the bridge interface, IFNAMSIZ: "coracle0" */
	char table[64]; /* of the nftables table: "coracle" */
	/* Its gateway is the bridge's own address. One of IPv6 there is only if it is asked for; with
	 * `ipv6` and a prefix_length of 0 one is to be chosen. */
	struct subnet subnet[IP_VERSIONS];
	bool ipv6;
	struct subnet range[IP_VERSIONS]; /* containers' addresses are of this part, or of all */
	bool internal;			  /* no way out, and none in */
	bool separate;			  /* its containers do not reach each other */
	bool plain;			  /* containers keep their address on the way out */
	unsigned mtu;			  /* 0: that of the way out */
	char id[65], created[40];	  /* of a network that was created */
	char leases[4096];		  /* the directory of address leases */
};

/* What is only remembered of a network that was created: KEY=VALUE each. */
struct network_extras {
	struct strings labels, options;
};

/* Takes one of Docker's driver options into account. Errors: EINVAL for one that is unknown here,
 * or a value that makes no sense. */
int bridge_network_option(struct bridge_network *network, const char *option, struct error *err);

#define ATTACHMENT_ANY UINT32_MAX

/* Where a container is attached, and before that where it wants to be. */
struct attachment {
	struct address address[IP_VERSIONS]; /* before: the only one that will do, or none */
	uint8_t mac[6];	 /* before: the wanted one; all zero: made of the address of IPv4 */
	unsigned number; /* 1: the interface is eth1; ATTACHMENT_ANY: the first that is free */
	bool no_route[IP_VERSIONS]; /* the default route goes by another network */
	char host_interface[16];
};

/* Opens the network "bridge", and makes all of it that is missing: chooses names and a subnet for
 * the data root `root` (hashed into the names unless it is the default /var/lib/coracle), and
 * remembers the choice in ROOT/networks/bridge/network.json: the first 172.N.0.0/16 from 172.30 on,
 * then 192.168.N.0/20, that overlaps no route of the host (in the current network namespace). Two
 * callers at once get the same, and with two roots a different one. */
int bridge_network_open(const char *root, struct bridge_network *network, struct error *err);

/* Makes the network NAME of ROOT/networks/NAME as *network and its options say, with a free subnet
 * where its prefix_length is 0. The bridge is there when this returns.
 * Errors: EEXIST if there is one of that name, or an interface that an option names; EADDRINUSE if
 * the host has a route into the subnet. */
int bridge_network_create(const char *root, const char *name, struct bridge_network *network,
			  const struct network_extras *extras, struct error *err);

/* The labels, and the options as they were given, of a network that was created. *extras, which is
 * added to, is the caller's to release. */
int bridge_network_extras(const char *root, const char *name, struct network_extras *extras,
			  struct error *err);

/* The nftables table of a data root, whether there is one or not. */
void bridge_table_name(const char *root, char table[64]);

/* Reads what is remembered of a network, and makes nothing. Errors: ENOENT with Docker's words. */
int bridge_network_load(const char *root, const char *name, struct bridge_network *network,
			struct error *err);

/* Removes the bridge of a network, its rules, and all that is remembered of it. Errors: EBUSY if an
 * address of it is leased. */
int bridge_network_remove(const char *root, const char *name, struct error *err);

/* Clears away what a command left that was killed while it made or removed a network. */
int bridge_network_clear(const char *root, struct error *err);

/* Makes what is missing: the bridge with its addresses, the nftables table, ip_forward. Cheap when
 * all is there. */
int bridge_network_up(const struct bridge_network *network, struct error *err);

/* Makes bridge and rules anew, also those of which only parts are left. */
int bridge_network_repair(const struct bridge_network *network, struct error *err);

/* Removes the bridge, and with it every cable, and its rules, or with `table` the whole table of
 * the root; that they are missing is fine. */
int bridge_network_down(const struct bridge_network *network, bool table, struct error *err);

/* The same with the whole table, unless somebody has an address there. Errors: EBUSY. */
int bridge_network_down_unused(const struct bridge_network *network, struct error *err);

/* Adds what a person should know before a container is connected: that this host becomes a router
 * by it, and what to run beside firewalls that would stop its packets. *warnings is added to. */
void bridge_warnings(struct strings *warnings);

/* The MAC of whoever has an address of IPv4, and wants none of its own: so the next who has it is
 * known to others (ip neigh) by the same one. */
void bridge_mac(struct address address, uint8_t mac[6]);

/* Opens the directory of the leases, which is locked until the descriptor is closed. flock(2) */
int bridge_lock(const struct bridge_network *network, struct error *err);

/* Finds the bridge. Errors: ENODEV if there is none; EEXIST if something else has its name. */
struct link;
struct netlink;
int bridge_find(struct netlink *netlink, const struct bridge_network *network, struct link *link,
		struct error *err);

/* Connects the network namespace of process `pid`: leases an address for container `id`, makes the
 * veth pair, puts one end into the bridge and the other into the namespace as eth0, with address,
 * MAC and default route. On failure nothing is left. Called in the parent.
 * Errors: EADDRNOTAVAIL if the subnet is used up; EADDRINUSE. veth(4), rtnetlink(7) */
int bridge_attach(const struct bridge_network *network, const char *id, pid_t pid,
		  struct attachment *attachment, struct error *err);

/* Sends what process `pid` has no better route for by this network, unless there is a default route
 * for that kind of address already. */
int bridge_add_route(const struct bridge_network *network, enum ip_version version, pid_t pid,
		     struct error *err);

/* Whether container `id` has its cable, in the current network namespace: then it lives, or did a
 * moment ago. Under bridge_lock whoever has a lease has that, too. */
bool bridge_is_attached(const struct bridge_network *network, const char *id);

/* Takes the cable of container `id` out of the network at once, while the container runs on. */
int bridge_cut(const struct bridge_network *network, const char *id, struct error *err);

/* Lets container `id` reach, by the host, a port that it has published itself: with br_netfilter
 * the bridge sends such a packet back by the cable that it came from. bridge(8) */
int bridge_allow_own_ports(const struct bridge_network *network, const char *id, struct error *err);

/* Gives back the address of container `id`, if it has one. The cable the kernel removes, together
 * with the network namespace, a moment after its last process: to do it here would mean waiting for
 * that, 15 ms and more. */
int bridge_detach(const struct bridge_network *network, const char *id, struct error *err);

#endif
