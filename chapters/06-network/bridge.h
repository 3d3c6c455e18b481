/*
 * Bridge networking: one bridge for all containers of a root, a pair of virtual cables for each.
 */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* The one bridge network there is for now; `network` commands will make more of these. */
struct bridge_network {
	char name[16];		/* of the bridge interface, IFNAMSIZ: "coracle0" */
	char table[64];		/* of the nftables table: "coracle" */
	struct in_addr gateway; /* the bridge's own address */
	unsigned prefix_length;
	bool internal;	   /* no way out, and none in */
	char leases[4096]; /* the directory of address leases */
};

/* Where a container is attached. */
struct attachment {
	struct in_addr address;
	uint8_t mac[6];
	char host_interface[16];
};

/* Chooses names and a subnet for the data root `root` (hashed into the names unless it is the
 * default /var/lib/coracle), and remembers the choice in ROOT/networks/bridge/network.json: the
 * first 172.N.0.0/16 from 172.30 on, then 192.168.N.0/20, that overlaps no route of the host (in
 * the current network namespace). Two callers at once get the same. */
int bridge_network_open(const char *root, struct bridge_network *network, struct error *err);

/* Makes what is missing: the bridge with its address, the nftables table, ip_forward (set, and said
 * by trace). Cheap when all is there. */
int bridge_network_up(const struct bridge_network *network, struct error *err);

/* Removes bridge and table, and with them every cable; that they are missing is fine. */
int bridge_network_down(const struct bridge_network *network, struct error *err);

/* Connects the network namespace of process `pid`: leases an address for container `id`, makes the
 * veth pair, puts one end into the bridge and the other into the namespace as eth0, with address,
 * MAC and default route. On failure nothing is left. Called in the parent.
 * Errors: EADDRNOTAVAIL if the subnet is used up. veth(4), rtnetlink(7) */
int bridge_attach(const struct bridge_network *network, const char *id, pid_t pid,
		  struct attachment *attachment, struct error *err);

/* Gives back the address of container `id`, if it has one. The cable the kernel removes, together
 * with the network namespace, a moment after its last process: to do it here would mean waiting for
 * that, 15 ms and more. */
int bridge_detach(const struct bridge_network *network, const char *id, struct error *err);

#endif
