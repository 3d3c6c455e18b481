/* Published ports; see port.h. How -p is read is in port_spec.c. */
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conntrack.h"
#include "firewall.h"
#include "trace.h"

/* The number is at the same place for both kinds of address. */
static uint16_t number_of(int fd)
{
	struct sockaddr_in6 at = {0};
	socklen_t size = sizeof(at);

	return getsockname(fd, (struct sockaddr *)&at, &size) < 0 ? 0 : ntohs(at.sin6_port);
}

/* Makes a TCP socket the only one at its port. SO_REUSEADDR lets it be there beside conversations that
 * ended a moment ago; of two that have it, the one that listens keeps the other out. Then it does not
 * listen any more, so that who reaches it after all ([::1], or when the rules are gone) is refused and
 * does not wait; and without SO_REUSEADDR it keeps others out all the same. shutdown(2), socket(7) */
static int keep_out(int fd)
{
	int off = 0;

	if (listen(fd, 1) < 0 || shutdown(fd, SHUT_RD) < 0)
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off));
}

/* A socket at one port. */
static int open_at(const struct port *port, uint16_t number)
{
	bool udp = port->protocol == IPPROTO_UDP;
	AUTO_CLOSE int fd = socket(address_family(port->host_address),
				   (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, port->protocol);
	struct sockaddr_storage at;
	socklen_t size = address_socket(port->host_address, number, &at);
	int on = 1;

	if (fd < 0)
		return -1;
	if (!udp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Or [::] would hold 0.0.0.0 too. ipv6(7) */
	if (address_version(port->host_address) == IPV6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, size) < 0)
		return -1;
	/* A port that the kernel chose would be lost with listening: ask for it by its number. */
	if (number == 0) {
		number = number_of(fd);
		close(take_fd(&fd));
		return open_at(port, number);
	}
	if (port->protocol == IPPROTO_TCP && keep_out(fd) < 0)
		return -1;
	return take_fd(&fd);
}

/* Docker's words, for each reason. */
static int refuse(const struct port *port, struct error *err)
{
	AUTO_FREE char *outside = port_outside(port);

	if (errno == EADDRINUSE)
		return error_set(err, EADDRINUSE, "Bind for %s failed: port is already allocated",
				 outside);
	return error_sys(err, "failed to bind host port for %s", outside);
}

/* What the container's networks can't do. */
static int check_address(const struct port *port, bool ipv6, struct error *err)
{
	static const struct address loopback = {16, {[15] = 1}};

	if (address_compare(port->host_address, loopback) == 0)
		return error_set(
			err, EAFNOSUPPORT,
			"publish on [::1]: the kernel lets no answer to it in but by lo; publish on 127.0.0.1");
	if (ipv6 || address_version(port->host_address) == IPV4)
		return 0;
	return error_set(
		err, EAFNOSUPPORT,
		"publish on %s: the container's network has no IPv6 (see network create --ipv6)",
		address_bracketed(port->host_address).text);
}

static void take(struct port *port, int *fd)
{
	port->host_first = port->host_last = number_of(*fd);
	port->socket = take_fd(fd);
	trace("# hold port %u of %s", port->host_first, address_text(port->host_address).text);
}

/* Holds the port, and unless it is NULL its twin, at a number. Returns which of them can't be held there
 * because the number is taken (then it may be tried with another), or by errno; NULL: neither. */
static const struct port *hold_at(struct port *port, struct port *twin, uint16_t number)
{
	AUTO_CLOSE int fd = open_at(port, number), other = -1;

	if (fd < 0)
		return port;
	if (twin) {
		other = open_at(twin, number_of(fd));
		if (other < 0)
			return twin;
		take(twin, &other);
	}
	take(port, &fd);
	return NULL;
}

static int hold(struct port *port, struct port *twin, struct error *err)
{
	/* Any number may be taken by another between its choice and its use. */
	unsigned first = port->host_first, tries = first ? 1U + port->host_last - first : 10;
	const struct port *failed = port;

	errno = EADDRINUSE;
	for (unsigned i = 0; failed && errno == EADDRINUSE && i < tries; i++)
		failed = hold_at(port, twin, (uint16_t)(first ? first + i : 0));
	return failed ? refuse(failed, err) : 0;
}

static struct redirection redirection_of(const struct port *port, struct address container)
{
	return (struct redirection){port->host_address, port->host_first, port->protocol, container,
				    port->container};
}

static void unpublish(const struct port *port, const char *table)
{
	struct redirection redirection = redirection_of(port, (struct address){0});
	struct error unknown;

	firewall_redirect_end(table, &redirection, &unknown);
	if (port->protocol == IPPROTO_UDP)
		conntrack_forget(port->protocol, port->host_first,
				 address_any(address_version(port->host_address)));
}

/* Gives each port an address: those that have none become one or two. */
static int give_addresses(struct ports *ports, bool ipv6, struct error *err)
{
	struct ports with = {0};

	for (size_t i = 0; i < ports->count; i++) {
		struct port port = ports->items[i];
		bool both = port.host_address.length == 0;

		if (both)
			port.host_address = address_any(IPV4);
		if (check_address(&port, ipv6, err) < 0) {
			cleanup_memory(&with.items);
			return -1;
		}
		with.items = memory_resized(with.items, with.count + 2, sizeof(port));
		with.items[with.count++] = port;
		port.host_address = address_any(IPV6);
		port.twin = true;
		if (both && ipv6)
			with.items[with.count++] = port;
	}
	cleanup_memory(&ports->items);
	*ports = with;
	return 0;
}

int ports_hold(struct ports *ports, bool ipv6, struct error *err)
{
	if (give_addresses(ports, ipv6, err) < 0)
		return -1;
	for (size_t i = 0; i < ports->count; i++) {
		struct port *port = &ports->items[i];
		bool has_twin = i + 1 < ports->count && port[1].twin;

		if (!port->twin && hold(port, has_twin ? port + 1 : NULL, err) < 0) {
			ports_let_go(ports);
			return -1;
		}
	}
	return 0;
}

int ports_publish(const struct ports *ports, const char *table, const struct address *container,
		  struct error *err)
{
	for (size_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->items[i];
		struct address to = container[address_version(port->host_address)];
		struct redirection redirection = redirection_of(port, to);
		struct error stale;

		if (to.length == 0)
			continue;
		if (firewall_redirect(table, &redirection, err) < 0) {
			/* Left over from a container whose monitor was killed. */
			firewall_redirect_end(table, &redirection, &stale);
			if (firewall_redirect(table, &redirection, err) < 0)
				return -1;
		}
		/* Who asked before anybody was here would go on to ask the host. */
		if (port->protocol == IPPROTO_UDP)
			conntrack_forget(port->protocol, port->host_first, to);
	}
	return 0;
}

void ports_unpublish(const struct ports *ports, const char *table)
{
	for (size_t i = 0; i < ports->count; i++)
		unpublish(&ports->items[i], table);
}

void ports_withdraw(struct ports *ports, const char *table)
{
	for (size_t i = 0; i < ports->count; i++) {
		struct port *port = &ports->items[i];
		struct error unknown;

		if (port->socket <= 0 && hold(port, NULL, &unknown) < 0)
			continue;
		unpublish(port, table);
		close(port->socket);
		port->socket = 0;
	}
}

void ports_let_go(struct ports *ports)
{
	for (size_t i = 0; i < ports->count; i++) {
		if (ports->items[i].socket > 0)
			close(ports->items[i].socket);
		ports->items[i].socket = 0;
	}
}

void ports_release(struct ports *ports)
{
	ports_let_go(ports);
	cleanup_memory(&ports->items);
	ports->count = 0;
}
