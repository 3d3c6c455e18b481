/* See connection.h. */
#include "connection.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"

struct list {
	const char *name;
	size_t offset;
};

static const struct list lists[] = {
	{"ports", offsetof(struct connection, ports)},
	{"exposed", offsetof(struct connection, exposed)},
	{"dns", offsetof(struct connection, names.servers)},
	{"dns_search", offsetof(struct connection, names.searches)},
	{"dns_options", offsetof(struct connection, names.options)},
	{"hosts", offsetof(struct connection, names.hosts)},
};

static const struct list texts_of_member[] = {
	{"network", offsetof(struct membership, network)},
	{"address", offsetof(struct membership, wanted[IPV4])},
	{"address6", offsetof(struct membership, wanted[IPV6])},
	{"mac", offsetof(struct membership, mac)},
};

static void add_member(cJSON *to, const struct membership *member)
{
	cJSON *object = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_LENGTH(texts_of_member); i++) {
		const struct list *row = &texts_of_member[i];
		const char *text = *(char *const *)((const char *)member + row->offset);

		if (text)
			cJSON_AddStringToObject(object, row->name, text);
	}
	json_add_strings(object, "aliases", &member->aliases);
	json_add_number(object, "gateway_priority", member->gateway_priority);
	cJSON_AddItemToArray(to, object);
}

static int read_member(const cJSON *object, struct membership *member, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LENGTH(texts_of_member); i++) {
		const struct list *row = &texts_of_member[i];
		const char *found = NULL;

		if (json_get_string(object, row->name, &found, err) < 0)
			return -1;
		if (found)
			*(char **)((char *)member + row->offset) = memory_string(found);
	}
	/* It may be below 0, which json_get_number has no use for. */
	member->gateway_priority = (int64_t)cJSON_GetNumberValue(
		cJSON_GetObjectItemCaseSensitive(object, "gateway_priority"));
	if (json_get_strings(object, "aliases", &member->aliases, err) < 0)
		return -1;
	return member->network ? 0 : error_set(err, EINVAL, "a network without a name");
}

static int read_members(const cJSON *from, struct connection *connection, struct error *err)
{
	const cJSON *members = NULL, *object;

	if (json_get_array(from, "members", &members, err) < 0)
		return -1;
	cJSON_ArrayForEach(object, members) {
		struct membership member = {0};

		if (read_member(object, &member, err) < 0) {
			membership_release(&member);
			return -1;
		}
		struct membership *added = connection_add_member(connection, "");

		membership_release(added);
		*added = member;
	}
	return 0;
}

struct membership *connection_add_member(struct connection *connection, const char *network)
{
	struct membership *member;

	connection->members = memory_resized(connection->members, connection->member_count + 1,
					     sizeof(*connection->members));
	member = &connection->members[connection->member_count++];
	*member = (struct membership){.network = memory_string(network)};
	return member;
}

struct membership *connection_find_member(const struct connection *connection, const char *network)
{
	for (size_t i = 0; i < connection->member_count; i++)
		if (strcmp(connection->members[i].network, network) == 0)
			return &connection->members[i];
	return NULL;
}

void connection_remove_member(struct connection *connection, const char *network)
{
	struct membership *member = connection_find_member(connection, network);
	struct membership *end = connection->members + connection->member_count;

	if (!member)
		return;
	membership_release(member);
	memmove(member, member + 1, (size_t)(end - member - 1) * sizeof(*member));
	connection->member_count--;
}

void connection_add(cJSON *record, const struct connection *connection)
{
	cJSON *to = cJSON_AddObjectToObject(record, "connection");
	cJSON *members = cJSON_AddArrayToObject(to, "members");

	for (size_t i = 0; i < connection->member_count; i++)
		add_member(members, &connection->members[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
		json_add_strings(
			to, lists[i].name,
			(const struct strings *)((const char *)connection + lists[i].offset));
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
	return read_members(from, connection, err);
}

void membership_release(struct membership *member)
{
	cleanup_memory(&member->network);
	strings_release(&member->aliases);
	for (unsigned i = 0; i < IP_VERSIONS; i++)
		cleanup_memory(&member->wanted[i]);
	cleanup_memory(&member->mac);
}

void connection_release(struct connection *connection)
{
	for (size_t i = 0; i < connection->member_count; i++)
		membership_release(&connection->members[i]);
	cleanup_memory(&connection->members);
	connection->member_count = 0;
	strings_release(&connection->ports);
	strings_release(&connection->exposed);
	resolver_wishes_release(&connection->names);
}
