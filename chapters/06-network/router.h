/*
 * This host as a router, which containers need. Where it was none before, it is one for bridges alone;
 * that is remembered in ROOT/networks/.router until the next boot, so that rules which others have
 * flushed come back whole.
 */
#ifndef ROUTER_H
#define ROUTER_H

#include "bridge.h"
#include "error.h"

/* Makes the host forward packets, of IPv6 too if the network has it; cheap if it does. If it did not,
 * it is first closed to what neither comes from nor goes to a bridge. ip-sysctl in the kernel's
 * documentation. */
int router_open(const struct bridge_network *network, struct error *err);

/* Closes it again as it was before the table of rules was lost. */
int router_restore(const struct bridge_network *network, struct error *err);

#endif
