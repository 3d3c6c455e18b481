/*
 * Subnets of IPv4: what is in one, and which one is free on this host.
 */
#ifndef SUBNET_H
#define SUBNET_H

#include <netinet/in.h>
#include <stdbool.h>

#include "error.h"
#include "link.h"

struct subnet {
	struct in_addr gateway; /* one of its addresses, by which one leaves it */
	unsigned prefix_length; /* 8 to 30 */
};

/* The first and the last address of a subnet, which are nobody's: network and broadcast. */
struct in_addr subnet_first(const struct subnet *subnet);
struct in_addr subnet_last(const struct subnet *subnet);

/* "172.30.0.0/16" */
struct short_text subnet_text(const struct subnet *subnet);

/* Reads "172.30.0.0/16"; the gateway is its first host. Errors: EINVAL. */
int subnet_parse(const char *text, struct subnet *subnet, struct error *err);

/* True if no route of this host goes into the subnet. Those by the interface `own_link` (0: none)
 * don't count, nor do default routes, in halves (0.0.0.0/1) or whole. */
bool subnet_is_free(const struct subnet *subnet, const struct routes *routes, unsigned own_link);

/* Chooses the first free one of 172.30.0.0/16, 172.31.0.0/16, 192.168.0.0/20, 192.168.16.0/20 …
 * Errors: EADDRNOTAVAIL if none is. */
int subnet_choose(const struct routes *routes, unsigned own_link, struct subnet *subnet,
		  struct error *err);

#endif
