/*
 * The three files by which a container knows names: hostname, hosts, resolv.conf.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <stdbool.h>

#include "address.h"
#include "error.h"
#include "text.h"

enum resolver_mode { RESOLVER_BRIDGE, RESOLVER_NONE, RESOLVER_HOST };

/* Adds what of the host's resolv.conf is right in a container: no comments, and no servers but those
 * with an IPv4 address that is not loopback. Returns how many servers are left. */
int resolver_filter(const char *host, struct text *out);

/* What the user wants to be different; empty lists: nothing. A zeroed struct is valid. */
struct resolver_wishes {
	struct strings servers;	 /* addresses, instead of the host's */
	struct strings searches; /* domains, instead of the host's; "." for none */
	struct strings options;	 /* as "ndots:2", instead of the host's */
	struct strings hosts;	 /* "NAME:ADDRESS" or "NAME:host-gateway" */
};
void resolver_wishes_release(struct resolver_wishes *wishes);

struct resolver_config {
	enum resolver_mode mode;
	const char *hostname;
	/* For RESOLVER_BRIDGE: the container's, and the host's on the bridge, or none. */
	const struct address *addresses;
	size_t address_count;
	struct address gateway;
	struct address server; /* of the network itself, that is asked first, or none */
	const struct resolver_wishes *wishes;
};

/* Writes DIR/hostname, DIR/hosts and DIR/resolv.conf as Docker does: resolv.conf is the host's
 * without loopback servers (systemd-resolved's /run/systemd/resolve/resolv.conf if that is what is
 * left empty, and Docker's 8.8.8.8 and 8.8.4.4 if nothing is left), hosts ends in "ADDRESS HOSTNAME"
 * for a bridge; for the host's network both are the host's own, but for wishes. The files are 0644.
 * Errors: EINVAL for host-gateway without a bridge. */
int resolver_write(const char *dir, const struct resolver_config *config, struct error *err);

/* Adds the host's servers that a container can reach, as addresses. */
int resolver_host_servers(struct strings *servers, struct error *err);

struct volumes;
/* Adds the binds of the three files to their places below /etc, but those in whose place the user
 * wants something else. */
void resolver_add_volumes(const char *dir, bool read_only, struct volumes *volumes);

#endif
