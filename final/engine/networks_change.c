/* Networks of a container that is there already: networks_connect and its neighbours of networks.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dns.h"
#include "firewall.h"
#include "firewall_others.h"
#include "networks.h"
#include "record.h"

static int record(const struct container *container, struct error *err)
{
	return record_save_config(container, container->dir, true, err);
}

/* Gives a running container a way out by what it is connected to now, unless it has one. */
static int route_again(const struct container *container, const struct networks *networks,
		       struct error *err)
{
	for (unsigned i = 0; i < IP_VERSIONS; i++) {
		int gateway = networks_gateway(container, networks, i);

		if (gateway >= 0 &&
		    bridge_add_route(&networks->items[gateway], i, container->state.pid, err) < 0)
			return -1;
	}
	return 0;
}

/* The ports that a running container holds, so that nobody else changes their elements. */
static int held_ports(const struct container *container, struct ports *ports, struct error *err)
{
	for (size_t i = 0; i < container->state.ports.count; i++)
		if (ports_add(ports, container->state.ports.items[i], err) < 0)
			return -1;
	return 0;
}

static int publish_again(const struct container *container, const struct networks *networks,
			 struct error *err)
{
	struct address outside[IP_VERSIONS] = {0};
	AUTO_PORTS struct ports ports = {0};

	if (networks->count == 0 || container->state.ports.count == 0)
		return 0;
	if (held_ports(container, &ports, err) < 0)
		return -1;
	for (unsigned i = 0; i < IP_VERSIONS; i++) {
		int gateway = networks_gateway(container, networks, i);

		if (gateway < 0)
			continue;
		outside[i] = networks_address(&networks->items[gateway], container->id, i);
		if (bridge_allow_own_ports(&networks->items[gateway], container->id, err) < 0)
			return -1;
	}
	return ports_publish(&ports, networks->items[0].table, outside, err);
}

/* After a change of its networks: of its routes, and where its ports go. */
static int find_way_out(const struct engine *engine, const struct container *container,
			struct error *err)
{
	AUTO_NETWORKS struct networks networks = {0};

	if (networks_load(engine, container, &networks, err) < 0 ||
	    route_again(container, &networks, err) < 0)
		return -1;
	return publish_again(container, &networks, err);
}

/* --- connect ------------------------------------------------------------------------------- */

static int connect_now(const struct engine *engine, const struct container *container,
		       const struct membership *member, struct error *err)
{
	/* What a way out there is, or is not, is decided when all are known. */
	struct attachment attachment = {.number = ATTACHMENT_ANY, .no_route = {true, true}};
	struct bridge_network network;
	struct error unknown;

	if (networks_open(engine, member->network, &network, err) < 0)
		return -1;
	if (networks_join(container, member, &network, &attachment, err) == 0) {
		/* Still the same process? Then the namespace was its own. */
		if (record_pid_start(container->state.pid) == container->state.pid_start)
			return 0;
		error_set(err, ESRCH, "container %s is not running", container->id);
	}
	dns_remove(&network, container->id);
	bridge_cut(&network, container->id, &unknown);
	return -1;
}

static int may_connect(const struct container *container, const char *name, struct error *err)
{
	enum network_kind kind = networks_kind(&container->config);

	if (connection_find_member(&container->config.connection, name))
		return error_set(err, EEXIST, "endpoint with name %s already exists in network %s",
				 container->config.name, name);
	if (kind == NETWORK_HOST || kind == NETWORK_CONTAINER)
		return error_set(
			err, EINVAL,
			"container sharing network namespace with another container or host cannot be connected to any other network");
	return 0;
}

/* What `inspect` calls its NetworkMode: the first of them. */
static void name_first(struct container_config *config)
{
	const struct connection *connection = &config->connection;

	cleanup_memory(&config->network);
	config->network =
		memory_string(connection->member_count ? connection->members[0].network : "none");
}

int networks_connect(const struct engine *engine, struct container *container,
		     struct membership *member, struct error *err)
{
	struct connection *connection = &container->config.connection;
	bool running = container->state.status == CONTAINER_RUNNING;
	AUTO_CLOSE int lock = record_begin_change(engine, container, err);
	struct membership *added;
	struct error unknown;

	if (lock < 0 || may_connect(container, member->network, err) < 0 ||
	    networks_check_member(member, err) < 0)
		return -1;
	added = connection_add_member(connection, "");
	membership_release(added);
	*added = *member;
	*member = (struct membership){0};
	name_first(&container->config);
	/* First: if we are killed, it is known what the container has to give back. */
	if (record(container, err) < 0)
		return -1;
	if (!running)
		return 0;
	if (connect_now(engine, container, added, err) == 0)
		return find_way_out(engine, container, err);
	connection_remove_member(connection, added->network);
	name_first(&container->config);
	record(container, &unknown);
	return -1;
}

/* --- disconnect ---------------------------------------------------------------------------- */

/* The ports first: the next container that gets the address must not get what was sent to this one. */
static int cut_now(const struct container *container, const struct bridge_network *network,
		   struct error *err)
{
	AUTO_PORTS struct ports ports = {0};

	if (held_ports(container, &ports, err) < 0)
		return -1;
	ports_unpublish(&ports, network->table);
	return bridge_cut(network, container->id, err);
}

int networks_disconnect(const struct engine *engine, struct container *container, const char *name,
			struct error *err)
{
	bool running = container->state.status == CONTAINER_RUNNING;
	AUTO_CLOSE int lock = record_begin_change(engine, container, err);
	struct bridge_network network;

	if (lock < 0)
		return -1;
	if (!connection_find_member(&container->config.connection, name))
		return error_set(err, ENOENT, "container %s is not connected to network %s",
				 container->config.name, name);
	if (bridge_network_load(engine->root, name, &network, err) < 0)
		return -1;
	dns_remove(&network, container->id);
	if (running && cut_now(container, &network, err) < 0)
		return -1;
	connection_remove_member(&container->config.connection, name);
	name_first(&container->config);
	if (record(container, err) < 0)
		return -1;
	return running ? find_way_out(engine, container, err) : 0;
}

int networks_remove_default(const struct engine *engine, bool used, struct error *err)
{
	struct bridge_network network;
	char table[64];

	if (bridge_network_load(engine->root, "bridge", &network, err) == 0)
		return used ? bridge_network_down(&network, true, err)
			    : bridge_network_down_unused(&network, err);
	if (err->code != ENOENT)
		return -1;
	bridge_table_name(engine->root, table);
	firewall_others_end();
	return firewall_down(table, err);
}

int networks_publish_again(const struct engine *engine, struct error *err)
{
	struct container *containers;
	size_t count;
	int result = 0;

	if (container_list(engine, &containers, &count, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		AUTO_NETWORKS struct networks networks = {0};

		if (result == 0 && containers[i].state.status == CONTAINER_RUNNING &&
		    (networks_load(engine, &containers[i], &networks, err) < 0 ||
		     publish_again(&containers[i], &networks, err) < 0))
			result = -1;
		container_release(&containers[i]);
	}
	free(containers);
	return result;
}
