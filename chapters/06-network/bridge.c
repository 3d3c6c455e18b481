/*
 * The bridge network; see bridge.h.
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
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "address_pool.h"
#include "file.h"
#include "firewall.h"
#include "firewall_others.h"
#include "link.h"
#include "netns.h"
#include "trace.h"

/* 02: local, not a vendor's. Then Docker's 42, and the address. An address that is given to the next
 * container keeps its MAC, so what others remember of it (ip neigh) stays true. */
static void mac_of(struct in_addr address, uint8_t mac[6])
{
	mac[0] = 0x02;
	mac[1] = 0x42;
	memcpy(mac + 2, &address.s_addr, 4);
}

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

static struct subnet subnet_of(const struct bridge_network *network)
{
	return (struct subnet){network->gateway, network->prefix_length};
}

/* Opens the directory of the leases, locked until the descriptor is closed. flock(2) */
static int lock_leases(const struct bridge_network *network, struct error *err)
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

/* --- the network as a whole ---------------------------------------------------------------- */

/* Finds the bridge. Errors: ENODEV if there is none; EEXIST if something else has its name. */
static int find_bridge(struct netlink *netlink, const struct bridge_network *network,
		       struct link *link, struct error *err)
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

	if (routes_list(netlink, &routes, &unknown) < 0)
		return 0;
	items = routes.items;
	for (size_t i = 0; i < routes.count; i++)
		if (items[i].prefix_length == 0 &&
		    link_find_index(netlink, items[i].link_index, &link, &unknown) == 0)
			return link.mtu;
	return 0;
}

/* What this host sends to a port published on 127.0.0.1 goes out by the bridge, and the answer comes
 * in by it, for an address that the kernel else believes of no interface but lo. */
static int allow_own_loopback(const char *bridge, struct error *err)
{
	AUTO_FREE char *path = memory_format("/proc/sys/net/ipv4/conf/%s/route_localnet", bridge);

	trace("sysctl -w net.ipv4.conf.%s.route_localnet=1", bridge);
	return file_write_value(AT_FDCWD, path, "1", err);
}

/* Each step is done if it is missing. Last "up": so a bridge that is up has all it needs. */
static int make_bridge(struct netlink *netlink, const struct bridge_network *network,
		       struct error *err)
{
	struct link link = {0};
	uint8_t mac[6];

	mac_of(network->gateway, mac);
	if (find_bridge(netlink, network, &link, err) < 0) {
		if (err->code != ENODEV || link_add_bridge(netlink, network->name, mac, err) < 0 ||
		    find_bridge(netlink, network, &link, err) < 0)
			return -1;
	}
	if (!link_has_address(netlink, &link, network->gateway) &&
	    link_add_address(netlink, &link, network->gateway, network->prefix_length, err) < 0)
		return -1;
	if (allow_own_loopback(network->name, err) < 0)
		return -1;
	return link.up ? 0 : link_up(netlink, &link, uplink_mtu(netlink), err);
}

static struct firewall_network rules_of(const struct bridge_network *network)
{
	return (struct firewall_network){network->name, network->gateway, network->prefix_length,
					 network->internal};
}

static int forward_packets(struct error *err)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_forward";
	AUTO_TEXT struct text value = {0};

	if (file_read(AT_FDCWD, path, 16, &value, err) < 0)
		return -1;
	if (*text_string(&value) != '0')
		return 0;
	trace("sysctl -w net.ipv4.ip_forward=1");
	if (file_write_value(AT_FDCWD, path, "1", err) < 0)
		return error_wrap(err, "make this host a router");
	return 0;
}

static bool bridge_is_up(struct netlink *netlink, const struct bridge_network *network)
{
	struct error unknown;
	struct link link;

	return find_bridge(netlink, network, &link, &unknown) == 0 && link.up &&
	       link_has_address(netlink, &link, network->gateway);
}

int bridge_network_up(const struct bridge_network *network, struct error *err)
{
	struct firewall_network rules = rules_of(network);
	AUTO_NETLINK struct netlink netlink = {0};
	AUTO_CLOSE int lock = -1;

	if (netlink_open(&netlink, NETLINK_ROUTE, err) < 0)
		return -1;
	if (!bridge_is_up(&netlink, network) || !firewall_is_up(network->table, network->name)) {
		lock = lock_leases(network, err);
		if (lock < 0 || make_bridge(&netlink, network, err) < 0)
			return -1;
		/* Step 6.5: what leaves gets the host's address. */
		if (firewall_up(network->table, &rules, err) < 0)
			return -1;
	}
	if (firewall_others_pass(err) < 0)
		return -1;
	/* Step 6.4: last, for from now on the host passes packets on. */
	if (forward_packets(err) < 0)
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

int bridge_network_down(const struct bridge_network *network, bool table, struct error *err)
{
	struct firewall_network rules = rules_of(network);
	AUTO_NETLINK struct netlink netlink = {0};
	AUTO_CLOSE int lock = lock_leases(network, err);
	struct link link;

	if (lock < 0 || netlink_open(&netlink, NETLINK_ROUTE, err) < 0)
		return -1;
	if (find_bridge(&netlink, network, &link, err) == 0) {
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

/* --- one container ------------------------------------------------------------------------- */

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

/* Leases an address and lays the cable to it, as one step for whoever else takes the lock. */
static int lay_cable(struct netlink *netlink, struct joining *joining, struct error *err)
{
	AUTO_CLOSE int lock = lock_leases(joining->network, err);
	struct asker asker = {netlink, joining->network};
	struct address_pool pool = {
		subnet_of(joining->network), joining->network->leases, lock, has_cable, &asker,
		joining->network->range};
	struct attachment *made = &joining->made;
	struct link bridge;
	struct veth veth = {made->host_interface, &bridge, joining->inside, joining->pid,
			    made->mac};
	struct error unknown;

	if (lock < 0 || find_bridge(netlink, joining->network, &bridge, err) < 0 ||
	    address_pool_lease(&pool, joining->id, &made->address, err) < 0)
		return -1;
	if (memcmp(made->mac, (uint8_t[6]){0}, 6) == 0)
		mac_of(made->address, made->mac);
	name_cable(joining->network, joining->id, made->host_interface);
	/* The cable of an earlier holder of the address, and so of the MAC, may hang there until the
	 * kernel has taken its namespace apart, which takes it a tenth of a second: the bridge is to
	 * know ours. */
	if (add_cable(netlink, &veth, err) == 0 &&
	    link_add_forwarding(netlink, veth.name, made->mac, err) == 0)
		return 0;
	/* Here, and not later without the lock: somebody could have taken over what has no cable. */
	address_pool_release(&pool, joining->id, &unknown);
	return -1;
}

/* Docker's: no IPv6 but on the loopback interface, until there are addresses of it to give. */
static int limit_ipv6(const char *shell, struct error *err)
{
	static const struct {
		const char *path, *name, *value;
	} settings[] = {
		{"/proc/sys/net/ipv6/conf/all/disable_ipv6", "all", "1"},
		{"/proc/sys/net/ipv6/conf/lo/disable_ipv6", "lo", "0"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
		trace("%ssysctl -w net.ipv6.conf.%s.disable_ipv6=%s", shell, settings[i].name,
		      settings[i].value);
		/* ENOENT: a kernel without IPv6 has nothing to limit. */
		if (file_write_value(AT_FDCWD, settings[i].path, settings[i].value, err) < 0 &&
		    err->code != ENOENT)
			return -1;
	}
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
	if (limit_ipv6(netlink.shell, err) < 0 ||
	    link_find(&netlink, joining->inside, &link, err) < 0)
		return -1;
	/* Step 6.2: an address, and then up: others see it with its address, or not at all. */
	if (link_add_address(&netlink, &link, joining->made.address,
			     joining->network->prefix_length, err) < 0)
		return -1;
	if (link_up(&netlink, &link, 0, err) < 0)
		return -1;
	/* What is internal has no way out. */
	if (joining->network->internal || joining->made.no_route)
		return 0;
	/* Step 6.3: the gateway must be on an interface that is up already. */
	if (route_add_default(&netlink, joining->network->gateway, err) < 0)
		return -1;
	return 0;
}

int bridge_attach(const struct bridge_network *network, const char *id, pid_t pid,
		  struct attachment *attachment, struct error *err)
{
	struct joining joining = {network, id, pid, "", *attachment};
	AUTO_NETLINK struct netlink netlink = {0};
	struct error unknown;

	*joining.made.host_interface = '\0';
	snprintf(joining.inside, sizeof(joining.inside), "eth%u", attachment->number);
	if (netlink_open(&netlink, NETLINK_ROUTE, err) == 0 &&
	    lay_cable(&netlink, &joining, err) == 0 &&
	    netns_call(pid, configure_inside, &joining, err) == 0) {
		*attachment = joining.made;
		return 0;
	}
	if (*joining.made.host_interface)
		link_delete(&netlink, joining.made.host_interface, &unknown);
	bridge_detach(network, id, &unknown);
	return error_wrap(err, "connect to network '%s'", network->name);
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

int bridge_allow_own_ports(const struct attachment *attachment, struct error *err)
{
	AUTO_NETLINK struct netlink netlink = {0};

	if (netlink_open(&netlink, NETLINK_ROUTE, err) < 0)
		return -1;
	return link_set_hairpin(&netlink, attachment->host_interface, err);
}

int bridge_detach(const struct bridge_network *network, const char *id, struct error *err)
{
	AUTO_CLOSE int lock = lock_leases(network, err);
	struct address_pool pool = {
		subnet_of(network), network->leases, lock, NULL, NULL, {{0}, 0}};

	if (lock < 0)
		return -1;
	return address_pool_release(&pool, id, err);
}
