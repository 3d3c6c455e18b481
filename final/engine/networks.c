/* See networks.h. */
#include "networks.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
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

void networks_names(const struct container_config *config, struct strings *names)
{
	if (networks_kind(config) != NETWORK_BRIDGES)
		return;
	strings_add(names, config->network ? config->network : "bridge");
	strings_add_all(names, &config->connection.networks);
}

static bool is_users(const char *name)
{
	return strcmp(name, "bridge") != 0;
}

static int open_network(const struct engine *engine, const char *name,
			struct bridge_network *network, struct error *err)
{
	if (is_users(name) ? bridge_network_load(engine->root, name, network, err) < 0
			   : bridge_network_open(engine->root, network, err) < 0)
		return -1;
	return bridge_network_up(network, err);
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
	return 0;
}

int networks_prepare(const struct engine *engine, const struct container *container,
		     struct networks *networks, struct error *err)
{
	const struct container_config *config = &container->config;
	const struct strings *ports = &config->connection.ports;

	if (networks_kind(config) == NETWORK_CONTAINER)
		return join_other(engine, config, err);
	if (networks_kind(config) != NETWORK_BRIDGES)
		return 0;
	networks_names(config, &networks->names);
	networks->items = memory_zeroed(networks->names.count, sizeof(*networks->items));
	for (size_t i = 0; i < networks->names.count; i++)
		if (open_network(engine, networks->names.items[i], &networks->items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < ports->count; i++)
		if (ports_add(&networks->ports, ports->items[i], err) < 0)
			return -1;
	/* Before anything is started: a taken port is a reason not to. */
	if (ports_hold(&networks->ports, err) < 0)
		return error_wrap(
			err, "driver failed programming external connectivity on endpoint %s (%s)",
			config->name, container->id);
	return 0;
}

/* --- the start ----------------------------------------------------------------------------- */

static int parse_mac(const char *text, uint8_t mac[6])
{
	int end = 0;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		      &mac[3], &mac[4], &mac[5], &end) == 6 &&
			       text[end] == '\0'
		       ? 0
		       : -1;
}

/* What dnsmasq and the others on the network are to know it by. */
static int add_names(const struct container *container, const struct bridge_network *network,
		     struct in_addr address, struct error *err)
{
	const struct container_config *config = &container->config;
	AUTO_TEXT struct text line = {0};

	/* Only what was created has an id. */
	if (!*network->id)
		return 0;
	text_add_format(&line, "%s %s %.12s", address_text(address).text, config->name,
			container->id);
	if (config->hostname && strncmp(config->hostname, container->id, 12) != 0)
		text_add_format(&line, " %s", config->hostname);
	for (size_t i = 0; i < config->connection.aliases.count; i++)
		text_add_format(&line, " %s", config->connection.aliases.items[i]);
	text_add_string(&line, "\n");
	return dns_add(network, container->id, text_string(&line), err);
}

/* The i-th network of a container. */
static int attach_one(struct container *container, struct networks *networks, size_t i,
		      struct attachment *attachment, struct error *err)
{
	const struct connection *connection = &container->config.connection;

	if (i == 0 && connection->address &&
	    inet_pton(AF_INET, connection->address, &attachment->address) != 1)
		return error_set(err, EINVAL, "invalid IPv4 address: %s", connection->address);
	if (i == 0 && connection->mac && parse_mac(connection->mac, attachment->mac) < 0)
		return error_set(err, EINVAL, "%s is not a valid mac address", connection->mac);
	if (bridge_attach(&networks->items[i], container->id, container->state.pid, attachment,
			  err) < 0)
		return -1;
	return add_names(container, &networks->items[i], attachment->address, err);
}

/* What is published is recorded before: if we are killed, it can be withdrawn. */
static int publish(struct container *container, struct networks *networks,
		   const struct bridge_network *network, const struct attachment *attachment,
		   struct error *err)
{
	struct strings *ports = &container->state.ports;

	strings_release(ports);
	if (networks->ports.count == 0)
		return 0;
	for (size_t i = 0; i < networks->ports.count; i++) {
		AUTO_FREE char *spec = port_spec(&networks->ports.items[i]);

		strings_add(ports, spec);
	}
	if (record_save_state(container, container->dir, false, err) < 0 ||
	    bridge_allow_own_ports(attachment, err) < 0)
		return -1;
	return ports_publish(&networks->ports, network->table, attachment->address, err);
}

/* All networks in order. The default route, and the ports, are of the first that has a way out. */
static int attach_all(struct container *container, struct networks *networks,
		      struct resolver_config *names, struct error *err)
{
	bool routed = false;

	for (size_t i = 0; i < networks->names.count; i++) {
		const struct bridge_network *network = &networks->items[i];
		struct attachment attachment = {.number = (unsigned)i, .no_route = routed};

		if (attach_one(container, networks, i, &attachment, err) < 0)
			return -1;
		if (i == 0) {
			names->address = attachment.address;
			cleanup_memory(&container->state.address);
			container->state.address =
				memory_string(address_text(attachment.address).text);
		}
		if (is_users(networks->names.items[i]) && !names->server.s_addr)
			names->server = network->gateway;
		if (routed || network->internal)
			continue;
		routed = true;
		names->gateway = network->gateway;
		if (publish(container, networks, network, &attachment, err) < 0)
			return -1;
	}
	return 0;
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

	container->state.pid = pid;
	if (kind == NETWORK_CONTAINER)
		return copy_names(engine, container, err);
	if (attach_all(container, networks, &names, err) < 0)
		return -1;
	names.mode = modes[kind];
	/* With the address, and before the child binds the files. */
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
	AUTO_STRINGS struct strings names = {0};
	int result = 0;

	networks_names(&container->config, &names);
	for (size_t i = 0; i < names.count; i++) {
		struct bridge_network network;

		if (bridge_network_load(engine->root, names.items[i], &network, err) < 0) {
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
	strings_release(&networks->names);
	cleanup_memory(&networks->items);
}

/* --- changes ------------------------------------------------------------------------------- */

static int record(const struct container *container, struct error *err)
{
	return record_save_config(container, container->dir, true, err);
}

static int connect_now(const struct engine *engine, struct container *container, const char *name,
		       size_t number, struct error *err)
{
	struct attachment attachment = {.number = (unsigned)number, .no_route = number > 0};
	struct bridge_network network;
	struct error unknown;

	if (open_network(engine, name, &network, err) < 0 ||
	    bridge_attach(&network, container->id, container->state.pid, &attachment, err) < 0)
		return -1;
	if (add_names(container, &network, attachment.address, err) == 0)
		return 0;
	dns_remove(&network, container->id);
	bridge_cut(&network, container->id, &unknown);
	return -1;
}

/* Takes a name out of the list; the first one of it moves up if it was the container's first. */
static void drop(struct container_config *config, const char *name)
{
	AUTO_STRINGS struct strings all = {0};

	networks_names(config, &all);
	cleanup_memory(&config->network);
	strings_release(&config->connection.networks);
	config->connection.networks = (struct strings){0};
	for (size_t i = 0; i < all.count; i++) {
		if (strcmp(all.items[i], name) == 0)
			continue;
		if (!config->network)
			config->network = memory_string(all.items[i]);
		else
			strings_add(&config->connection.networks, all.items[i]);
	}
	if (!config->network)
		config->network = memory_string("none");
}

int networks_connect(const struct engine *engine, struct container *container, const char *name,
		     const struct strings *aliases, struct error *err)
{
	struct container_config *config = &container->config;
	AUTO_STRINGS struct strings names = {0};
	enum network_kind kind = networks_kind(config);
	size_t aliases_before = config->connection.aliases.count;
	struct error unknown;

	networks_names(config, &names);
	if (strings_contain(&names, name))
		return error_set(err, EEXIST, "endpoint with name %s already exists in network %s",
				 config->name, name);
	if (kind == NETWORK_HOST || kind == NETWORK_CONTAINER)
		return error_set(
			err, EINVAL,
			"container sharing network namespace with another container or host cannot be connected to any other network");
	strings_add_all(&config->connection.aliases, aliases);
	if (kind == NETWORK_NONE) {
		cleanup_memory(&config->network);
		config->network = memory_string(name);
	} else {
		strings_add(&config->connection.networks, name);
	}
	/* First: if we are killed, it is known what the container has to give back. */
	if (record(container, err) < 0)
		return -1;
	if (container->state.status != CONTAINER_RUNNING ||
	    connect_now(engine, container, name, names.count, err) == 0)
		return 0;
	drop(config, name);
	while (config->connection.aliases.count > aliases_before)
		cleanup_memory(
			&config->connection.aliases.items[--config->connection.aliases.count]);
	record(container, &unknown);
	return -1;
}

/* The running container holds its ports, so nobody else changes their elements. */
static int publish_again(const struct engine *engine, const struct container *container,
			 struct error *err)
{
	AUTO_STRINGS struct strings names = {0};
	AUTO_PORTS struct ports ports = {0};

	for (size_t i = 0; i < container->state.ports.count; i++)
		if (ports_add(&ports, container->state.ports.items[i], err) < 0)
			return -1;
	networks_names(&container->config, &names);
	for (size_t i = 0; ports.count && i < names.count; i++) {
		struct bridge_network network;
		struct in_addr address;

		if (bridge_network_load(engine->root, names.items[i], &network, err) < 0)
			return -1;
		address = networks_address(&network, container->id);
		if (!network.internal && address.s_addr)
			return ports_publish(&ports, network.table, address, err);
	}
	return 0;
}

/* The ports first: the next container that gets the address must not get what was sent to this one. */
static int cut_now(const struct container *container, const struct bridge_network *network,
		   struct error *err)
{
	AUTO_PORTS struct ports ports = {0};

	for (size_t i = 0; i < container->state.ports.count; i++)
		if (ports_add(&ports, container->state.ports.items[i], err) < 0)
			return -1;
	ports_unpublish(&ports, network->table);
	return bridge_cut(network, container->id, err);
}

int networks_disconnect(const struct engine *engine, struct container *container, const char *name,
			struct error *err)
{
	bool running = container->state.status == CONTAINER_RUNNING;
	AUTO_STRINGS struct strings names = {0};
	struct bridge_network network;

	networks_names(&container->config, &names);
	if (!strings_contain(&names, name))
		return error_set(err, ENOENT, "container %s is not connected to network %s",
				 container->config.name, name);
	if (bridge_network_load(engine->root, name, &network, err) < 0)
		return -1;
	dns_remove(&network, container->id);
	if (running && cut_now(container, &network, err) < 0)
		return -1;
	drop(&container->config, name);
	if (record(container, err) < 0)
		return -1;
	return running ? publish_again(engine, container, err) : 0;
}

int networks_publish_again(const struct engine *engine, struct error *err)
{
	struct container *containers;
	size_t count;
	int result = 0;

	if (container_list(engine, &containers, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (result == 0 && containers[i].state.status == CONTAINER_RUNNING)
			result = publish_again(engine, &containers[i], err);
		container_release(&containers[i]);
	}
	free(containers);
	return result;
}

/* --- looking ------------------------------------------------------------------------------- */

static int by_name(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

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
	qsort(names->items, names->count, sizeof(*names->items), by_name);
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

struct in_addr networks_address(const struct bridge_network *network, const char *id)
{
	AUTO_CLOSE int fd = open(network->leases, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct address_pool pool = {.dir = network->leases, .dir_fd = fd};
	struct in_addr address = {0};
	struct leases leases = {0};
	struct error none;

	if (fd < 0 || address_pool_list(&pool, &leases, &none) < 0)
		return address;
	for (size_t i = 0; i < leases.count; i++)
		if (strcmp(leases.items[i].id, id) == 0)
			address = leases.items[i].address;
	cleanup_memory(&leases.items);
	return address;
}
