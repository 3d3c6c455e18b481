/* See run_network.h. */
#include "run_network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "networks.h"
#include "program.h"

#define FIELD(name) offsetof(struct run_network_options, name)

/* --- values --------------------------------------------------------------------------------- */

static int parse_address(void *field, const char *value, enum ip_version version, struct error *err)
{
	struct address address;

	if (address_parse(value, &address) < 0 || address_version(address) != version)
		return error_set(err, EINVAL, "invalid IPv%c address: %s",
				 version == IPV6 ? '6' : '4', value);
	return option_string(field, value, err);
}

int run_network_address(void *field, const char *value, struct error *err)
{
	return parse_address(field, value, IPV4, err);
}

int run_network_address6(void *field, const char *value, struct error *err)
{
	return parse_address(field, value, IPV6, err);
}

int run_network_priority(const char *value, int64_t *priority, struct error *err)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (errno || !*value || *end || number > INT32_MAX || number < INT32_MIN)
		return error_set(err, EINVAL, "invalid gw-priority: %s", value);
	*priority = number;
	return 0;
}

static int option_mac(void *field, const char *value, struct error *err)
{
	uint8_t mac[6];

	if (networks_parse_mac(value, mac) < 0)
		return error_set(err, EINVAL, "%s is not a valid mac address", value);
	return option_string(field, value, err);
}

/* One "key=value" of the long form. */
static int set_field(struct membership *member, const char *key, const char *value,
		     struct error *err)
{
	static const struct {
		const char *key;
		int (*parse)(void *field, const char *value, struct error *err);
		size_t offset;
	} fields[] = {
		{"name", option_string, offsetof(struct membership, network)},
		{"alias", option_strings, offsetof(struct membership, aliases)},
		{"ip", run_network_address, offsetof(struct membership, wanted[IPV4])},
		{"ip6", run_network_address6, offsetof(struct membership, wanted[IPV6])},
		{"mac-address", option_mac, offsetof(struct membership, mac)},
	};

	if (strcmp(key, "gw-priority") == 0)
		return run_network_priority(value, &member->gateway_priority, err);
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
		if (strcmp(key, fields[i].key) == 0)
			return fields[i].parse((char *)member + fields[i].offset, value, err);
	return error_set(err, EINVAL, "invalid field key %s", key);
}

static int read_long(struct membership *member, const char *value, struct error *err)
{
	AUTO_FREE char *copy = memory_string(value);
	char *rest, *field = strtok_r(copy, ",", &rest);

	for (; field; field = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(field, '=');

		if (!equals)
			return error_set(err, EINVAL, "invalid field: %s", field);
		*equals = '\0';
		if (set_field(member, field, equals + 1, err) < 0)
			return -1;
	}
	return *member->network ? 0 : error_set(err, EINVAL, "network name/id is not specified");
}

/* A name, or "name=NAME,alias=…"; "default" is the bridge. */
static int option_network(void *field, const char *value, struct error *err)
{
	bool is_long = strchr(value, '=') && !text_starts_with(value, "container:");
	struct membership *member = connection_add_member(field, is_long ? "" : value);

	if (is_long && read_long(member, value, err) < 0)
		return -1;
	if (strcmp(member->network, "default") == 0) {
		cleanup_memory(&member->network);
		member->network = memory_string("bridge");
	}
	return 0;
}

#define NETWORK_HELP                                                                               \
	"bridge, none, host, container:NAME, or one that was created; several of the last; "       \
	"name=NAME with any of alias=, ip=, ip6=, mac-address=, gw-priority="

const struct option_row run_network_rows[] = {
	{"network", 0, "NAME", option_network, FIELD(wanted), NETWORK_HELP, "CLONE_NEWNET, veth",
	 "veth(4)"},
	{"net", 0, "NAME", option_network, FIELD(wanted), "The same", "CLONE_NEWNET, veth",
	 "veth(4)"},
	{"network-alias", 0, "NAME", option_strings, FIELD(first.aliases),
	 "One more name on the first network, one that was created", NULL, NULL},
	{"ip", 0, "ADDRESS", run_network_address, FIELD(first.wanted[IPV4]),
	 "Its address on the first network", NULL, "ip-address(8)"},
	{"ip6", 0, "ADDRESS", run_network_address6, FIELD(first.wanted[IPV6]),
	 "Its address of IPv6 there", NULL, "ip-address(8)"},
	{"mac-address", 0, "MAC", option_mac, FIELD(first.mac), "Of its first interface", NULL,
	 NULL},
	{0},
};

const char *run_network_first(const struct run_network_options *options)
{
	return options->wanted.member_count ? options->wanted.members[0].network : "bridge";
}

/* --- what goes together --------------------------------------------------------------------- */

/* Moves a text of the other options into the first network's. */
static int merge(char **into, char **from, const char *option, const char *what, struct error *err)
{
	if (*into && *from)
		return error_set(err, EINVAL,
				 "conflicting options: cannot specify both --%s and per-network %s",
				 option, what);
	if (!*into)
		*into = take_ptr(from);
	return 0;
}

static int merge_first(struct run_network_options *options, struct error *err)
{
	struct membership *from = &options->first, *into = options->wanted.members;

	if (into->aliases.count && from->aliases.count)
		return error_set(
			err, EINVAL,
			"conflicting options: cannot specify both --network-alias and per-network alias");
	strings_add_all(&into->aliases, &from->aliases);
	if (merge(&into->wanted[IPV4], &from->wanted[IPV4], "ip", "IPv4 address", err) < 0 ||
	    merge(&into->wanted[IPV6], &from->wanted[IPV6], "ip6", "IPv6 address", err) < 0)
		return -1;
	return merge(&into->mac, &from->mac, "mac-address", "MAC address", err);
}

static int check(const struct run_network_options *options, const struct network_options *basic,
		 const struct container_config *config, struct error *err)
{
	enum network_kind kind = networks_kind(config);

	if (kind != NETWORK_BRIDGES && options->wanted.member_count > 1)
		return error_set(
			err, EINVAL,
			"conflicting options: cannot attach both user-defined and non-user-defined network-modes");
	if (kind == NETWORK_CONTAINER && basic->ports.count)
		return error_set(
			err, EINVAL,
			"conflicting options: port publishing and the container type network mode");
	return 0;
}

/* Gives the configuration its networks, each by its whole name. */
static int set_networks(struct run_network_options *options, const struct engine *engine,
			struct container_config *config, struct error *err)
{
	for (size_t i = 0; i < options->wanted.member_count; i++) {
		struct membership *member = &options->wanted.members[i], *added;
		AUTO_FREE char *found = NULL;

		if (networks_find(engine, member->network, &found, err) < 0 ||
		    networks_check_member(member, err) < 0)
			return -1;
		if (connection_find_member(&config->connection, found))
			return error_set(err, EINVAL, "network \"%s\" is specified multiple times",
					 found);
		added = connection_add_member(&config->connection, found);
		membership_release(added);
		*added = *member;
		*member = (struct membership){0};
		cleanup_memory(&added->network);
		added->network = take_ptr(&found);
	}
	cleanup_memory(&config->network);
	config->network = memory_string(config->connection.members[0].network);
	return 0;
}

int run_network_apply(struct run_network_options *options, struct network_options *basic,
		      const struct engine *engine, struct container_config *config,
		      struct error *err)
{
	struct connection *connection = &config->connection;
	bool bridges = networks_kind(config) == NETWORK_BRIDGES;
	const struct strings none = {0};

	if (network_options_apply(basic, &none, err) < 0)
		return -1;
	if (options->wanted.member_count == 0)
		connection_add_member(&options->wanted, "bridge");
	if (check(options, basic, config, err) < 0 || merge_first(options, err) < 0 ||
	    (bridges && set_networks(options, engine, config, err) < 0))
		return -1;
	if (basic->ports.count && networks_kind(config) == NETWORK_HOST)
		program_warn(&(struct strings){
			(char *[]){"Published ports are discarded when using host network mode"},
			1});
	/* Docker's: on the host's network a port needs no publishing, on none it can't be. */
	for (size_t i = 0; i < basic->ports.count && bridges; i++) {
		AUTO_FREE char *spec = port_spec(&basic->ports.items[i]);

		strings_add(&connection->ports, spec);
	}
	strings_add_all(&connection->exposed, &basic->expose);
	connection->names = basic->names;
	basic->names = (struct resolver_wishes){0};
	return 0;
}

void run_network_warn(const struct container_config *config)
{
	AUTO_STRINGS struct strings warnings = {0};

	if (config && networks_kind(config) != NETWORK_BRIDGES)
		return;
	bridge_warnings(&warnings);
	program_warn(&warnings);
}

void run_network_release(struct run_network_options *options)
{
	connection_release(&options->wanted);
	membership_release(&options->first);
}
