/*
 * The three files by which a container knows names: hostname, hosts, resolv.conf.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <netinet/in.h>

#include "error.h"

enum resolver_mode { RESOLVER_BRIDGE, RESOLVER_NONE, RESOLVER_HOST };

/* Writes DIR/hostname, DIR/hosts and DIR/resolv.conf as Docker does: resolv.conf is the host's
 * without loopback servers (systemd-resolved's /run/systemd/resolve/resolv.conf if that is what is
 * left empty), hosts ends in "ADDRESS HOSTNAME" for a bridge; for the host's network both are the
 * host's own. `address` is used for RESOLVER_BRIDGE only. The files are 0644. */
int resolver_write(const char *dir, enum resolver_mode mode, const char *hostname,
		   struct in_addr address, struct error *err);

#endif
