/*
 * A container's end of whatever network it was given: its name, its address, its files.
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
#include <sys/types.h>

#include "bridge.h"
#include "cleanup.h"
#include "error.h"
#include "network_options.h"
#include "resolver.h"

struct endpoint {
	enum resolver_mode mode;
	char id[65];		       /* 64 random hexadecimal digits, as Docker's */
	char hostname[65];	       /* HOST_NAME_MAX of Linux is 64 */
	struct bridge_network network; /* of RESOLVER_BRIDGE */
	bool attached;		       /* to that */
	const struct resolver_wishes *names;
	struct ports *ports; /* the options' */
};

/* Makes up an id, makes what is missing of the network, on the data root `root`, and holds the
 * ports to be published. The hostname is `hostname`, else (NULL) the first 12 digits of the id; on
 * the host's network the host's own. The endpoint refers to the options. The caller releases
 * *endpoint. getrandom(2) */
int endpoint_open(struct endpoint *endpoint, struct network_options *options, const char *root,
		  const char *hostname, struct error *err);

/* Connects process `pid`, which waits in a network namespace of its own (or the host's, for
 * RESOLVER_HOST), publishes its ports, and writes its hostname, hosts and resolv.conf to the
 * directory `files`. */
int endpoint_attach(struct endpoint *endpoint, pid_t pid, const char *files, struct error *err);

/* Gives back ports and address. Should that fail, the next who needs an address takes it over. */
void endpoint_release(struct endpoint *endpoint);
#define AUTO_ENDPOINT CLEANUP(endpoint_release)

#endif
