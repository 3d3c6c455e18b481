/* See endpoint.h. */
#include "endpoint.h"

#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

static int make_id(char id[65], struct error *err)
{
	unsigned char bytes[32];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return error_sys(err, "read random bytes for an id");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int choose_hostname(struct endpoint *endpoint, const char *wanted, struct error *err)
{
	size_t size = sizeof(endpoint->hostname);

	if (wanted)
		snprintf(endpoint->hostname, size, "%s", wanted);
	else if (endpoint->mode != RESOLVER_HOST)
		snprintf(endpoint->hostname, size, "%.12s", endpoint->id);
	else if (gethostname(endpoint->hostname, size - 1) < 0)
		return error_sys(err, "read the hostname");
	return 0;
}

static int open_bridge(struct endpoint *endpoint, const char *root, struct error *err)
{
	if (bridge_network_open(root, &endpoint->network, err) < 0 ||
	    bridge_network_up(&endpoint->network, err) < 0)
		return -1;
	/* Before anything is started: a taken port is a reason not to. */
	return ports_hold(endpoint->ports, endpoint->network.ipv6, err);
}

int endpoint_open(struct endpoint *endpoint, struct network_options *options, const char *root,
		  const char *hostname, struct error *err)
{
	struct endpoint opened = {.mode = network_options_mode(options),
				  .names = &options->names,
				  .ports = &options->ports};

	if (make_id(opened.id, err) < 0 || choose_hostname(&opened, hostname, err) < 0)
		return -1;
	if (opened.mode == RESOLVER_BRIDGE && open_bridge(&opened, root, err) < 0)
		return -1;
	*endpoint = opened;
	return 0;
}

int endpoint_attach(struct endpoint *endpoint, pid_t pid, const char *files, struct error *err)
{
	const struct bridge_network *network = &endpoint->network;
	struct attachment attachment = {0};
	struct resolver_config names = {.mode = endpoint->mode,
					.hostname = endpoint->hostname,
					.gateway = network->subnet[IPV4].gateway,
					.wishes = endpoint->names};

	if (endpoint->mode == RESOLVER_BRIDGE) {
		/* Step 6.1: a cable into the namespace of the child, which waits. */
		if (bridge_attach(network, endpoint->id, pid, &attachment, err) < 0)
			return -1;
		endpoint->attached = true;
		if (endpoint->ports->count &&
		    bridge_allow_own_ports(network, endpoint->id, err) < 0)
			return -1;
		/* Step 6.6: who asks the host at a port asks the container. */
		if (ports_publish(endpoint->ports, network->table, attachment.address, err) < 0)
			return -1;
	}
	/* Now that the address is known, which /etc/hosts has. */
	names.addresses = attachment.address;
	names.address_count = endpoint->attached ? 1 : 0;
	return resolver_write(files, &names, err);
}

void endpoint_release(struct endpoint *endpoint)
{
	struct error unknown;

	if (endpoint->attached) {
		ports_withdraw(endpoint->ports, endpoint->network.table);
		bridge_detach(&endpoint->network, endpoint->id, &unknown);
	}
	endpoint->attached = false;
}
