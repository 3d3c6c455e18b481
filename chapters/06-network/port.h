/*
 * Published ports: what reaches the host at one port goes to a port of the container.
 *
 *	hold	 a socket of ours on the host's port: nobody else can have it meanwhile
 *	publish	 an element of a map of the firewall, by which packets find the container
 *	withdraw the element goes, and what the kernel remembers of its conversations
 *
 * No packet ever reaches the socket: the firewall sends it elsewhere first. The socket is the lock on
 * the element, so whoever wants to change it holds the port, and a port whose holder was killed is
 * free at once.
 */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "cleanup.h"
#include "error.h"
#include "text.h"

struct port {
	/* 0.0.0.0 or ::: each of the host's of that kind; none: of both, as far as the container can
	 * be reached by them. After hold it is one of them. */
	struct address host_address;
	uint16_t host_first, host_last; /* one of these; 0: any free one. After hold the one */
	uint16_t container;
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	bool twin;	  /* the one of IPv6 to the one before, with the same number */
	int socket;	  /* that holds it; 0: none */
};

struct ports {
	struct port *items;
	size_t count;
};

/* Adds what `text` publishes, in any of Docker's forms of -p: [[IP:][HOST]:]CONTAINER[/PROTOCOL],
 * both ports perhaps ranges, or "target=80,published=8080,protocol=udp". An IP of version 6 is in
 * brackets. Errors: EINVAL with Docker's words. */
int ports_add(struct ports *ports, const char *text, struct error *err);

/* "0.0.0.0:8080:80/tcp", without an address ":8080:80/tcp": ports_add reads it again. The caller
 * frees it. */
char *port_spec(const struct port *port);
/* "80/tcp" and "0.0.0.0:8080" or "[::]:8080", as `port` and `inspect` show them. The caller frees
 * them. */
char *port_inside(const struct port *port);
char *port_outside(const struct port *port);

/* Binds a socket to the host's port of each, in the current network namespace, and so chooses where
 * there is a choice. A port without an address becomes one of 0.0.0.0 and, with `ipv6`, one more of
 * :: with the same number. On failure none is held. Errors: EADDRINUSE with Docker's words;
 * EAFNOSUPPORT for an address of IPv6 without `ipv6`, and for ::1. bind(2) */
int ports_hold(struct ports *ports, bool ipv6, struct error *err);

/* Sends what reaches the ports, which are held, to the container's address of the same kind, out of
 * IP_VERSIONS, by the nftables table `table`. Where it has none of that kind nothing is sent. */
int ports_publish(const struct ports *ports, const char *table, const struct address *container,
		  struct error *err);

/* Ends that, while the sockets are held: for the container's own, which goes on without them. */
void ports_unpublish(const struct ports *ports, const char *table);

/* Ends that, for each port that nobody else holds by now. That nothing was published is fine. */
void ports_withdraw(struct ports *ports, const char *table);

/* Lets the sockets go. */
void ports_let_go(struct ports *ports);

void ports_release(struct ports *ports);
#define AUTO_PORTS CLEANUP(ports_release)

#endif
