/*
 * Which bridge, table and subnet belong to a data root: bridge_network_open of bridge.h.
 */
#include <arpa/inet.h>
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

/* FNV-1a: short, and different roots get different names. */
static uint32_t hash(const char *text)
{
	uint32_t value = 2166136261;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 16777619;
	return value;
}

static void choose_names(const char *root, struct bridge_network *network)
{
	AUTO_FREE char *real = realpath(root, NULL);
	unsigned mark = hash(real ? real : root);

	if (strcmp(root, DEFAULT_ROOT) == 0) {
		snprintf(network->name, sizeof(network->name), "coracle0");
		snprintf(network->table, sizeof(network->table), "coracle");
		return;
	}
	snprintf(network->name, sizeof(network->name), "coracle%08x", mark);
	snprintf(network->table, sizeof(network->table), "coracle_%08x", mark);
}

/* Reads the choice of an earlier command: 1, or 0 if there is none. */
static int load(const char *path, struct subnet *subnet, struct error *err)
{
	AUTO_TEXT struct text text = {0};
	AUTO_JSON cJSON *document = NULL;
	const char *written = NULL;

	if (file_read(AT_FDCWD, path, 65536, &text, err) < 0)
		return err->code == ENOENT ? 0 : -1;
	document = json_parse(path, text_string(&text), text.length, err);
	if (!document || json_get_string(document, "Subnet", &written, err) < 0)
		return -1;
	if (!written)
		return error_set(err, EINVAL, "read '%s': there is no Subnet", path);
	if (subnet_parse(written, subnet, err) < 0)
		return error_wrap(err, "read '%s'", path);
	return 1;
}

static int save(const char *path, const struct subnet *subnet, struct error *err)
{
	AUTO_JSON cJSON *document = cJSON_CreateObject();
	AUTO_TEXT struct text text = {0};

	cJSON_AddStringToObject(document, "Name", "bridge");
	cJSON_AddStringToObject(document, "Driver", "bridge");
	cJSON_AddStringToObject(document, "Subnet", subnet_text(subnet).text);
	cJSON_AddStringToObject(document, "Gateway", address_text(subnet->gateway).text);
	json_print(document, true, &text);
	return file_replace(path, &text, 0600, false, err);
}

/* An earlier choice holds while its bridge exists, or nobody else uses the subnet: after a reboot
 * another network may have come first. */
static int find_subnet(const char *path, const char *bridge, struct subnet *subnet,
		       struct error *err)
{
	AUTO_NETLINK struct netlink netlink = {0};
	AUTO_FREE struct route *items = NULL;
	struct routes routes = {0};
	struct link link = {0};
	int known = load(path, subnet, err);

	if (known < 0 || netlink_open(&netlink, NETLINK_ROUTE, err) < 0)
		return -1;
	if (link_find(&netlink, bridge, &link, err) < 0 && err->code != ENODEV)
		return -1;
	if (known && link.index)
		return 0;
	if (routes_list(&netlink, &routes, err) < 0)
		return -1;
	items = routes.items;
	if (known && subnet_is_free(subnet, &routes, 0))
		return 0;
	if (subnet_choose(&routes, link.index, subnet, err) < 0)
		return -1;
	return save(path, subnet, err);
}

/* Makes the directory of the leases and locks it, so that two commands at once choose the same. */
static int lock_directory(const char *leases, struct error *err)
{
	AUTO_CLOSE int fd = -1;

	if (path_make_dirs(leases, 0700, err) < 0)
		return -1;
	fd = open(leases, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return error_sys(err, "lock '%s'", leases);
	return take_fd(&fd);
}

int bridge_network_open(const char *root, struct bridge_network *network, struct error *err)
{
	AUTO_FREE char *leases = memory_format("%s/networks/bridge/leases", root);
	AUTO_FREE char *config = memory_format("%s/networks/bridge/network.json", root);
	struct bridge_network opened = {0};
	struct subnet subnet = {0};
	AUTO_CLOSE int lock = -1;

	if (strlen(leases) >= sizeof(opened.leases))
		return error_set(err, ENAMETOOLONG, "open the network of '%s'", root);
	lock = lock_directory(leases, err);
	if (lock < 0)
		return -1;
	choose_names(root, &opened);
	if (find_subnet(config, opened.name, &subnet, err) < 0)
		return -1;
	strcpy(opened.leases, leases);
	opened.gateway = subnet.gateway;
	opened.prefix_length = subnet.prefix_length;
	*network = opened;
	return 0;
}
