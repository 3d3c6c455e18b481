/*
 * The three files by which a container knows names: hostname, hosts, resolv.conf.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <netinet/in.h>
#include <stdbool.h>

#include "error.h"
#include "text.h"

enum resolver_mode { RESOLVER_BRIDGE, RESOLVER_NONE, RESOLVER_HOST };

/* Adds what of the host's resolv.conf is right in a container: no comments, and no servers but those
 * with an IPv4 address that is not loopback. Returns how many servers are left. */
int resolver_filter(const char *host, struct text *out);

/* Writes DIR/hostname, DIR/hosts and DIR/resolv.conf as Docker does: resolv.conf is the host's
 * without loopback servers (systemd-resolved's /run/systemd/resolve/resolv.conf if that is what is
 * left empty, and Docker's 8.8.8.8 and 8.8.4.4 if nothing is left), hosts ends in "ADDRESS HOSTNAME" for a bridge; for the host's network both are the
 * host's own. `address` is used for RESOLVER_BRIDGE only. The files are 0644. */
int resolver_write(const char *dir, enum resolver_mode mode, const char *hostname,
		   struct in_addr address, struct error *err);

struct volumes;
/* Adds the binds of the three files to their places below /etc, but those in whose place the user
 * wants something else. */
void resolver_add_volumes(const char *dir, bool read_only, struct volumes *volumes);

#endif
