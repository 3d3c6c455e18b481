/* Leases as symbolic links; see address_pool.h. */
#include "address_pool.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "link.h"
#include "trace.h"

static int by_address(const void *one, const void *other)
{
	uint32_t a = ntohl(((const struct lease *)one)->address.s_addr);
	uint32_t b = ntohl(((const struct lease *)other)->address.s_addr);

	return a < b ? -1 : a > b;
}

/* Reads one entry of the directory; false for what is not a lease, or is gone already. */
static bool read_lease(int dir_fd, const char *name, struct lease *lease)
{
	ssize_t length;

	if (inet_pton(AF_INET, name, &lease->address) != 1)
		return false;
	length = readlinkat(dir_fd, name, lease->id, sizeof(lease->id) - 1);
	if (length < 0)
		return false;
	lease->id[length] = '\0';
	return true;
}

static int remove_lease(const struct address_pool *pool, struct in_addr address, struct error *err)
{
	struct short_text name = address_text(address);

	trace("rm %s/%s", pool->dir, name.text);
	if (unlinkat(pool->dir_fd, name.text, 0) < 0 && errno != ENOENT)
		return error_sys(err, "give back address %s", name.text);
	return 0;
}

/* Returns 1 if the address is `id`'s now, 0 if it is somebody else's. */
static int take(const struct address_pool *pool, const char *id, struct in_addr address,
		struct error *err)
{
	struct short_text name = address_text(address);

	trace("ln -s %q %s/%s", id, pool->dir, name.text);
	if (symlinkat(id, pool->dir_fd, name.text) == 0)
		return 1;
	return errno == EEXIST ? 0 : error_sys(err, "lease address %s", name.text);
}

/* The same for an address that has a lease, whose holder may be gone. */
static int take_over(const struct address_pool *pool, const char *id, const struct lease *lease,
		     struct error *err)
{
	if (!pool->in_use || pool->in_use(pool->context, lease->id))
		return 0;
	if (remove_lease(pool, lease->address, err) < 0)
		return -1;
	return take(pool, id, lease->address, err);
}

/* Tries one address; `lease` is that of the list that it has, or NULL. */
static int try(const struct address_pool *pool, const char *id, struct in_addr candidate,
	       const struct lease *lease, struct error *err)
{
	if (candidate.s_addr == pool->subnet.gateway.s_addr)
		return 0;
	return lease ? take_over(pool, id, lease, err) : take(pool, id, candidate, err);
}

/* Tries the addresses in order, beside the sorted list of leases. */
static int take_lowest(const struct address_pool *pool, const char *id, const struct leases *leases,
		       struct in_addr *address, struct error *err)
{
	const struct subnet *part = pool->range.prefix_length ? &pool->range : &pool->subnet;
	uint32_t lowest = ntohl(subnet_first(&pool->subnet).s_addr) + 1;
	uint32_t highest = ntohl(subnet_last(&pool->subnet).s_addr) - 1;
	uint32_t first = ntohl(subnet_first(part).s_addr), last = ntohl(subnet_last(part).s_addr);
	const struct lease *lease = leases->items, *end = lease + leases->count;

	for (uint32_t at = first < lowest ? lowest : first; at <= highest && at <= last; at++) {
		struct in_addr candidate = {htonl(at)};
		int taken;

		while (lease < end && ntohl(lease->address.s_addr) < at)
			lease++;
		taken = try(pool, id, candidate,
			    lease < end && lease->address.s_addr == candidate.s_addr ? lease : NULL,
			    err);
		if (taken > 0)
			*address = candidate;
		if (taken != 0)
			return taken > 0 ? 0 : -1;
	}
	return error_set(err, EADDRNOTAVAIL, "lease an address: all of subnet %s/%u are taken",
			 address_text(subnet_first(&pool->subnet)).text,
			 pool->subnet.prefix_length);
}

static int take_wanted(const struct address_pool *pool, const char *id, const struct leases *leases,
		       struct in_addr wanted, struct error *err)
{
	const struct lease *lease = NULL;
	int taken;

	if (ntohl(wanted.s_addr) <= ntohl(subnet_first(&pool->subnet).s_addr) ||
	    ntohl(wanted.s_addr) >= ntohl(subnet_last(&pool->subnet).s_addr))
		return error_set(err, EINVAL, "no configured subnet contains IP address %s",
				 address_text(wanted).text);
	for (size_t i = 0; i < leases->count; i++)
		if (leases->items[i].address.s_addr == wanted.s_addr)
			lease = &leases->items[i];
	taken = try(pool, id, wanted, lease, err);
	if (taken == 0)
		return error_set(err, EADDRINUSE, "Address already in use: %s",
				 address_text(wanted).text);
	return taken < 0 ? -1 : 0;
}

int address_pool_lease(const struct address_pool *pool, const char *id, struct in_addr *address,
		       struct error *err)
{
	struct leases leases = {0};
	AUTO_FREE struct lease *items = NULL;

	if (address_pool_list(pool, &leases, err) < 0)
		return -1;
	items = leases.items;
	if (leases.count)
		qsort(items, leases.count, sizeof(*items), by_address);
	if (address->s_addr)
		return take_wanted(pool, id, &leases, *address, err);
	return take_lowest(pool, id, &leases, address, err);
}

int address_pool_release(const struct address_pool *pool, const char *id, struct error *err)
{
	struct leases leases = {0};
	AUTO_FREE struct lease *items = NULL;

	if (address_pool_list(pool, &leases, err) < 0)
		return -1;
	items = leases.items;
	for (size_t i = 0; i < leases.count; i++)
		if (strcmp(items[i].id, id) == 0 && remove_lease(pool, items[i].address, err) < 0)
			return -1;
	return 0;
}

int address_pool_list(const struct address_pool *pool, struct leases *leases, struct error *err)
{
	/* A description of its own: the offset of a shared one would not be at the beginning. */
	AUTO_CLOSE int fd = openat(pool->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct leases found = {0};
	struct dirent *entry;

	if (!dir)
		return error_sys(err, "list the leased addresses");
	take_fd(&fd);
	while ((entry = readdir(dir))) {
		struct lease lease;

		if (!read_lease(pool->dir_fd, entry->d_name, &lease))
			continue;
		found.items = memory_resized(found.items, found.count + 1, sizeof(lease));
		found.items[found.count++] = lease;
	}
	*leases = found;
	return 0;
}
