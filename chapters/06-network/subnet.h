/*
 * Subnets: what is in one, and which one is free on this host.
 */
#ifndef SUBNET_H
#define SUBNET_H

#include <stdbool.h>

#include "address.h"
#include "error.h"

struct routes;

struct subnet {
	struct address gateway; /* one of its addresses, by which one leaves it */
	unsigned prefix_length; /* 8 to 30, of IPv6 to 126; 0: there is none */
};

/* The first and the last address of a subnet, which are nobody's: of IPv4 network and broadcast. */
struct address subnet_first(const struct subnet *subnet);
struct address subnet_last(const struct subnet *subnet);

/* True for an address from the first to the last. */
bool subnet_contains(const struct subnet *subnet, struct address address);

/* "172.30.0.0/16" */
struct short_text subnet_text(const struct subnet *subnet);

/* Reads "172.30.0.0/16" or "fd00::/64"; the gateway is its first host. Errors: EINVAL. */
int subnet_parse(const char *text, struct subnet *subnet, struct error *err);

/* True if no route of this host goes into the subnet. Those by the interface `own_link` (0: none)
 * don't count, nor do default routes, in halves (0.0.0.0/1) or whole. */
bool subnet_is_free(const struct subnet *subnet, const struct routes *routes, unsigned own_link);

/* Chooses one that is free: of IPv4 the first of 172.30.0.0/16, 172.31.0.0/16, 192.168.0.0/20,
 * 192.168.16.0/20 …; of IPv6 fdXX:XXXX:XXXX::/64 with random digits, as RFC 4193 wants it.
 * Errors: EADDRNOTAVAIL if none is. getrandom(2) */
int subnet_choose(enum ip_version version, const struct routes *routes, unsigned own_link,
		  struct subnet *subnet, struct error *err);

#endif
