/* What inspect, ps and port show of a container's networks and ports; see object.h. */
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "networks.h"
#include "object.h"
#include "port.h"

static void add_binding(cJSON *ports, const struct port *port, bool bound)
{
	AUTO_FREE char *inside = port_inside(port);
	cJSON *list = cJSON_GetObjectItemCaseSensitive(ports, inside), *binding;
	AUTO_FREE char *number =
		port->host_first ? memory_format("%u", port->host_first) : memory_string("");

	if (!bound) {
		if (!list)
			cJSON_AddNullToObject(ports, inside);
		return;
	}
	if (!cJSON_IsArray(list)) {
		cJSON_DeleteItemFromObjectCaseSensitive(ports, inside);
		list = cJSON_AddArrayToObject(ports, inside);
	}
	binding = cJSON_CreateObject();
	cJSON_AddStringToObject(binding, "HostIp", address_text(port->host_address).text);
	cJSON_AddStringToObject(binding, "HostPort", number);
	cJSON_AddItemToArray(list, binding);
}

void object_add_ports(cJSON *object, const char *name, const struct strings *exposed,
		      const struct strings *bound)
{
	const struct strings *both[] = {exposed, bound};
	cJSON *to = cJSON_AddObjectToObject(object, name);

	for (size_t i = 0; i < ARRAY_LENGTH(both); i++) {
		AUTO_PORTS struct ports ports = {0};
		struct error unknown;

		for (size_t j = 0; both[i] && j < both[i]->count; j++)
			ports_add(&ports, both[i]->items[j], &unknown);
		for (size_t j = 0; j < ports.count; j++)
			add_binding(to, &ports.items[j], both[i] == bound);
	}
}

/* The members of one kind of address. */
struct address_names {
	const char *gateway, *address, *prefix_length, *wanted;
};

static const struct address_names address_names[IP_VERSIONS] = {
	[IPV4] = {"Gateway", "IPAddress", "IPPrefixLen", "IPv4Address"},
	[IPV6] = {"IPv6Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPv6Address"},
};

/* What it was given there; `network` is NULL if it has none, or that is gone. */
static void add_addresses(cJSON *to, const struct container *container,
			  const struct membership *member, const struct bridge_network *network)
{
	bool running = network && container->state.status == CONTAINER_RUNNING;
	struct short_text mac = {""};

	for (unsigned i = 0; i < IP_VERSIONS; i++) {
		const struct address_names *names = &address_names[i];
		struct address address = {0}, gateway = {0};

		if (running)
			address = networks_address(network, container->id, i);
		if (address.length && !network->internal)
			gateway = network->subnet[i].gateway;
		if (address.length && i == IPV4)
			mac = networks_mac(member, address);
		cJSON_AddStringToObject(to, names->gateway, address_text(gateway).text);
		cJSON_AddStringToObject(to, names->address, address_text(address).text);
		json_add_number(to, names->prefix_length,
				address.length ? network->subnet[i].prefix_length : 0);
	}
	cJSON_AddStringToObject(to, "MacAddress", mac.text);
}

/* What was asked for there, as Docker calls it. */
static void add_wishes(cJSON *to, const struct membership *member)
{
	cJSON *ipam = NULL;

	for (unsigned i = 0; i < IP_VERSIONS; i++) {
		if (!member->wanted[i])
			continue;
		if (!ipam)
			ipam = cJSON_AddObjectToObject(to, "IPAMConfig");
		cJSON_AddStringToObject(ipam, address_names[i].wanted, member->wanted[i]);
	}
	if (!ipam)
		cJSON_AddNullToObject(to, "IPAMConfig");
	json_add_strings(to, "Aliases", &member->aliases);
	json_add_number(to, "GwPriority", member->gateway_priority);
}

/* One that it is in, as a member of *all; Docker repeats in *to what is so of the first. */
static void add_network(cJSON *all, cJSON *to, const struct engine *engine,
			const struct container *container, const struct membership *member)
{
	cJSON *one = cJSON_AddObjectToObject(all, member->network);
	struct bridge_network network = {0};
	struct error gone;
	bool there = bridge_network_load(engine->root, member->network, &network, &gone) == 0;

	add_wishes(one, member);
	cJSON_AddStringToObject(one, "NetworkID", network.id);
	add_addresses(one, container, member, there ? &network : NULL);
	if (to)
		add_addresses(to, container, member, there ? &network : NULL);
}

void object_add_network_settings(cJSON *object, const struct engine *engine,
				 const struct container *container)
{
	cJSON *to = cJSON_AddObjectToObject(object, "NetworkSettings"), *all, *one;
	bool running = container->state.status == CONTAINER_RUNNING;
	const struct connection *connection = &container->config.connection;
	const struct strings none = {0};

	object_add_ports(to, "Ports", running ? &connection->exposed : &none,
			 running ? &container->state.ports : &none);
	all = cJSON_CreateObject();
	if (connection->member_count == 0) {
		one = cJSON_AddObjectToObject(all, container->config.network);
		cJSON_AddStringToObject(one, "NetworkID", "");
		add_addresses(one, container, NULL, NULL);
		add_addresses(to, container, NULL, NULL);
	}
	for (size_t i = 0; i < connection->member_count; i++)
		add_network(all, i == 0 ? to : NULL, engine, container, &connection->members[i]);
	cJSON_AddItemToObject(to, "Networks", all);
}
