/*
 * Which address of a subnet is whose: one symbolic link for each lease, ADDRESS -> ID. Two subnets,
 * one of each kind of address, may share a directory.
 *
 * symlink(2) writes name and content in one call, which fails if the name is taken. So two commands
 * at once can't lease the same address, and a crash leaves no half-written lease.
 */
#ifndef ADDRESS_POOL_H
#define ADDRESS_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "error.h"
#include "subnet.h"

struct address_pool {
	struct subnet subnet;
	const char *dir; /* of the leases */
	int dir_fd;	 /* the same, open; the caller's */
	/* Says whether the holder of a lease still lives; NULL: always. */
	bool (*in_use)(void *context, const char *id);
	void *context;
	struct subnet range; /* addresses are of this part of the subnet; prefix_length 0: of all */
};

struct lease {
	struct address address;
	char id[129]; /* of a container: 64 hexadecimal digits */
};

struct leases {
	struct lease *items;
	size_t count;
};

/* Leases the lowest free address to `id`, or *address unless that is none. A lease whose holder is
 * not in use any more is taken over. Errors: EADDRNOTAVAIL if all are taken; EADDRINUSE if *address
 * is; EINVAL if it is not in the subnet. symlink(2) */
int address_pool_lease(const struct address_pool *pool, const char *id, struct address *address,
		       struct error *err);

/* Gives back every lease of `id`, of both kinds; that there is none is fine. */
int address_pool_release(const struct address_pool *pool, const char *id, struct error *err);

/* Lists all leases of the directory, in no order. The caller frees leases->items. */
int address_pool_list(const struct address_pool *pool, struct leases *leases, struct error *err);

#endif
