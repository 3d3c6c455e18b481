/* See connection.h. */
#include "connection.h"

#include <string.h>

#include "cleanup.h"

struct list {
	const char *name;
	size_t offset;
};

static const struct list lists[] = {
	{"networks", offsetof(struct connection, networks)},
	{"ports", offsetof(struct connection, ports)},
	{"exposed", offsetof(struct connection, exposed)},
	{"aliases", offsetof(struct connection, aliases)},
	{"dns", offsetof(struct connection, names.servers)},
	{"dns_search", offsetof(struct connection, names.searches)},
	{"dns_options", offsetof(struct connection, names.options)},
	{"hosts", offsetof(struct connection, names.hosts)},
};

static int get_string(const cJSON *object, const char *name, char **value, struct error *err)
{
	const char *found = NULL;

	if (json_get_string(object, name, &found, err) < 0)
		return -1;
	*value = found ? memory_string(found) : NULL;
	return 0;
}

void connection_add(cJSON *record, const struct connection *connection)
{
	cJSON *to = cJSON_AddObjectToObject(record, "connection");

	for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
		json_add_strings(
			to, lists[i].name,
			(const struct strings *)((const char *)connection + lists[i].offset));
	if (connection->address)
		cJSON_AddStringToObject(to, "address", connection->address);
	if (connection->mac)
		cJSON_AddStringToObject(to, "mac", connection->mac);
}

int connection_read(const cJSON *record, struct connection *connection, struct error *err)
{
	const cJSON *from = NULL;

	if (json_get_object(record, "connection", &from, err) < 0)
		return -1;
	if (!from)
		return 0;
	for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
		if (json_get_strings(from, lists[i].name,
				     (struct strings *)((char *)connection + lists[i].offset),
				     err) < 0)
			return -1;
	if (get_string(from, "address", &connection->address, err) < 0)
		return -1;
	return get_string(from, "mac", &connection->mac, err);
}

void connection_release(struct connection *connection)
{
	strings_release(&connection->networks);
	strings_release(&connection->ports);
	strings_release(&connection->exposed);
	strings_release(&connection->aliases);
	resolver_wishes_release(&connection->names);
	cleanup_memory(&connection->address);
	cleanup_memory(&connection->mac);
}
