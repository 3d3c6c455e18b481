/* Comparing records with what is there; see check.h. Read check_engine first. */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address_pool.h"
#include "cgroup_layout.h"
#include "cgroup_remove.h"
#include "cgroup_tree.h"
#include "container.h"
#include "dns.h"
#include "file.h"
#include "firewall.h"
#include "leftovers.h"
#include "link.h"
#include "names.h"
#include "networks.h"
#include "path.h"
#include "record.h"
#include "volume_store.h"

/* Calls `examine` for each name in a directory below the root; that there is no such is fine. */
static int for_each(struct check *check, const char *path,
		    int (*examine)(struct check *check, const char *name, struct error *err),
		    struct error *err)
{
	AUTO_CLOSE_DIR DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir && errno != ENOENT)
		return error_sys(err, "read directory '%s'", path);
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    examine(check, entry->d_name, err) < 0)
			return -1;
	return 0;
}

static int for_each_below(struct check *check, const char *name,
			  int (*examine)(struct check *check, const char *name, struct error *err),
			  struct error *err)
{
	AUTO_FREE char *path = path_join(check->engine->root, name);

	return for_each(check, path, examine, err);
}

/* --- what only a container that runs has --------------------------------------------------- */

static bool exists(const struct check *check, const char *id)
{
	AUTO_FREE char *dir = memory_format("%s/containers/%s", check->engine->root, id);

	return access(dir, F_OK) == 0;
}

/* Takes the lock of the container's monitor, so that none is at work; -1 if one is. */
static int hold(const struct check *check, const char *id)
{
	struct container container = {0};
	struct error busy;

	snprintf(container.id, sizeof(container.id), "%.*s", CONTAINER_ID_LENGTH, id);
	return record_lock_monitor(check->engine, &container, &busy);
}

static void let_go(const struct check *check, const char *id, int lock)
{
	AUTO_FREE char *run = path_join(check->engine->run, id);
	struct error ignored;

	if (!exists(check, id))
		path_remove_tree(run, &ignored);
	close(lock);
}

/* Whether a lease is there still, and its holder gone. Not all of them are containers with a monitor:
 * a program of chapter 06 may use the same network. */
static bool is_left_behind(const struct bridge_network *network, const struct lease *lease)
{
	struct error ignored;
	AUTO_CLOSE int lock = bridge_lock(network, &ignored);
	struct address now = networks_address(network, lease->id, address_version(lease->address));

	return lock >= 0 && address_compare(now, lease->address) == 0 &&
	       !bridge_is_attached(network, lease->id);
}

static void examine_lease(struct check *check, const struct bridge_network *network,
			  const struct lease *lease)
{
	int lock = hold(check, lease->id);
	struct error ignored;

	if (lock < 0)
		return;
	if (is_left_behind(network, lease)) {
		strings_add_format(&check->findings, "address %s: its container %.12s does not run",
				   address_text(lease->address).text, lease->id);
		dns_remove(network, lease->id);
		bridge_detach(network, lease->id, &ignored);
	}
	let_go(check, lease->id, lock);
}

static bool is_leased(const struct check *check, const char *address)
{
	AUTO_STRINGS struct strings names = {0};
	struct error unknown;
	bool leased = false;

	networks_list(check->engine, &names, &unknown);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *lease = NULL;
		struct bridge_network network;

		if (bridge_network_load(check->engine->root, names.items[i], &network, &unknown) <
		    0)
			continue;
		lease = path_join(network.leases, address);
		leased |= faccessat(AT_FDCWD, lease, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	}
	return leased;
}

/* Whether an element of a map of ports, "tcp . 8080 : 172.30.0.2 . 80", leads to an address still. */
static bool is_published(const char *list, const char *address)
{
	AUTO_FREE char *target = memory_format(" : %s . ", address);
	AUTO_TEXT struct text said = {0};
	struct error none;

	return firewall_list(list, &said, &none) == 0 && strstr(text_string(&said), target);
}

static void examine_ports(struct check *check, const char *table, const char *map)
{
	AUTO_FREE char *list = memory_format("list map inet %s %s", table, map);
	AUTO_TEXT struct text said = {0};
	struct error none;

	if (firewall_list(list, &said, &none) < 0)
		return;
	for (const char *at = text_string(&said); (at = strstr(at, " : ")); at += 3) {
		char address[INET6_ADDRSTRLEN] = "";

		/* A port is published after its address is leased, and withdrawn before it is given
		 * back: so the address is asked for after the port, and then the port again. */
		if (sscanf(at + 3, "%45[0-9a-f.:]", address) == 1 && !is_leased(check, address) &&
		    is_published(list, address))
			strings_add_format(&check->findings,
					   "a published port leads to %s, which no container has",
					   address);
	}
}

static int examine_network(struct check *check, const char *name, struct error *err)
{
	struct bridge_network network;
	struct leases leases = {0};
	AUTO_CLOSE int fd = -1;

	if (bridge_network_load(check->engine->root, name, &network, err) < 0)
		return err->code == ENOENT ? 0 : -1;
	check->networks++;
	fd = open(network.leases, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		strings_add_format(&check->findings,
				   "network %s: its directory of addresses is missing", name);
		return 0;
	}
	if (address_pool_list(&(struct address_pool){.dir = network.leases, .dir_fd = fd}, &leases,
			      err) < 0)
		return -1;
	for (size_t i = 0; i < leases.count; i++)
		examine_lease(check, &network, &leases.items[i]);
	free(leases.items);
	return 0;
}

static int examine_networks(struct check *check, struct error *err)
{
	static const char *const maps[] = {"ports", "ports_at", "ports6", "ports6_at"};
	AUTO_STRINGS struct strings names = {0};
	char table[64];

	if (bridge_network_clear(check->engine->root, err) < 0 ||
	    networks_list(check->engine, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (examine_network(check, names.items[i], err) < 0)
			return -1;
	bridge_table_name(check->engine->root, table);
	for (size_t i = 0; i < ARRAY_LENGTH(maps); i++)
		examine_ports(check, table, maps[i]);
	return 0;
}

/* Other cgroups are there too: those of the chapters' programs, and what --cgroup-parent names. And what
 * has processes is never killed on mere suspicion. */
static void examine_cgroup(struct check *check, const char *dir)
{
	const char *id = strrchr(dir, '/') + 1;
	int lock = container_is_id(id) ? hold(check, id) : -1;
	AUTO_STRINGS struct strings pids = {0};
	struct error ignored;

	if (lock < 0)
		return;
	if (cgroup_tree_pids(dir, &pids, &ignored) == 0) {
		strings_add_format(&check->findings, "cgroup %s: its container does not run%s", dir,
				   pids.count ? ", but has processes: end them" : "");
		if (pids.count == 0)
			cgroup_remove(dir, &ignored);
	}
	let_go(check, id, lock);
}

static int examine_cgroups(struct check *check, struct error *err)
{
	AUTO_CGROUP_LAYOUT struct cgroup_layout layout = {0};

	if (cgroup_layout_read(&layout, err) < 0)
		return -1;
	for (size_t i = 0; i < layout.count; i++) {
		AUTO_FREE char *parent =
			path_join(layout.hierarchies[i].mount, check->engine->cgroup_parent);
		AUTO_STRINGS struct strings dirs = {0};

		cgroup_tree_children(parent, &dirs);
		for (size_t j = 0; j < dirs.count; j++)
			examine_cgroup(check, dirs.items[j]);
	}
	return 0;
}

static int examine_run(struct check *check, const char *name, struct error *err)
{
	int lock;

	(void)err;
	if (exists(check, name) || (lock = hold(check, name)) < 0)
		return 0;
	strings_add_format(&check->findings, "%s/%s: its container is gone", check->engine->run,
			   name);
	let_go(check, name, lock);
	return 0;
}

/* --- records and names --------------------------------------------------------------------- */

static void examine_record(struct check *check, const char *id)
{
	AUTO_CONTAINER struct container container = {0};
	char owner[CONTAINER_ID_LENGTH + 1] = "";
	struct error why;

	check->containers++;
	if (record_load(check->engine, id, &container, &why) < 0) {
		if (why.code != ENOENT)
			strings_add_format(&check->findings, "%s", why.text);
		return;
	}
	if (names_look_up(check->engine, container.config.name, owner) < 0 ||
	    strcmp(owner, id) != 0)
		strings_add_format(&check->findings,
				   "container %.12s: its name '%s' does not lead to it", id,
				   container.config.name);
	if (container.state.status != CONTAINER_RUNNING)
		return;
	check->running++;
	/* It may have ended since it was read: then its monitor says so, and is gone. */
	if (record_pid_start(container.state.pid) != container.state.pid_start &&
	    !record_monitor_lives(check->engine, &container))
		strings_add_format(&check->findings,
				   "container %.12s: it is recorded as running, and does not", id);
}

static int examine_container(struct check *check, const char *name, struct error *err)
{
	AUTO_FREE char *path = memory_format("%s/containers/%s", check->engine->root, name);
	AUTO_STRINGS struct strings entry = {0};

	(void)err;
	if (*name != '.') {
		examine_record(check, name);
		return 0;
	}
	strings_add(&entry, name);
	leftovers_clear(check->engine, &entry);
	if (strcmp(name, ".lock") != 0 && access(path, F_OK) == 0)
		strings_add_format(&check->findings, "%s: left by a command that was killed", path);
	return 0;
}

static int examine_name(struct check *check, const char *name, struct error *err)
{
	char id[CONTAINER_ID_LENGTH + 1] = "";

	(void)err;
	if (names_look_up(check->engine, name, id) < 0 || !exists(check, id))
		strings_add_format(&check->findings, "name '%s': its container is gone", name);
	return 0;
}

static int examine_ids(struct check *check, const char *name, struct error *err)
{
	AUTO_FREE char *path = memory_format("%s/ids/%s", check->engine->root, name);
	char id[CONTAINER_ID_LENGTH + 1] = "";

	(void)err;
	if (readlink(path, id, CONTAINER_ID_LENGTH) < 0 || !exists(check, id))
		strings_add_format(&check->findings, "ids from %s: their container is gone", name);
	return 0;
}

/* Under their lock nobody is making or removing one: what is there goes, as with the next that is made. */
static int examine_volume(struct check *check, const char *name, struct error *err)
{
	AUTO_STORED_VOLUME struct stored_volume volume = {0};
	AUTO_FREE char *path = memory_format("%s/volumes/%s", check->engine->root, name);
	struct error why;

	if (strcmp(name, ".new") == 0 || strcmp(name, ".gone") == 0)
		return path_remove_tree(path, err);
	if (*name == '.')
		return 0;
	check->volumes++;
	if (volume_store_find(check->engine, name, &volume, &why) < 0)
		strings_add_format(&check->findings, "%s", why.text);
	return 0;
}

/* --- mounts -------------------------------------------------------------------------------- */

/* Overlays are mounted in the containers' own mount namespaces, never in ours. */
static int examine_mounts(struct check *check, struct error *err)
{
	AUTO_FREE char *below = path_join(check->engine->root, "containers/");
	AUTO_TEXT struct text mounts = {0};
	char *rest, *line;

	if (file_read(AT_FDCWD, "/proc/self/mountinfo", 64 << 20, &mounts, err) < 0)
		return -1;
	text_string(&mounts);
	line = mounts.data ? strtok_r(mounts.data, "\n", &rest) : NULL;
	for (; line; line = strtok_r(NULL, "\n", &rest)) {
		char *point = NULL;

		if (sscanf(line, "%*s %*s %*s %*s %ms", &point) == 1 &&
		    text_starts_with(point, below))
			strings_add_format(&check->findings, "%s: something is mounted there",
					   point);
		free(point);
	}
	return 0;
}

/* As any command does that lists containers. */
static void repair_all(struct check *check)
{
	AUTO_STRINGS struct strings ids = {0};
	struct error why;

	if (container_image_ids(check->engine, &ids, &why) < 0)
		strings_add_format(&check->findings, "%s", why.text);
}

int check_engine(struct check *check, struct error *err)
{
	AUTO_CLOSE int volumes = -1;
	AUTO_CLOSE int lock = -1;

	repair_all(check);
	if (for_each_below(check, "containers", examine_container, err) < 0 ||
	    for_each(check, check->engine->run, examine_run, err) < 0 ||
	    examine_networks(check, err) < 0 || examine_cgroups(check, err) < 0 ||
	    examine_mounts(check, err) < 0)
		return -1;
	volumes = volume_store_lock(check->engine, err);
	if (volumes < 0 || for_each_below(check, "volumes", examine_volume, err) < 0)
		return -1;
	cleanup_fd(&volumes);
	lock = engine_lock(check->engine, err);
	if (lock < 0 || for_each_below(check, "names", examine_name, err) < 0)
		return -1;
	return for_each_below(check, "ids", examine_ids, err);
}

void check_release(struct check *check)
{
	strings_release(&check->findings);
}
