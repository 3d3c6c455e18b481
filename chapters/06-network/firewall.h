/*
 * Packet filter and address translation, by nftables: one table of our own for each data root.
 *
 *	table inet coracle {
 *		set bridges { type ifname; elements = { "coracle0" } }
 *		chain forward     what comes into a bridge from outside must answer something
 *		chain postrouting what leaves a bridge takes the address of the way out
 *	}
 *
 * The rules never change: a network is an element of the set, and what later comes with a container
 * (a published port) will be an element of a map. An element costs a fourth of a rule, and both ask
 * less of the kernel than anything that is looked for in a list. No table of others is touched.
 */
#ifndef FIREWALL_H
#define FIREWALL_H

#include <stdbool.h>

#include "error.h"

/* Makes what is missing of the table `table`, with the interface `bridge` among its bridges. Cheap
 * when all is there: one question to the kernel. Errors: EOPNOTSUPP and others with the words of
 * libnftables, if the kernel has no nftables. nft(8) */
int firewall_up(const char *table, const char *bridge, struct error *err);

/* True if the table is there and knows the bridge. */
bool firewall_is_up(const char *table, const char *bridge);

/* Removes the table; that there is none is fine. */
int firewall_down(const char *table, struct error *err);

#endif
