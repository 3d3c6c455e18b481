/* Docker's ways to write a published port: ports_add and the texts of port.h. */
#include <netinet/in.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "port.h"

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}};

struct range {
	uint16_t first, last;
};

/* The parts of one -p, cut out of a copy of it. */
struct parts {
	const char *address, *host, *container, *protocol;
};

static int parse_number(const char *text, uint16_t *number)
{
	struct error unknown;
	uint64_t value = 0;

	if (text_to_number(text, 65535, &value, &unknown) < 0 || value == 0)
		return -1;
	*number = (uint16_t)value;
	return 0;
}

/* "80" or "80-90". */
static int parse_range(const char *text, const char *what, struct range *range, struct error *err)
{
	AUTO_FREE char *copy = memory_string(text);
	char *dash = strchr(copy, '-');
	struct range read;

	if (dash)
		*dash = '\0';
	if (parse_number(copy, &read.first) < 0 ||
	    parse_number(dash ? dash + 1 : copy, &read.last) < 0 || read.last < read.first)
		return error_set(err, EINVAL, "invalid %s: %s", what, text);
	*range = read;
	return 0;
}

static int parse_protocol(const char *text, uint8_t *protocol, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LENGTH(protocols); i++)
		if (strcasecmp(text, protocols[i].name) == 0) {
			*protocol = protocols[i].number;
			return 0;
		}
	return error_set(err, EINVAL, "invalid proto: %s", text);
}

static int parse_address(const char *text, struct address *address, struct error *err)
{
	size_t length = strlen(text);
	bool brackets = *text == '[' && text[length - 1] == ']';
	AUTO_FREE char *plain =
		memory_format("%.*s", (int)(length - 2 * brackets), text + brackets);

	if (!*text)
		return 0;
	if (address_parse(plain, address) < 0)
		return error_set(err, EINVAL, "invalid IP address: %s", text);
	return 0;
}

/* "target=80,published=8080,protocol=udp" */
static int split_long(char *text, struct parts *parts, struct error *err)
{
	char *rest, *word = strtok_r(text, ",", &rest);

	for (; word; word = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(word, '=');

		if (!value)
			return error_set(
				err, EINVAL,
				"invalid publish opts format (should be name=value but got '%s')",
				word);
		*value++ = '\0';
		if (strcmp(word, "target") == 0)
			parts->container = value;
		else if (strcmp(word, "published") == 0)
			parts->host = value;
		else if (strcmp(word, "protocol") == 0)
			parts->protocol = value;
		else if (strcmp(word, "mode") != 0) /* of clusters */
			return error_set(err, EINVAL, "invalid field key %s", word);
	}
	return 0;
}

/* "127.0.0.1:8080:80/udp", cut from its end. */
static void split_short(char *text, struct parts *parts)
{
	char *slash = strchr(text, '/'), *colon;

	if (slash) {
		*slash = '\0';
		parts->protocol = slash + 1;
	}
	colon = strrchr(text, ':');
	parts->container = colon ? colon + 1 : text;
	if (!colon)
		return;
	*colon = '\0';
	colon = strrchr(text, ':');
	parts->host = colon ? colon + 1 : text;
	if (!colon)
		return;
	*colon = '\0';
	parts->address = text;
}

static void add(struct ports *ports, const struct port *port)
{
	ports->items = memory_resized(ports->items, ports->count + 1, sizeof(*port));
	ports->items[ports->count++] = *port;
}

static const char *protocol_name(const struct port *port)
{
	for (size_t i = 0; i < ARRAY_LENGTH(protocols); i++)
		if (protocols[i].number == port->protocol)
			return protocols[i].name;
	return "";
}

/* One for each of the container's ports: a range of the host's is as long, or one is chosen of it. */
static int add_ranges(struct ports *ports, struct port port, const struct parts *parts,
		      struct error *err)
{
	struct range host = {0}, inside;
	unsigned count;

	if (parse_range(parts->container, "containerPort", &inside, err) < 0 ||
	    (*parts->host && parse_range(parts->host, "hostPort", &host, err) < 0))
		return -1;
	count = 1U + inside.last - inside.first;
	if (*parts->host && count > 1 && host.last - host.first != inside.last - inside.first)
		return error_set(err, EINVAL,
				 "invalid ranges specified for container and host Ports: %s and %s",
				 parts->container, parts->host);
	for (unsigned i = 0; i < count; i++) {
		port.container = (uint16_t)(inside.first + i);
		port.host_first = (uint16_t)(host.first + (*parts->host ? i : 0));
		port.host_last = count > 1 ? port.host_first : host.last;
		add(ports, &port);
	}
	return 0;
}

int ports_add(struct ports *ports, const char *text, struct error *err)
{
	AUTO_FREE char *copy = memory_string(text);
	struct parts parts = {"", "", "", "tcp"};
	struct port port = {0};

	if (!strchr(copy, '='))
		split_short(copy, &parts);
	else if (split_long(copy, &parts, err) < 0)
		return -1;
	if (!*parts.container)
		return error_set(err, EINVAL, "no port specified: %s<empty>", text);
	if (parse_protocol(parts.protocol, &port.protocol, err) < 0 ||
	    parse_address(parts.address, &port.host_address, err) < 0)
		return -1;
	return add_ranges(ports, port, &parts, err);
}

char *port_spec(const struct port *port)
{
	AUTO_FREE char *host = port->host_first == 0 ? memory_string("")
			       : port->host_last == port->host_first
				       ? memory_format("%u", port->host_first)
				       : memory_format("%u-%u", port->host_first, port->host_last);

	return memory_format("%s:%s:%u/%s", address_bracketed(port->host_address).text, host,
			     port->container, protocol_name(port));
}

char *port_inside(const struct port *port)
{
	return memory_format("%u/%s", port->container, protocol_name(port));
}

char *port_outside(const struct port *port)
{
	return memory_format("%s:%u", address_bracketed(port->host_address).text, port->host_first);
}
