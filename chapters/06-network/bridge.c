/* The bridge network as a whole; see bridge.h. How a container comes into it is in cable.c. */
#include "bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "address_pool.h"
#include "firewall.h"
#include "firewall_others.h"
#include "link.h"
#include "router.h"
#include "netns.h"
#include "settings.h"
#include "trace.h"

/* 02: local, not a vendor's. Then Docker's 42, and the address. An address that is given to the next
 * container keeps its MAC, so what others remember of it (ip neigh) stays true. */
void bridge_mac(struct address address, uint8_t mac[6])
{
	mac[0] = 0x02;
	mac[1] = 0x42;
	memcpy(mac + 2, address.bytes, 4);
}

int bridge_lock(const struct bridge_network *network, struct error *err)
{
	AUTO_CLOSE int fd = open(network->leases, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return error_sys(err, "open the leased addresses '%s'", network->leases);
	do
		result = flock(fd, LOCK_EX);
	while (result < 0 && errno == EINTR);
	if (result < 0)
		return error_sys(err, "lock the leased addresses '%s'", network->leases);
	return take_fd(&fd);
}

int bridge_find(struct netlink *netlink, const struct bridge_network *network, struct link *link,
		struct error *err)
{
	struct link found;

	if (link_find(netlink, network->name, &found, err) < 0)
		return -1;
	if (strcmp(found.kind, "bridge") != 0)
		return error_set(err, EEXIST,
				 "network interface '%s' is not a bridge, and not ours: rename it",
				 network->name);
	*link = found;
	return 0;
}

/* The MTU of the way out, so that what fits into the container's packets fits into its own. A
 * container of 1500 behind a tunnel of 1400 can ping, but not download. */
static unsigned uplink_mtu(struct netlink *netlink)
{
	AUTO_FREE struct route *items = NULL;
	struct routes routes = {0};
	struct link link = {0};
	struct error unknown;

	if (routes_list(netlink, IPV4, &routes, &unknown) < 0)
		return 0;
	items = routes.items;
	for (size_t i = 0; i < routes.count; i++)
		if (items[i].prefix_length == 0 &&
		    link_find_index(netlink, items[i].link_index, &link, &unknown) == 0)
			return link.mtu;
	return 0;
}

/* True if the bridge has its address of each kind; else, with `make`, those that are missing are given
 * to it. */
static int has_addresses(struct netlink *netlink, const struct bridge_network *network,
			 const struct link *link, bool make, struct error *err)
{
	for (unsigned i = 0; i < IP_VERSIONS; i++) {
		const struct subnet *subnet = &network->subnet[i];

		if (subnet->prefix_length == 0 || link_has_address(netlink, link, subnet->gateway))
			continue;
		if (!make)
			return 0;
		if (link_add_address(netlink, link, subnet->gateway, subnet->prefix_length, err) <
		    0)
			return -1;
	}
	return 1;
}

/* Each step is done if it is missing. Last "up": so a bridge that is up has all it needs. */
static int make_bridge(struct netlink *netlink, const struct bridge_network *network,
		       struct error *err)
{
	struct link link = {0};
	uint8_t mac[6];

	bridge_mac(network->subnet[IPV4].gateway, mac);
	if (bridge_find(netlink, network, &link, err) < 0) {
		if (err->code != ENODEV || link_add_bridge(netlink, network->name, mac, err) < 0 ||
		    bridge_find(netlink, network, &link, err) < 0)
			return -1;
	}
	if (settings_of_bridge(network->name, network->ipv6, err) < 0 ||
	    has_addresses(netlink, network, &link, true, err) < 0)
		return -1;
	if (link.up)
		return 0;
	return link_up(netlink, &link, network->mtu ? network->mtu : uplink_mtu(netlink), err);
}

static struct firewall_network rules_of(const struct bridge_network *network)
{
	return (struct firewall_network){network->name, network->subnet, network->internal,
					 network->plain};
}

static bool bridge_is_up(struct netlink *netlink, const struct bridge_network *network)
{
	struct error unknown;
	struct link link;

	return bridge_find(netlink, network, &link, &unknown) == 0 && link.up &&
	       has_addresses(netlink, network, &link, false, &unknown) > 0;
}

int bridge_network_up(const struct bridge_network *network, struct error *err)
{
	struct firewall_network rules = rules_of(network);
	AUTO_NETLINK struct netlink netlink = {0};
	AUTO_CLOSE int lock = -1;

	if (netlink_open(&netlink, NETLINK_ROUTE, err) < 0)
		return -1;
	if (!bridge_is_up(&netlink, network) || !firewall_is_up(network->table, network->name)) {
		lock = bridge_lock(network, err);
		if (lock < 0 || make_bridge(&netlink, network, err) < 0)
			return -1;
		/* Step 6.5: what leaves gets the host's address. */
		if (firewall_up(network->table, &rules, err) < 0 ||
		    router_restore(network, err) < 0)
			return -1;
	}
	if (firewall_others_pass(network->name, network->ipv6, err) < 0)
		return -1;
	/* Step 6.4: last, for from now on the host passes packets on. */
	if (router_open(network, err) < 0)
		return -1;
	return 0;
}

int bridge_network_repair(const struct bridge_network *network, struct error *err)
{
	struct firewall_network rules = rules_of(network);

	if (bridge_network_up(network, err) < 0)
		return -1;
	return firewall_repair(network->table, &rules, err);
}

/* Under its lock. */
static int take_down(const struct bridge_network *network, bool table, struct error *err)
{
	struct firewall_network rules = rules_of(network);
	AUTO_NETLINK struct netlink netlink = {0};
	struct link link;

	if (netlink_open(&netlink, NETLINK_ROUTE, err) < 0)
		return -1;
	if (bridge_find(&netlink, network, &link, err) == 0) {
		if (link_delete(&netlink, network->name, err) < 0)
			return -1;
	} else if (err->code != ENODEV) {
		return -1;
	}
	if (table)
		firewall_others_end();
	return table ? firewall_down(network->table, err)
		     : firewall_forget(network->table, &rules, err);
}

int bridge_network_down(const struct bridge_network *network, bool table, struct error *err)
{
	AUTO_CLOSE int lock = bridge_lock(network, err);

	return lock < 0 ? -1 : take_down(network, table, err);
}

int bridge_network_down_unused(const struct bridge_network *network, struct error *err)
{
	AUTO_CLOSE int lock = bridge_lock(network, err);
	struct address_pool pool = {.dir = network->leases, .dir_fd = lock};
	AUTO_FREE struct lease *items = NULL;
	struct leases leases = {0};

	if (lock < 0 || address_pool_list(&pool, &leases, err) < 0)
		return -1;
	items = leases.items;
	if (leases.count)
		return error_set(err, EBUSY, "network %s has active endpoints", network->name);
	return take_down(network, true, err);
}

void bridge_warnings(struct strings *warnings)
{
	struct error unknown;

	if (settings_forward(IPV4, false, &unknown) == 0)
		strings_add(warnings,
			    "net.ipv4.ip_forward is set to 1: from now on this host forwards "
			    "packets, but none between interfaces of which neither is a bridge");
	firewall_others_advise(warnings);
}
