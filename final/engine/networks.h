/*
 * The networks of a data root, and a container's way into them, and out.
 *
 * A container's network is "none", "host", "container:NAME", "bridge", or one that was created; of
 * the last two it can have several. Which address it has where is said by the leases (chapter 06).
 */
#ifndef NETWORKS_H
#define NETWORKS_H

#include "bridge.h"
#include "container.h"
#include "engine.h"
#include "error.h"
#include "port.h"

enum network_kind { NETWORK_NONE, NETWORK_HOST, NETWORK_CONTAINER, NETWORK_BRIDGES };

/* What the name of its network means. */
enum network_kind networks_kind(const struct container_config *config);

/* The bridge networks of a container, and what a start holds of them. A zeroed struct holds nothing. */
struct networks {
	struct bridge_network *items; /* one for each membership, in that order */
	size_t count;
	struct ports ports;
};

/* Before the start: makes sure that the networks are there and up, and holds the ports. For
 * "container:NAME" it moves the calling process, which is to clone the container, into that
 * container's network namespace. Errors: ENOENT "network … not found"; EADDRINUSE for a taken port. */
int networks_prepare(const struct engine *engine, const struct container *container,
		     struct networks *networks, struct error *err);

/* Connects process `pid`, makes its names known, publishes its ports, and writes its files of names.
 * Fills the ports of its state. On failure, and at the end, networks_give_back. */
int networks_attach(const struct engine *engine, struct container *container,
		    struct networks *networks, pid_t pid, struct error *err);

/* Gives back ports, names and addresses; what is gone already is fine. */
int networks_give_back(const struct engine *engine, const struct container *container,
		       struct error *err);

void networks_release(struct networks *networks);
#define AUTO_NETWORKS CLEANUP(networks_release)

/* Connects a container to one more network, as `member` says, which is moved into it, or ends that; at
 * once if it runs (networks_change.c). *container's configuration is changed and recorded. Errors:
 * EEXIST, ENOENT, with Docker's words. */
int networks_connect(const struct engine *engine, struct container *container,
		     struct membership *member, struct error *err);
int networks_disconnect(const struct engine *engine, struct container *container, const char *name,
			struct error *err);

/* Removes the bridge of the default network, if it was ever made, and the table of all networks. Errors:
 * EBUSY if an address of it is leased, unless `used`. */
int networks_remove_default(const struct engine *engine, bool used, struct error *err);

/* Publishes the ports of all running containers again, after the rules were lost. */
int networks_publish_again(const struct engine *engine, struct error *err);

/* For networks_change.c: reads what is remembered of a container's networks (those that are gone have no
 * name); which of them is its way out, by IPv4 or IPv6, -1 if none is; makes sure that one is up; and
 * gives a container what a membership says, and its names. */
int networks_load(const struct engine *engine, const struct container *container,
		  struct networks *networks, struct error *err);
int networks_gateway(const struct container *container, const struct networks *networks,
		     enum ip_version version);
int networks_open(const struct engine *engine, const char *name, struct bridge_network *network,
		  struct error *err);
int networks_join(const struct container *container, const struct membership *member,
		  const struct bridge_network *network, struct attachment *attachment,
		  struct error *err);

/* Lists the networks that are remembered, "bridge" always among them, by name. */
int networks_list(const struct engine *engine, struct strings *names, struct error *err);

/* The full name for a name or a unique beginning of an id. The caller frees *found.
 * Errors: ENOENT "network … not found". */
int networks_find(const struct engine *engine, const char *name, char **found, struct error *err);

/* Removes a network by its full name. Errors: ENOENT; EBUSY if an address of it is leased. */
int networks_remove(const struct engine *engine, const char *name, struct error *err);

/* Errors: EINVAL with Docker's words for what can't be wished for on that network. */
int networks_check_member(const struct membership *member, struct error *err);

/* "02:42:ac:1e:00:02"; -1 if the text is something else. */
int networks_parse_mac(const char *text, uint8_t mac[6]);

/* The MAC of a container on a network where it has that address of IPv4. */
struct short_text networks_mac(const struct membership *member, struct address address);

/* The address of a container on a network; none if it has none there. */
struct address networks_address(const struct bridge_network *network, const char *id,
				enum ip_version version);

#endif
