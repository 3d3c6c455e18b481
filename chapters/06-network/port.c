/* Published ports; see port.h. How -p is read is in port_spec.c. */
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conntrack.h"
#include "firewall.h"
#include "link.h"
#include "trace.h"

/* A socket at one port, 0 for any. Listening, where there is such a thing: of two sockets that want to
 * share an address (SO_REUSEADDR, which we need beside conversations that ended a moment ago), the
 * one that listens keeps the other out. */
static int open_at(const struct port *port, uint16_t number)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(number),
				 .sin_addr = port->host_address};
	bool udp = port->protocol == IPPROTO_UDP;
	AUTO_CLOSE int fd =
		socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, port->protocol);
	int on = 1;

	if (fd < 0)
		return -1;
	if (!udp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || (!udp && listen(fd, 1) < 0))
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

static int hold(struct port *port, struct error *err)
{
	struct sockaddr_in at = {0};
	socklen_t size = sizeof(at);
	int fd = -1;

	for (unsigned number = port->host_first; fd < 0 && number <= port->host_last; number++) {
		fd = open_at(port, (uint16_t)number);
		if (fd < 0 && errno != EADDRINUSE)
			break;
	}
	if (fd < 0 || getsockname(fd, (struct sockaddr *)&at, &size) < 0)
		return refuse(port, err);
	port->socket = fd;
	port->host_first = port->host_last = ntohs(at.sin_port);
	trace("# hold port %u of %s", port->host_first, address_text(port->host_address).text);
	return 0;
}

static struct redirection redirection_of(const struct port *port, struct in_addr container)
{
	return (struct redirection){port->host_address, port->host_first, port->protocol, container,
				    port->container};
}

static void unpublish(const struct port *port, const char *table)
{
	struct redirection redirection = redirection_of(port, (struct in_addr){0});
	struct error unknown;

	firewall_redirect_end(table, &redirection, &unknown);
	if (port->protocol == IPPROTO_UDP)
		conntrack_forget(port->protocol, port->host_first, (struct in_addr){0});
}

int ports_hold(struct ports *ports, struct error *err)
{
	for (size_t i = 0; i < ports->count; i++)
		if (hold(&ports->items[i], err) < 0) {
			ports_let_go(ports);
			return -1;
		}
	return 0;
}

int ports_publish(const struct ports *ports, const char *table, struct in_addr container,
		  struct error *err)
{
	for (size_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->items[i];
		struct redirection redirection = redirection_of(port, container);
		struct error stale;

		if (firewall_redirect(table, &redirection, err) < 0) {
			/* Left over from a container whose monitor was killed. */
			firewall_redirect_end(table, &redirection, &stale);
			if (firewall_redirect(table, &redirection, err) < 0)
				return -1;
		}
		/* Who asked before anybody was here would go on to ask the host. */
		if (port->protocol == IPPROTO_UDP)
			conntrack_forget(port->protocol, port->host_first, container);
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

		if (port->socket <= 0 && hold(port, &unknown) < 0)
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
