/*
 * Packet filter and address translation, by nftables: one table of our own for each data root.
 *
 *	table inet coracle {
 *		set bridges, internal, plain, same, inside, inside6
 *						which networks there are
 *		map ports, ports_at, ports6, ports6_at
 *						which ports are published
 *		set closed	  if this host became a router for us alone: for IPv4, IPv6
 *		chain guard	  127.0.0.1 is reached by this host alone
 *		chain prerouting, output, publish
 *				  what is for a published port goes to its container
 *		chain forward	  into a bridge comes what answers, or was for a published port
 *		chain postrouting what leaves a bridge takes the address of the way out
 *	}
 *
 * The rules never change: a network is an element of the sets, a published port one of the maps. An
 * element costs a fourth of a rule, and both ask less of the kernel than anything that is looked for
 * in a list. No table of others is touched.
 */
#ifndef FIREWALL_H
#define FIREWALL_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "subnet.h"
#include "text.h"

/* A network, as its rules know it. */
struct firewall_network {
	const char *bridge;	      /* the interface */
	const struct subnet *subnets; /* IP_VERSIONS of them */
	bool internal;		      /* what is in it never leaves it */
	bool plain;		      /* what leaves it keeps its address */
};

/* Makes what is missing of the table `table`, with the network in it. Cheap when all is there: one
 * question to the kernel. Errors: EOPNOTSUPP and others with the words of libnftables, if the kernel
 * has no nftables. nft(8) */
int firewall_up(const char *table, const struct firewall_network *network, struct error *err);

/* Drops what would pass from one to another interface of this host of which neither is a bridge: for a
 * host that is made a router for our sake. Bridges of others are left to those who made them. */
int firewall_close_others(const char *table, enum ip_version version, struct error *err);

/* True if the table is there and knows the bridge. */
bool firewall_is_up(const char *table, const char *bridge);

/* Makes all rules anew, also if some are there. */
int firewall_repair(const char *table, const struct firewall_network *network, struct error *err);

/* Runs nft text on tables of any owner; `what` is for the error. */
int firewall_run(const char *commands, const char *what, struct error *err);

/* Adds what nft lists, with handles. */
int firewall_list(const char *command, struct text *said, struct error *err);

/* Takes a network out of the table; fine if it is not there. */
int firewall_forget(const char *table, const struct firewall_network *network, struct error *err);

/* Removes the table; that there is none is fine. */
int firewall_down(const char *table, struct error *err);

/* A published port: packets for host_address (0.0.0.0 or ::: each of the host's) and host_port. */
struct redirection {
	struct address host_address;
	uint16_t host_port;
	uint8_t protocol;
	struct address container; /* of the same kind */
	uint16_t container_port;
};

/* Sends what is for the host's port to the container. Errors: EEXIST if it goes elsewhere already. */
int firewall_redirect(const char *table, const struct redirection *redirection, struct error *err);

/* Ends that. Errors: ENOENT if there was none. */
int firewall_redirect_end(const char *table, const struct redirection *redirection,
			  struct error *err);

#endif
