/* The ports of a container as ps shows them; see object.h. */
#include "object.h"

#include <stdlib.h>
#include <string.h>

#include "networks.h"
#include "port.h"

/* What is published, and what is only exposed: that has no port of the host. */
static void read_ports(const struct container *container, struct ports *ports)
{
	const struct strings *exposed = &container->config.connection.exposed;
	struct error unknown;
	size_t published;

	if (container->state.status != CONTAINER_RUNNING ||
	    networks_kind(&container->config) != NETWORK_BRIDGES)
		return;
	for (size_t i = 0; i < container->state.ports.count; i++)
		ports_add(ports, container->state.ports.items[i], &unknown);
	published = ports->count;
	for (size_t i = 0; i < exposed->count; i++) {
		bool known = false;

		for (size_t j = 0; j < published && !known; j++) {
			AUTO_FREE char *inside = port_inside(&ports->items[j]);

			known = strcmp(inside, exposed->items[i]) == 0;
		}
		if (!known)
			ports_add(ports, exposed->items[i], &unknown);
	}
}

/* As Docker sorts them. */
static int by_number(const void *left, const void *right)
{
	const struct port *a = left, *b = right;
	int order = address_compare(a->host_address, b->host_address);

	if (a->container != b->container)
		return a->container < b->container ? -1 : 1;
	if (order)
		return order;
	if (a->host_first != b->host_first)
		return a->host_first < b->host_first ? -1 : 1;
	return a->protocol - b->protocol;
}

/* So that what makes up a row is side by side. */
static int by_row(const void *left, const void *right)
{
	const struct port *a = left, *b = right;
	int order = address_compare(a->host_address, b->host_address);

	if (order == 0)
		order = a->protocol - b->protocol;
	return order ? order : by_number(left, right);
}

/* Whether `next` continues the row that ends with `port`: 80, 81, 82, all published as themselves, or
 * none of them. */
static bool continues(const struct port *port, const struct port *next)
{
	return next->container == port->container + 1 && next->protocol == port->protocol &&
	       address_compare(next->host_address, port->host_address) == 0 &&
	       (next->host_first ? next->host_first == next->container && port->host_first
				 : !port->host_first);
}

/* "80-82/tcp", "0.0.0.0:80-82->80-82/tcp", "0.0.0.0:8080->80/tcp". */
static void add_row(const struct port *first, const struct port *last, struct text *text)
{
	AUTO_FREE char *inside = port_inside(last), *outside = port_outside(first);
	AUTO_FREE char *begin = memory_format("%u-", first->container);
	const char *range = first == last ? "" : begin;

	text_add_string(text, text->length ? ", " : "");
	if (first->host_first && first == last)
		text_add_format(text, "%s->", outside);
	else if (first->host_first)
		text_add_format(text, "%s-%u->", outside, last->container);
	text_add_format(text, "%s%s", range, inside);
}

static bool is_itself(const struct port *port)
{
	return !port->host_first || port->host_first == port->container;
}

void object_ports_text(const struct container *container, struct text *text)
{
	AUTO_PORTS struct ports ports = {0};

	read_ports(container, &ports);
	if (!ports.count)
		return;
	qsort(ports.items, ports.count, sizeof(*ports.items), by_row);
	for (size_t i = 0; i < ports.count; i++) {
		const struct port *first = &ports.items[i];

		if (!is_itself(first))
			continue;
		while (i + 1 < ports.count && continues(&ports.items[i], &ports.items[i + 1]))
			i++;
		add_row(first, &ports.items[i], text);
	}
	/* Docker shows those that have another number outside last. */
	qsort(ports.items, ports.count, sizeof(*ports.items), by_number);
	for (size_t i = 0; i < ports.count; i++)
		if (!is_itself(&ports.items[i]))
			add_row(&ports.items[i], &ports.items[i], text);
}

bool object_has_port(const struct container *container, const char *range, bool of_host)
{
	AUTO_PORTS struct ports ports = {0}, wanted = {0};
	struct error unknown;

	read_ports(container, &ports);
	ports_add(&wanted, range, &unknown);
	for (size_t i = 0; i < ports.count; i++)
		for (size_t j = 0; j < wanted.count; j++)
			if (ports.items[i].protocol == wanted.items[j].protocol &&
			    wanted.items[j].container == (of_host ? ports.items[i].host_first
								  : ports.items[i].container))
				return true;
	return false;
}
