/*
 * Names on a user's network: one dnsmasq for each network, on the bridge's address. It reads
 *
 *	ROOT/networks/NAME/hosts/ID	"ADDRESS NAME ALIAS…" of each container that is connected
 *
 * and asks the host's servers for all other names, but on an internal network, which has no way out.
 */
#ifndef DNS_H
#define DNS_H

#include "bridge.h"
#include "error.h"

/* Makes the names of a container known, and starts the network's dnsmasq unless it runs.
 * Errors: ENOENT if dnsmasq is not installed; ECHILD if it ends at once. dnsmasq(8) */
int dns_add(const struct bridge_network *network, const char *id, const char *line,
	    struct error *err);

/* Starts the network's dnsmasq again if it has been killed while there are names. */
int dns_repair(const struct bridge_network *network, struct error *err);

/* Takes them back; the last one ends the dnsmasq. That there are none is fine. */
void dns_remove(const struct bridge_network *network, const char *id);

#endif
