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

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "error.h"
#include "text.h"

struct port {
	struct in_addr host_address;	/* 0.0.0.0: each of the host's */
	uint16_t host_first, host_last; /* one of these; 0: any free one. After hold the one */
	uint16_t container;
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	int socket;	  /* that holds it; 0: none */
};

struct ports {
	struct port *items;
	size_t count;
};

/* Adds what `text` publishes, in any of Docker's forms of -p: [[IP:][HOST]:]CONTAINER[/PROTOCOL],
 * both ports perhaps ranges, or "target=80,published=8080,protocol=udp". Errors: EINVAL with Docker's
 * words; EAFNOSUPPORT for an address of IPv6. */
int ports_add(struct ports *ports, const char *text, struct error *err);

/* "0.0.0.0:8080:80/tcp", which ports_add reads again. The caller frees it. */
char *port_spec(const struct port *port);
/* "80/tcp" and "0.0.0.0:8080", as `port` and `inspect` show them. The caller frees them. */
char *port_inside(const struct port *port);
char *port_outside(const struct port *port);

/* Binds a socket to the host's port of each, in the current network namespace, and so chooses where
 * there is a choice. On failure none is held. Errors: EADDRINUSE with Docker's words. bind(2) */
int ports_hold(struct ports *ports, struct error *err);

/* Sends what reaches the ports, which are held, to `container`, by the nftables table `table`. */
int ports_publish(const struct ports *ports, const char *table, struct in_addr container,
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
