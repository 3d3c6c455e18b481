/*
 * Which bridge, table and subnet belong to a network of a data root: bridge_network_open and its
 * neighbours of bridge.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge.h"
#include "file.h"
#include "json.h"
#include "link.h"
#include "path.h"
#include "subnet.h"

#define DEFAULT_ROOT "/var/lib/coracle"
#define CHOICE_LOCK "/run/coracle.lock"

/* FNV-1a: short, and different roots get different names. */
static uint32_t hash(const char *text)
{
	uint32_t value = 2166136261;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 16777619;
	return value;
}

/* Default names for the default root's first network; a hash of root and network for all others. */
static void choose_names(const char *root, const char *name, struct bridge_network *network)
{
	AUTO_FREE char *real = realpath(root, NULL);
	bool first = strcmp(name, "bridge") == 0;
	AUTO_FREE char *path = first ? memory_string(real ? real : root)
				     : memory_format("%s/networks/%s", real ? real : root, name);

	snprintf(network->name, sizeof(network->name), "coracle%08x", hash(path));
	snprintf(network->table, sizeof(network->table), "coracle_%08x", hash(real ? real : root));
	if (strcmp(root, DEFAULT_ROOT) == 0)
		snprintf(network->table, sizeof(network->table), "coracle");
	if (strcmp(root, DEFAULT_ROOT) == 0 && first)
		snprintf(network->name, sizeof(network->name), "coracle0");
}

void bridge_table_name(const char *root, char table[64])
{
	struct bridge_network network;

	choose_names(root, "bridge", &network);
	memcpy(table, network.table, sizeof(network.table));
}

/* --- what is remembered -------------------------------------------------------------------- */

/* A network's members in its document, for each kind of address. */
static const struct {
	const char *subnet, *gateway, *range;
} members[IP_VERSIONS] = {
	[IPV4] = {"Subnet", "Gateway", "IPRange"},
	[IPV6] = {"Subnet6", "Gateway6", "IPRange6"},
};

static int read_subnet(const cJSON *document, enum ip_version version,
		       struct bridge_network *network, struct error *err)
{
	const char *written = NULL, *gateway = NULL, *range = NULL;
	struct subnet *subnet = &network->subnet[version];

	if (json_get_string(document, members[version].subnet, &written, err) < 0 ||
	    json_get_string(document, members[version].gateway, &gateway, err) < 0 ||
	    json_get_string(document, members[version].range, &range, err) < 0)
		return -1;
	if (!written)
		return version == IPV6 ? 0 : error_set(err, EINVAL, "there is no Subnet");
	if (subnet_parse(written, subnet, err) < 0 ||
	    (range && subnet_parse(range, &network->range[version], err) < 0))
		return -1;
	if (gateway && address_parse(gateway, &subnet->gateway) < 0)
		return error_set(err, EINVAL, "'%s' is not an address", gateway);
	return 0;
}

static int take_options(struct bridge_network *network, const struct strings *options,
			struct error *err)
{
	for (size_t i = 0; i < options->count; i++)
		if (bridge_network_option(network, options->items[i], err) < 0)
			return -1;
	return 0;
}

static int read_document(const cJSON *document, struct bridge_network *network, struct error *err)
{
	const char *id = "", *created = "";
	AUTO_STRINGS struct strings options = {0};

	if (json_get_bool(document, "Internal", &network->internal, err) < 0 ||
	    json_get_string(document, "Id", &id, err) < 0 ||
	    json_get_string(document, "Created", &created, err) < 0 ||
	    json_get_strings(document, "Options", &options, err) < 0 ||
	    take_options(network, &options, err) < 0 ||
	    read_subnet(document, IPV4, network, err) < 0 ||
	    read_subnet(document, IPV6, network, err) < 0)
		return -1;
	snprintf(network->id, sizeof(network->id), "%s", id);
	snprintf(network->created, sizeof(network->created), "%s", created);
	network->ipv6 = network->subnet[IPV6].prefix_length != 0;
	return 0;
}

/* Errors: ENOENT with Docker's words. */
static cJSON *read_file(const char *root, const char *name, struct error *err)
{
	AUTO_FREE char *path = memory_format("%s/networks/%s/network.json", root, name);
	AUTO_TEXT struct text text = {0};

	if (strchr(name, '/') || file_read(AT_FDCWD, path, 65536, &text, err) < 0) {
		if (strchr(name, '/') || err->code == ENOENT)
			error_set(err, ENOENT, "network %s not found", name);
		return NULL;
	}
	return json_parse(path, text_string(&text), text.length, err);
}

int bridge_network_load(const char *root, const char *name, struct bridge_network *network,
			struct error *err)
{
	AUTO_JSON cJSON *document = NULL;
	struct bridge_network loaded = {0};

	if (snprintf(loaded.leases, sizeof(loaded.leases), "%s/networks/%s/leases", root, name) >=
	    (int)sizeof(loaded.leases))
		return error_set(err, ENAMETOOLONG, "open the network of '%s'", root);
	choose_names(root, name, &loaded);
	document = read_file(root, name, err);
	if (!document)
		return -1;
	if (read_document(document, &loaded, err) < 0)
		return error_wrap(err, "read what is remembered of network '%s'", name);
	*network = loaded;
	return 0;
}

int bridge_network_extras(const char *root, const char *name, struct network_extras *extras,
			  struct error *err)
{
	AUTO_JSON cJSON *document = read_file(root, name, err);

	if (!document || json_get_strings(document, "Labels", &extras->labels, err) < 0)
		return -1;
	return json_get_strings(document, "Options", &extras->options, err);
}

static int save(const char *dir, const char *name, const struct bridge_network *network,
		const struct network_extras *extras, struct error *err)
{
	AUTO_FREE char *path = memory_format("%s/network.json", dir);
	AUTO_JSON cJSON *document = cJSON_CreateObject();
	AUTO_TEXT struct text text = {0};

	cJSON_AddStringToObject(document, "Name", name);
	cJSON_AddStringToObject(document, "Driver", "bridge");
	cJSON_AddStringToObject(document, "Id", network->id);
	cJSON_AddStringToObject(document, "Created", network->created);
	for (unsigned i = 0; i < IP_VERSIONS; i++) {
		const struct subnet *subnet = &network->subnet[i], *range = &network->range[i];

		if (subnet->prefix_length == 0)
			continue;
		cJSON_AddStringToObject(document, members[i].subnet, subnet_text(subnet).text);
		cJSON_AddStringToObject(document, members[i].gateway,
					address_text(subnet->gateway).text);
		if (range->prefix_length)
			cJSON_AddStringToObject(document, members[i].range,
						subnet_text(range).text);
	}
	cJSON_AddBoolToObject(document, "Internal", network->internal);
	json_add_strings(document, "Labels", &extras->labels);
	json_add_strings(document, "Options", &extras->options);
	json_print(document, true, &text);
	return file_replace(path, &text, 0600, false, err);
}

/* --- choosing ------------------------------------------------------------------------------ */

/* Whoever holds this lock is the one on this host who chooses a subnet and makes a bridge for it, so
 * that two roots at once don't choose the same. */
static int lock_choice(struct error *err)
{
	AUTO_CLOSE int fd = open(CHOICE_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return error_sys(err, "lock '%s'", CHOICE_LOCK);
	return take_fd(&fd);
}

/* Takes the subnet that the network has already, if nobody else uses it: after a reboot another may
 * have come first. Else, for one of ours, one that is free. */
static int find_subnet(struct subnet *subnet, enum ip_version version, unsigned own_link,
		       bool may_change, struct error *err)
{
	AUTO_NETLINK struct netlink netlink = {0};
	AUTO_FREE struct route *items = NULL;
	struct routes routes = {0};

	if (netlink_open(&netlink, NETLINK_ROUTE, err) < 0 ||
	    routes_list(&netlink, version, &routes, err) < 0)
		return -1;
	items = routes.items;
	if (subnet->prefix_length && subnet_is_free(subnet, &routes, own_link))
		return 0;
	if (!may_change)
		return error_set(err, EADDRINUSE,
				 "subnet %s overlaps with a route or network of this host",
				 subnet_text(subnet).text);
	return subnet_choose(version, &routes, own_link, subnet, err);
}

/* The same for a network that is made, of each kind that it is to have. */
static int find_subnets(struct bridge_network *network, struct error *err)
{
	for (unsigned i = 0; i < IP_VERSIONS; i++) {
		struct subnet *subnet = &network->subnet[i];

		if ((i == IPV4 || network->ipv6) &&
		    find_subnet(subnet, i, 0, subnet->prefix_length == 0, err) < 0)
			return -1;
	}
	return 0;
}

static int find_link(const char *name, struct link *link, struct error *err)
{
	AUTO_NETLINK struct netlink netlink = {0};

	if (netlink_open(&netlink, NETLINK_ROUTE, err) < 0)
		return -1;
	return link_find(&netlink, name, link, err) < 0 && err->code != ENODEV ? -1 : 0;
}

/* A name of the user's may be that of somebody's bridge; `ours` is only ever one of this root. */
static int refuse_taken(const char *name, const char *ours, struct error *err)
{
	struct link link = {0};

	if (strcmp(name, ours) == 0)
		return 0;
	if (find_link(name, &link, err) < 0)
		return -1;
	if (!link.index)
		return 0;
	return error_set(
		err, EEXIST,
		"network interface '%s' is there already, and not ours: give the bridge another name",
		name);
}

int bridge_network_open(const char *root, struct bridge_network *network, struct error *err)
{
	AUTO_FREE char *dir = memory_format("%s/networks/bridge", root);
	const struct network_extras none = {0};
	struct bridge_network opened = {0};
	AUTO_CLOSE int lock = -1;
	struct link link = {0};
	int known = bridge_network_load(root, "bridge", &opened, err);

	if (known < 0 && err->code != ENOENT)
		return -1;
	if (known < 0)
		choose_names(root, "bridge", &opened);
	if (find_link(opened.name, &link, err) < 0)
		return -1;
	if (known == 0 && link.index) {
		*network = opened;
		return 0;
	}
	lock = lock_choice(err);
	/* Once more: another may have been first. */
	if (lock < 0 || find_link(opened.name, &link, err) < 0)
		return -1;
	snprintf(opened.leases, sizeof(opened.leases), "%s/networks/bridge/leases", root);
	if (bridge_network_load(root, "bridge", &opened, err) < 0 && err->code != ENOENT)
		return -1;
	if (!(opened.subnet[IPV4].prefix_length && link.index) &&
	    find_subnet(&opened.subnet[IPV4], IPV4, link.index, true, err) < 0)
		return -1;
	if (path_make_dirs(opened.leases, 0700, err) < 0 ||
	    save(dir, "bridge", &opened, &none, err) < 0 || bridge_network_up(&opened, err) < 0)
		return -1;
	*network = opened;
	return 0;
}

/* Whoever makes or removes one passes through a name that begins with a dot, and holds the lock. */
static int clear_staged(const char *root, struct error *err)
{
	AUTO_FREE char *staged = memory_format("%s/networks/.new", root);
	AUTO_FREE char *gone = memory_format("%s/networks/.gone", root);

	return path_remove_tree(staged, err) < 0 ? -1 : path_remove_tree(gone, err);
}

/* Puts the directory with the choice in its place, whole: from then on the network exists, and whoever
 * uses it makes what is missing of its bridge. */
static int put_in_place(const char *root, const char *name, const struct bridge_network *network,
			const struct network_extras *extras, struct error *err)
{
	AUTO_FREE char *staged = memory_format("%s/networks/.new", root);
	AUTO_FREE char *leases = memory_format("%s/leases", staged);
	AUTO_FREE char *dir = memory_format("%s/networks/%s", root, name);

	if (clear_staged(root, err) < 0 || path_make_dirs(leases, 0700, err) < 0 ||
	    save(staged, name, network, extras, err) < 0)
		return -1;
	if (renameat2(AT_FDCWD, staged, AT_FDCWD, dir, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return error_set(err, EEXIST, "network with name %s already exists", name);
	return error_sys(err, "rename '%s' to '%s'", staged, dir);
}

static int take_away(const char *root, const char *name, struct error *err)
{
	AUTO_FREE char *gone = memory_format("%s/networks/.gone", root);
	AUTO_FREE char *dir = memory_format("%s/networks/%s", root, name);

	if (clear_staged(root, err) < 0)
		return -1;
	if (rename(dir, gone) < 0)
		return error_sys(err, "remove network %s", name);
	return path_remove_tree(gone, err);
}

int bridge_network_create(const char *root, const char *name, struct bridge_network *network,
			  const struct network_extras *extras, struct error *err)
{
	AUTO_FREE char *dir = memory_format("%s/networks/%s", root, name);
	struct bridge_network made = *network, ours;
	AUTO_CLOSE int lock = lock_choice(err);
	struct error unknown;

	if (lock < 0)
		return -1;
	if (access(dir, F_OK) == 0)
		return error_set(err, EEXIST, "network with name %s already exists", name);
	choose_names(root, name, &made);
	ours = made;
	if (take_options(&made, &extras->options, err) < 0 ||
	    refuse_taken(made.name, ours.name, err) < 0)
		return -1;
	if (snprintf(made.leases, sizeof(made.leases), "%s/leases", dir) >=
	    (int)sizeof(made.leases))
		return error_set(err, ENAMETOOLONG, "make network '%s'", name);
	if (find_subnets(&made, err) < 0 || put_in_place(root, name, &made, extras, err) < 0)
		return -1;
	if (bridge_network_up(&made, err) == 0) {
		*network = made;
		return 0;
	}
	bridge_network_down(&made, false, &unknown);
	take_away(root, name, &unknown);
	return -1;
}

int bridge_network_remove(const char *root, const char *name, struct error *err)
{
	struct bridge_network network;
	struct dirent *entry;
	AUTO_CLOSE_DIR DIR *leases = NULL;
	AUTO_CLOSE int lock = lock_choice(err);

	if (lock < 0 || bridge_network_load(root, name, &network, err) < 0)
		return -1;
	leases = opendir(network.leases);
	while (leases && (entry = readdir(leases)))
		if (*entry->d_name != '.')
			return error_set(err, EBUSY, "network %s has active endpoints", name);
	if (bridge_network_down(&network, false, err) < 0)
		return -1;
	return take_away(root, name, err);
}

int bridge_network_clear(const char *root, struct error *err)
{
	AUTO_CLOSE int lock = lock_choice(err);

	return lock < 0 ? -1 : clear_staged(root, err);
}
