/* See networks.h; what changes while a container is there is in networks_change.c. */
#include "networks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address_pool.h"
#include "dns.h"
#include "events.h"
#include "file.h"
#include "link.h"
#include "path.h"
#include "record.h"
#include "trace.h"

#define CONTAINER_PREFIX "container:"

enum network_kind networks_kind(const struct container_config *config)
{
	const char *network = config->network ? config->network : "bridge";

	if (strcmp(network, "none") == 0)
		return NETWORK_NONE;
	if (strcmp(network, "host") == 0)
		return NETWORK_HOST;
	return text_starts_with(network, CONTAINER_PREFIX) ? NETWORK_CONTAINER : NETWORK_BRIDGES;
}

static bool is_users(const char *name)
{
	return strcmp(name, "bridge") != 0;
}

int networks_open(const struct engine *engine, const char *name, struct bridge_network *network,
		  struct error *err)
{
	if (is_users(name) ? bridge_network_load(engine->root, name, network, err) < 0
			   : bridge_network_open(engine->root, network, err) < 0)
		return -1;
	return bridge_network_up(network, err);
}

static struct bridge_network *room_for_all(const struct container *container,
					   struct networks *networks)
{
	networks->count = container->config.connection.member_count;
	networks->items = memory_zeroed(networks->count, sizeof(*networks->items));
	return networks->items;
}

int networks_load(const struct engine *engine, const struct container *container,
		  struct networks *networks, struct error *err)
{
	const struct connection *connection = &container->config.connection;
	struct bridge_network *network = room_for_all(container, networks);

	for (size_t i = 0; i < networks->count; i++)
		if (bridge_network_load(engine->root, connection->members[i].network, &network[i],
					err) < 0 &&
		    err->code != ENOENT)
			return -1;
	return 0;
}

/* Whether the first is the better way out: Docker's order. */
static bool comes_before(const struct membership *one, const struct membership *other)
{
	if (one->gateway_priority != other->gateway_priority)
		return one->gateway_priority > other->gateway_priority;
	return strcmp(one->network, other->network) < 0;
}

int networks_gateway(const struct container *container, const struct networks *networks,
		     enum ip_version version)
{
	const struct membership *members = container->config.connection.members;
	int best = -1;

	for (size_t i = 0; i < networks->count; i++) {
		const struct bridge_network *network = &networks->items[i];

		if (!network->internal && network->subnet[version].prefix_length &&
		    (best < 0 || comes_before(&members[i], &members[best])))
			best = (int)i;
	}
	return best;
}

/* --- before the start ---------------------------------------------------------------------- */

/* The container whose network this one shares. */
static int find_other(const struct engine *engine, const struct container_config *config,
		      struct container *other, struct error *err)
{
	const char *name = config->network + strlen(CONTAINER_PREFIX);

	if (container_find(engine, name, other, err) < 0)
		return -1;
	if (other->state.status == CONTAINER_RUNNING)
		return 0;
	return error_set(err, EINVAL, "cannot join network of a non running container: %s", name);
}

static int join_other(const struct engine *engine, const struct container_config *config,
		      struct error *err)
{
	AUTO_CONTAINER struct container other = {0};
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;

	if (find_other(engine, config, &other, err) < 0)
		return -1;
	path = memory_format("/proc/%d/ns/net", other.state.pid);
	trace("nsenter --net=%s", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		return error_sys(err, "enter the network of container %s", other.config.name);
	/* Still the same process? Then the namespace was its own. */
	if (record_pid_start(other.state.pid) != other.state.pid_start)
		return error_set(err, ESRCH, "container %s is not running", other.id);
	return 0;
}

static int hold_ports(const struct container *container, struct networks *networks,
		      struct error *err)
{
	const struct strings *ports = &container->config.connection.ports;

	for (size_t i = 0; i < ports->count; i++)
		if (ports_add(&networks->ports, ports->items[i], err) < 0)
			return -1;
	/* Before anything is started: a taken port is a reason not to. */
	if (ports_hold(&networks->ports, networks_gateway(container, networks, IPV6) >= 0, err) < 0)
		return error_wrap(
			err, "driver failed programming external connectivity on endpoint %s (%s)",
			container->config.name, container->id);
	return 0;
}

int networks_prepare(const struct engine *engine, const struct container *container,
		     struct networks *networks, struct error *err)
{
	const struct container_config *config = &container->config;
	const struct membership *members = config->connection.members;

	if (networks_kind(config) == NETWORK_CONTAINER)
		return join_other(engine, config, err);
	if (networks_kind(config) != NETWORK_BRIDGES)
		return 0;
	room_for_all(container, networks);
	for (size_t i = 0; i < networks->count; i++)
		if (networks_open(engine, members[i].network, &networks->items[i], err) < 0)
			return -1;
	return hold_ports(container, networks, err);
}

/* --- the start ----------------------------------------------------------------------------- */

/* What dnsmasq and the others on the network are to know it by. */
static int add_names(const struct container *container, const struct membership *member,
		     const struct bridge_network *network, const struct address *address,
		     struct error *err)
{
	const struct container_config *config = &container->config;
	AUTO_TEXT struct text lines = {0};

	/* Only what was created has an id. */
	if (!*network->id)
		return 0;
	for (unsigned version = 0; version < IP_VERSIONS; version++) {
		if (address[version].length == 0)
			continue;
		text_add_format(&lines, "%s %s %.12s", address_text(address[version]).text,
				config->name, container->id);
		if (config->hostname && strncmp(config->hostname, container->id, 12) != 0)
			text_add_format(&lines, " %s", config->hostname);
		for (size_t i = 0; i < member->aliases.count; i++)
			text_add_format(&lines, " %s", member->aliases.items[i]);
		text_add_string(&lines, "\n");
	}
	return dns_add(network, container->id, text_string(&lines), err);
}

int networks_join(const struct container *container, const struct membership *member,
		  const struct bridge_network *network, struct attachment *attachment,
		  struct error *err)
{
	for (unsigned i = 0; i < IP_VERSIONS; i++) {
		const char *wanted = member->wanted[i];

		if (wanted && (address_parse(wanted, &attachment->address[i]) < 0 ||
			       address_version(attachment->address[i]) != i))
			return error_set(err, EINVAL, "invalid IPv%c address: %s",
					 i == IPV6 ? '6' : '4', wanted);
		if (wanted && network->subnet[i].prefix_length == 0)
			return error_set(err, EINVAL, "no configured subnet contains IP address %s",
					 wanted);
	}
	if (member->mac && networks_parse_mac(member->mac, attachment->mac) < 0)
		return error_set(err, EINVAL, "%s is not a valid mac address", member->mac);
	if (bridge_attach(network, container->id, container->state.pid, attachment, err) < 0)
		return -1;
	return add_names(container, member, network, attachment->address, err);
}

/* A start, as far as it has come. */
struct starting {
	struct container *container;
	struct networks *networks;
	int gateway[IP_VERSIONS];	     /* which network is the way out; -1: none */
	struct address outside[IP_VERSIONS]; /* the container's addresses there */
	struct address *addresses;	     /* all of them */
	size_t address_count;
};

/* The i-th network of a container. */
static int attach_one(struct starting *starting, size_t i, struct error *err)
{
	const struct connection *connection = &starting->container->config.connection;
	struct attachment attachment = {.number = (unsigned)i};
	bool is_way_out = false;

	for (unsigned version = 0; version < IP_VERSIONS; version++) {
		attachment.no_route[version] = starting->gateway[version] != (int)i;
		is_way_out = is_way_out || !attachment.no_route[version];
	}
	if (networks_join(starting->container, &connection->members[i],
			  &starting->networks->items[i], &attachment, err) < 0)
		return -1;
	for (unsigned version = 0; version < IP_VERSIONS; version++) {
		if (attachment.address[version].length)
			starting->addresses[starting->address_count++] =
				attachment.address[version];
		if (!attachment.no_route[version])
			starting->outside[version] = attachment.address[version];
	}
	return is_way_out && starting->networks->ports.count
		       ? bridge_allow_own_ports(&starting->networks->items[i],
						starting->container->id, err)
		       : 0;
}

/* All networks in order. */
static int attach_all(struct starting *starting, struct resolver_config *names, struct error *err)
{
	const struct networks *networks = starting->networks;

	for (unsigned version = 0; version < IP_VERSIONS; version++)
		starting->gateway[version] =
			networks_gateway(starting->container, networks, version);
	for (size_t i = 0; i < networks->count; i++) {
		if (attach_one(starting, i, err) < 0)
			return -1;
		if (*networks->items[i].id && !names->server.length)
			names->server = networks->items[i].subnet[IPV4].gateway;
	}
	if (starting->gateway[IPV4] >= 0)
		names->gateway = networks->items[starting->gateway[IPV4]].subnet[IPV4].gateway;
	return 0;
}

/* What is published is recorded before: if we are killed, it can be withdrawn. */
static int publish(struct starting *starting, struct error *err)
{
	const struct ports *ports = &starting->networks->ports;
	struct strings *told = &starting->container->state.ports;

	strings_release(told);
	if (ports->count == 0 || starting->gateway[IPV4] < 0)
		return 0;
	for (size_t i = 0; i < ports->count; i++) {
		AUTO_FREE char *spec = port_spec(&ports->items[i]);

		strings_add(told, spec);
	}
	if (record_save_state(starting->container, starting->container->dir, false, err) < 0)
		return -1;
	return ports_publish(ports, starting->networks->items[0].table, starting->outside, err);
}

/* Who shares a network shares its names. */
static int copy_names(const struct engine *engine, const struct container *container,
		      struct error *err)
{
	static const char *const files[] = {"hostname", "hosts", "resolv.conf"};
	AUTO_CONTAINER struct container other = {0};

	if (find_other(engine, &container->config, &other, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		AUTO_FREE char *from = path_join(other.dir, files[i]);
		AUTO_FREE char *to = path_join(container->dir, files[i]);
		AUTO_TEXT struct text text = {0};

		if (file_read(AT_FDCWD, from, 1 << 20, &text, err) < 0 ||
		    file_replace(to, &text, 0644, false, err) < 0)
			return -1;
	}
	return 0;
}

int networks_attach(const struct engine *engine, struct container *container,
		    struct networks *networks, pid_t pid, struct error *err)
{
	static const enum resolver_mode modes[] = {
		[NETWORK_NONE] = RESOLVER_NONE,
		[NETWORK_HOST] = RESOLVER_HOST,
		[NETWORK_BRIDGES] = RESOLVER_BRIDGE,
	};
	enum network_kind kind = networks_kind(&container->config);
	struct resolver_config names = {.hostname = container->config.hostname,
					.wishes = &container->config.connection.names};
	AUTO_FREE struct address *addresses =
		memory_zeroed(networks->count * IP_VERSIONS, sizeof(*addresses));
	struct starting starting = {container, networks, .addresses = addresses};

	container->state.pid = pid;
	if (kind == NETWORK_CONTAINER)
		return copy_names(engine, container, err);
	if (attach_all(&starting, &names, err) < 0 || publish(&starting, err) < 0)
		return -1;
	names.mode = modes[kind];
	names.addresses = addresses;
	names.address_count = starting.address_count;
	/* With the addresses, and before the child binds the files. */
	return resolver_write(container->dir, &names, err);
}

/* --- the end ------------------------------------------------------------------------------- */

static void withdraw(const struct container *container, const struct bridge_network *network)
{
	AUTO_PORTS struct ports ports = {0};
	struct error unknown;

	for (size_t i = 0; i < container->state.ports.count; i++)
		ports_add(&ports, container->state.ports.items[i], &unknown);
	ports_withdraw(&ports, network->table);
}

int networks_give_back(const struct engine *engine, const struct container *container,
		       struct error *err)
{
	const struct connection *connection = &container->config.connection;
	int result = 0;

	for (size_t i = 0; i < connection->member_count; i++) {
		struct bridge_network network;

		if (bridge_network_load(engine->root, connection->members[i].network, &network,
					err) < 0) {
			result = err->code == ENOENT ? result : -1;
			continue;
		}
		if (i == 0)
			withdraw(container, &network);
		dns_remove(&network, container->id);
		if (bridge_detach(&network, container->id, err) < 0)
			result = -1;
	}
	return result;
}

void networks_release(struct networks *networks)
{
	ports_release(&networks->ports);
	cleanup_memory(&networks->items);
	networks->count = 0;
}

/* --- looking ------------------------------------------------------------------------------- */

int networks_list(const struct engine *engine, struct strings *names, struct error *err)
{
	AUTO_FREE char *path = path_join(engine->root, "networks");
	AUTO_CLOSE_DIR DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir && errno != ENOENT)
		return error_sys(err, "read directory '%s'", path);
	strings_add(names, "bridge");
	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.' && is_users(entry->d_name))
			strings_add(names, entry->d_name);
	strings_sort(names);
	return 0;
}

int networks_find(const struct engine *engine, const char *name, char **found, struct error *err)
{
	AUTO_STRINGS struct strings names = {0};
	const char *match = NULL;

	if (networks_list(engine, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		struct bridge_network network;

		if (strcmp(names.items[i], name) == 0) {
			*found = memory_string(name);
			return 0;
		}
		if (*name &&
		    bridge_network_load(engine->root, names.items[i], &network, err) == 0 &&
		    text_starts_with(network.id, name))
			match = names.items[i];
	}
	if (!match)
		return error_set(err, ENOENT, "network %s not found", name);
	*found = memory_string(match);
	return 0;
}

int networks_remove(const struct engine *engine, const char *name, struct error *err)
{
	struct bridge_network network = {0};

	if (bridge_network_load(engine->root, name, &network, err) < 0 ||
	    bridge_network_remove(engine->root, name, err) < 0)
		return -1;
	events_add_network(engine, "destroy", name, network.id, NULL);
	return 0;
}

int networks_check_member(const struct membership *member, struct error *err)
{
	if (is_users(member->network))
		return 0;
	if (member->wanted[IPV4] || member->wanted[IPV6])
		return error_set(
			err, EINVAL,
			"invalid config for network bridge: invalid endpoint settings: user specified IP address is supported on user defined networks only");
	if (member->aliases.count)
		return error_set(
			err, EINVAL,
			"invalid config for network bridge: network-scoped aliases are only supported for user-defined networks");
	return 0;
}

int networks_parse_mac(const char *text, uint8_t mac[6])
{
	int end = 0;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		      &mac[3], &mac[4], &mac[5], &end) == 6 &&
			       text[end] == '\0'
		       ? 0
		       : -1;
}

struct short_text networks_mac(const struct membership *member, struct address address)
{
	struct short_text text;
	uint8_t mac[6];

	bridge_mac(address, mac);
	text = mac_text(mac);
	if (member->mac)
		snprintf(text.text, sizeof(text.text), "%s", member->mac);
	return text;
}

struct address networks_address(const struct bridge_network *network, const char *id,
				enum ip_version version)
{
	AUTO_CLOSE int fd = open(network->leases, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct address_pool pool = {.dir = network->leases, .dir_fd = fd};
	struct address address = {0};
	struct leases leases = {0};
	struct error none;

	if (fd < 0 || address_pool_list(&pool, &leases, &none) < 0)
		return address;
	for (size_t i = 0; i < leases.count; i++)
		if (strcmp(leases.items[i].id, id) == 0 &&
		    address_version(leases.items[i].address) == version)
			address = leases.items[i].address;
	cleanup_memory(&leases.items);
	return address;
}
