/*
 * A container's way into a bridge network, and out: the rest of bridge.h.
 *
 *	host                                      container
 *	 coracle0 172.30.0.1 (bridge)
 *	   └─ veth0a1b2c3d4e5 (port) ═══ cable ═══ eth0 172.30.0.2, default route by 172.30.0.1
 *
 * The host's end is named after network and container, so nothing needs to remember it, and a lease
 * whose container has no cable is known to be left over. The lock, which is on the directory of the
 * leases, is held from the lease to its cable: nobody sees one without the other.
 */
#include "bridge.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "address_pool.h"
#include "link.h"
#include "netns.h"
#include "settings.h"

/* 44 bits of a hash (FNV-1a) of both: nothing needs to remember it. */
static void name_cable(const struct bridge_network *network, const char *id, char name[IF_NAMESIZE])
{
	const char *parts[] = {network->name, id};
	uint64_t value = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
		for (const char *at = parts[i]; *at; at++)
			value = (value ^ (unsigned char)*at) * UINT64_C(1099511628211);
	snprintf(name, IF_NAMESIZE, "veth%011llx", (unsigned long long)(value >> 20));
}

/* Who asks whether a cable is there. */
struct asker {
	struct netlink *netlink;
	const struct bridge_network *network;
};

static bool has_cable(void *context, const char *id)
{
	const struct asker *asker = context;
	char name[IF_NAMESIZE];

	name_cable(asker->network, id, name);
	return link_index(asker->netlink, name) != 0;
}

/* A cable of that name can only be this container's own, of an earlier life that the kernel has not
 * cleaned up yet. */
static int add_cable(struct netlink *netlink, const struct veth *veth, struct error *err)
{
	if (link_add_veth(netlink, veth, err) == 0)
		return 0;
	if (err->code != EEXIST || link_delete(netlink, veth->name, err) < 0)
		return -1;
	return link_add_veth(netlink, veth, err);
}

/* A container on its way into the network. */
struct joining {
	const struct bridge_network *network;
	const char *id;
	pid_t pid;
	char inside[IF_NAMESIZE];
	struct attachment made;
};

/* Leases an address of each kind that the network has. */
static int lease(struct netlink *netlink, struct joining *joining, int lock, struct error *err)
{
	const struct bridge_network *network = joining->network;
	struct asker asker = {netlink, network};

	for (unsigned i = 0; i < IP_VERSIONS; i++) {
		struct address_pool pool = {network->subnet[i], network->leases, lock,
					    has_cable,		&asker,		 network->range[i]};

		if (pool.subnet.prefix_length &&
		    address_pool_lease(&pool, joining->id, &joining->made.address[i], err) < 0)
			return -1;
	}
	return 0;
}

/* The cable, whose end here is known to the bridge by its MAC: the cable of an earlier holder of the
 * address, and so of the MAC, may hang there until the kernel has taken its namespace apart, which
 * takes it a tenth of a second. */
static int lay_cable(struct netlink *netlink, const struct joining *joining, struct error *err)
{
	const struct attachment *made = &joining->made;
	struct link bridge;
	struct veth veth = {made->host_interface, &bridge, joining->inside, joining->pid,
			    made->mac};

	if (bridge_find(netlink, joining->network, &bridge, err) < 0 ||
	    add_cable(netlink, &veth, err) < 0 ||
	    link_add_forwarding(netlink, veth.name, made->mac, err) < 0)
		return -1;
	return joining->network->separate ? link_set_port(netlink, veth.name, PORT_ISOLATED, err)
					  : 0;
}

/* Leases the addresses and lays the cable to them, as one step for whoever else takes the lock. */
static int join(struct netlink *netlink, struct joining *joining, struct error *err)
{
	AUTO_CLOSE int lock = bridge_lock(joining->network, err);
	struct address_pool pool = {.dir = joining->network->leases, .dir_fd = lock};
	struct attachment *made = &joining->made;
	struct error unknown;

	if (lock < 0)
		return -1;
	if (lease(netlink, joining, lock, err) == 0) {
		if (memcmp(made->mac, (uint8_t[6]){0}, 6) == 0)
			bridge_mac(made->address[IPV4], made->mac);
		name_cable(joining->network, joining->id, made->host_interface);
		if (lay_cable(netlink, joining, err) == 0)
			return 0;
	}
	/* Here, and not later without the lock: somebody could have taken over what has no cable. */
	address_pool_release(&pool, joining->id, &unknown);
	return -1;
}

static int add_addresses(struct netlink *netlink, const struct joining *joining,
			 const struct link *link, struct error *err)
{
	for (unsigned i = 0; i < IP_VERSIONS; i++)
		if (joining->made.address[i].length &&
		    link_add_address(netlink, link, joining->made.address[i],
				     joining->network->subnet[i].prefix_length, err) < 0)
			return -1;
	return 0;
}

/* Of each kind by its gateway; but what is internal has no way out. */
static int add_routes(struct netlink *netlink, const struct joining *joining, struct error *err)
{
	const struct bridge_network *network = joining->network;

	for (unsigned i = 0; i < IP_VERSIONS; i++)
		if (joining->made.address[i].length && !network->internal &&
		    !joining->made.no_route[i] &&
		    route_add_default(netlink, network->subnet[i].gateway, err) < 0)
			return -1;
	return 0;
}

/* The container's end. Runs in its network namespace. */
static int configure_inside(void *context, struct error *err)
{
	const struct joining *joining = context;
	AUTO_NETLINK struct netlink netlink = {0};
	struct link link;

	if (netlink_open(&netlink, NETLINK_ROUTE, err) < 0)
		return -1;
	snprintf(netlink.shell, sizeof(netlink.shell), "nsenter -n -t %d ", joining->pid);
	/* Before eth0 is up, or it would give itself an address of IPv6. */
	if (settings_of_container(netlink.shell, joining->inside, joining->network->ipv6, err) <
		    0 ||
	    link_find(&netlink, joining->inside, &link, err) < 0)
		return -1;
	/* Step 6.2: an address, and then up: others see it with its address, or not at all. */
	if (add_addresses(&netlink, joining, &link, err) < 0)
		return -1;
	if (link_up(&netlink, &link, 0, err) < 0)
		return -1;
	/* Step 6.3: the gateway must be on an interface that is up already. */
	if (add_routes(&netlink, joining, err) < 0)
		return -1;
	return 0;
}

/* The first ethN that is not there. Runs in the container's network namespace. */
static int find_free_number(void *context, struct error *err)
{
	AUTO_NETLINK struct netlink netlink = {0};
	unsigned *number = context;
	char name[IF_NAMESIZE];

	if (netlink_open(&netlink, NETLINK_ROUTE, err) < 0)
		return -1;
	for (*number = 0;; (*number)++) {
		snprintf(name, sizeof(name), "eth%u", *number);
		if (link_index(&netlink, name) == 0)
			return 0;
	}
}

int bridge_attach(const struct bridge_network *network, const char *id, pid_t pid,
		  struct attachment *attachment, struct error *err)
{
	struct joining joining = {network, id, pid, "", *attachment};
	AUTO_NETLINK struct netlink netlink = {0};
	struct error unknown;

	*joining.made.host_interface = '\0';
	if (attachment->number == ATTACHMENT_ANY &&
	    netns_call(pid, find_free_number, &joining.made.number, err) < 0)
		return -1;
	snprintf(joining.inside, sizeof(joining.inside), "eth%u", joining.made.number);
	if (netlink_open(&netlink, NETLINK_ROUTE, err) == 0 && join(&netlink, &joining, err) == 0 &&
	    netns_call(pid, configure_inside, &joining, err) == 0) {
		*attachment = joining.made;
		return 0;
	}
	if (*joining.made.host_interface)
		link_delete(&netlink, joining.made.host_interface, &unknown);
	bridge_detach(network, id, &unknown);
	return error_wrap(err, "connect to network '%s'", network->name);
}

/* Whose route, for bridge_add_route. */
struct way_out {
	struct address gateway;
	pid_t pid;
};

static int add_route(void *context, struct error *err)
{
	const struct way_out *way_out = context;
	AUTO_NETLINK struct netlink netlink = {0};

	if (netlink_open(&netlink, NETLINK_ROUTE, err) < 0)
		return -1;
	snprintf(netlink.shell, sizeof(netlink.shell), "nsenter -n -t %d ", way_out->pid);
	return route_add_default(&netlink, way_out->gateway, err) < 0 && err->code != EEXIST ? -1
											     : 0;
}

int bridge_add_route(const struct bridge_network *network, enum ip_version version, pid_t pid,
		     struct error *err)
{
	struct way_out way_out = {network->subnet[version].gateway, pid};

	return netns_call(pid, add_route, &way_out, err);
}

bool bridge_is_attached(const struct bridge_network *network, const char *id)
{
	AUTO_NETLINK struct netlink netlink = {0};
	struct asker asker = {&netlink, network};
	struct error unknown;

	return netlink_open(&netlink, NETLINK_ROUTE, &unknown) == 0 && has_cable(&asker, id);
}

int bridge_cut(const struct bridge_network *network, const char *id, struct error *err)
{
	AUTO_NETLINK struct netlink netlink = {0};
	char name[IF_NAMESIZE];

	name_cable(network, id, name);
	if (netlink_open(&netlink, NETLINK_ROUTE, err) < 0 || link_delete(&netlink, name, err) < 0)
		return -1;
	return bridge_detach(network, id, err);
}

int bridge_allow_own_ports(const struct bridge_network *network, const char *id, struct error *err)
{
	AUTO_NETLINK struct netlink netlink = {0};
	char name[IF_NAMESIZE];

	name_cable(network, id, name);
	if (netlink_open(&netlink, NETLINK_ROUTE, err) < 0)
		return -1;
	return link_set_port(&netlink, name, PORT_HAIRPIN, err);
}

int bridge_detach(const struct bridge_network *network, const char *id, struct error *err)
{
	AUTO_CLOSE int lock = bridge_lock(network, err);
	struct address_pool pool = {.dir = network->leases, .dir_fd = lock};

	if (lock < 0)
		return -1;
	return address_pool_release(&pool, id, err);
}
