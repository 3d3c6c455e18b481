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

/* The names of the bridge networks that a container is to be in. *names is added to. */
void networks_names(const struct container_config *config, struct strings *names);

/* What a start holds of the networks. A zeroed struct holds nothing. */
struct networks {
	struct bridge_network *items;
	struct strings names;
	struct ports ports;
};

/* Before the start: makes sure that the networks are there and up, and holds the ports. For
 * "container:NAME" it moves the calling process, which is to clone the container, into that
 * container's network namespace. Errors: ENOENT "network … not found"; EADDRINUSE for a taken port. */
int networks_prepare(const struct engine *engine, const struct container *container,
		     struct networks *networks, struct error *err);

/* Connects process `pid`, makes its names known, publishes its ports, and writes its files of names.
 * Fills address and ports of its state. On failure, and at the end, networks_give_back. */
int networks_attach(const struct engine *engine, struct container *container,
		    struct networks *networks, pid_t pid, struct error *err);

/* Gives back ports, names and addresses; what is gone already is fine. */
int networks_give_back(const struct engine *engine, const struct container *container,
		       struct error *err);

void networks_release(struct networks *networks);

/* Connects a container to one more network, or ends that; at once if it runs. *container's
 * configuration is changed and recorded. Errors: EEXIST, ENOENT, with Docker's words. */
int networks_connect(const struct engine *engine, struct container *container, const char *name,
		     const struct strings *aliases, struct error *err);
int networks_disconnect(const struct engine *engine, struct container *container, const char *name,
			struct error *err);

/* Publishes the ports of all running containers again, after the rules were lost. */
int networks_publish_again(const struct engine *engine, struct error *err);

/* Lists the networks that are remembered, "bridge" always among them, by name. */
int networks_list(const struct engine *engine, struct strings *names, struct error *err);

/* The full name for a name or a unique beginning of an id. The caller frees *found.
 * Errors: ENOENT "network … not found". */
int networks_find(const struct engine *engine, const char *name, char **found, struct error *err);

/* Removes a network by its full name. Errors: ENOENT; EBUSY if an address of it is leased. */
int networks_remove(const struct engine *engine, const char *name, struct error *err);

/* The address of a container on a network; 0.0.0.0 if it has none. */
struct in_addr networks_address(const struct bridge_network *network, const char *id);

#endif
