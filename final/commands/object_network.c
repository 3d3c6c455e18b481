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

static void add_network(cJSON *to, const struct container *container,
			const struct bridge_network *network, bool with_id)
{
	bool running = container->state.status == CONTAINER_RUNNING;
	struct in_addr address = {0};
	AUTO_FREE char *mac = NULL;
	const uint8_t *bytes = (const uint8_t *)&address.s_addr;

	if (network && running)
		address = networks_address(network, container->id);
	running = address.s_addr != 0;
	mac = !running ? memory_string("")
	      : container->config.connection.mac
		      ? memory_string(container->config.connection.mac)
		      : memory_format("02:42:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2],
				      bytes[3]);
	if (with_id)
		cJSON_AddStringToObject(to, "NetworkID", network ? network->id : "");
	cJSON_AddStringToObject(to, "Gateway",
				running && !network->internal ? address_text(network->gateway).text
							      : "");
	cJSON_AddStringToObject(to, "IPAddress", running ? address_text(address).text : "");
	json_add_number(to, "IPPrefixLen", running ? network->prefix_length : 0);
	cJSON_AddStringToObject(to, "MacAddress", mac);
}

void object_add_network_settings(cJSON *object, const struct engine *engine,
				 const struct container *container)
{
	cJSON *to = cJSON_AddObjectToObject(object, "NetworkSettings"), *all;
	bool running = container->state.status == CONTAINER_RUNNING;
	const struct connection *connection = &container->config.connection;
	AUTO_STRINGS struct strings names = {0};
	const struct strings none = {0};

	networks_names(&container->config, &names);
	object_add_ports(to, "Ports", running ? &connection->exposed : &none,
			 running ? &container->state.ports : &none);
	all = cJSON_CreateObject();
	if (names.count == 0) {
		add_network(cJSON_AddObjectToObject(all, container->config.network), container,
			    NULL, true);
		add_network(to, container, NULL, false);
	}
	for (size_t i = 0; i < names.count; i++) {
		struct bridge_network network;
		struct error gone;
		bool there =
			bridge_network_load(engine->root, names.items[i], &network, &gone) == 0;
		cJSON *one = cJSON_AddObjectToObject(all, names.items[i]);

		add_network(one, container, there ? &network : NULL, true);
		json_add_strings(one, "Aliases", &connection->aliases);
		/* Docker repeats here what is so of the default bridge. */
		if (i == 0)
			add_network(to, container, there ? &network : NULL, false);
	}
	cJSON_AddItemToObject(to, "Networks", all);
}
