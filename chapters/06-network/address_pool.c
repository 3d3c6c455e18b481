/* Leases as symbolic links; see address_pool.h. */
#include "address_pool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "trace.h"

static int by_address(const void *one, const void *other)
{
	return address_compare(((const struct lease *)one)->address,
			       ((const struct lease *)other)->address);
}

/* Reads one entry of the directory; false for what is not a lease, or is gone already. */
static bool read_lease(int dir_fd, const char *name, struct lease *lease)
{
	ssize_t length;

	if (address_parse(name, &lease->address) < 0)
		return false;
	length = readlinkat(dir_fd, name, lease->id, sizeof(lease->id) - 1);
	if (length < 0)
		return false;
	lease->id[length] = '\0';
	return true;
}

static int remove_lease(const struct address_pool *pool, struct address address, struct error *err)
{
	struct short_text name = address_text(address);

	trace("rm %s/%s", pool->dir, name.text);
	if (unlinkat(pool->dir_fd, name.text, 0) < 0 && errno != ENOENT)
		return error_sys(err, "give back address %s", name.text);
	return 0;
}

/* Returns 1 if the address is `id`'s now, 0 if it is somebody else's. */
static int take(const struct address_pool *pool, const char *id, struct address address,
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

/* The bridge has one, and the first and the last are nobody's. */
static bool may_be_leased(const struct address_pool *pool, struct address address)
{
	return address_compare(address, pool->subnet.gateway) != 0 &&
	       address_compare(address, subnet_first(&pool->subnet)) != 0 &&
	       address_compare(address, subnet_last(&pool->subnet)) != 0;
}

/* Tries one address; `lease` is that of the list that it has, or NULL. */
static int try(const struct address_pool *pool, const char *id, struct address candidate,
	       const struct lease *lease, struct error *err)
{
	if (!may_be_leased(pool, candidate))
		return 0;
	return lease ? take_over(pool, id, lease, err) : take(pool, id, candidate, err);
}

/* Tries the addresses in order, beside the sorted list of leases. */
static int take_lowest(const struct address_pool *pool, const char *id, const struct leases *leases,
		       struct address *address, struct error *err)
{
	const struct subnet *part = pool->range.prefix_length ? &pool->range : &pool->subnet;
	struct address at = subnet_first(part), last = subnet_last(part);
	const struct lease *lease = leases->items, *end = lease + leases->count;

	for (; address_compare(at, last) <= 0; at = address_next(at)) {
		int taken;

		while (lease < end && address_compare(lease->address, at) < 0)
			lease++;
		taken = try(pool, id, at,
			    lease < end && address_compare(lease->address, at) == 0 ? lease : NULL,
			    err);
		if (taken > 0)
			*address = at;
		if (taken != 0)
			return taken > 0 ? 0 : -1;
	}
	return error_set(err, EADDRNOTAVAIL, "lease an address: all of subnet %s are taken",
			 subnet_text(&pool->subnet).text);
}

static int take_wanted(const struct address_pool *pool, const char *id, const struct leases *leases,
		       struct address wanted, struct error *err)
{
	const struct lease *lease = NULL;
	int taken;

	if (!subnet_contains(&pool->subnet, wanted) ||
	    address_compare(wanted, subnet_first(&pool->subnet)) == 0 ||
	    address_compare(wanted, subnet_last(&pool->subnet)) == 0)
		return error_set(err, EINVAL, "no configured subnet contains IP address %s",
				 address_text(wanted).text);
	for (size_t i = 0; i < leases->count; i++)
		if (address_compare(leases->items[i].address, wanted) == 0)
			lease = &leases->items[i];
	taken = try(pool, id, wanted, lease, err);
	if (taken == 0)
		return error_set(err, EADDRINUSE, "Address already in use: %s",
				 address_text(wanted).text);
	return taken < 0 ? -1 : 0;
}

int address_pool_lease(const struct address_pool *pool, const char *id, struct address *address,
		       struct error *err)
{
	struct leases leases = {0};
	AUTO_FREE struct lease *items = NULL;

	if (address_pool_list(pool, &leases, err) < 0)
		return -1;
	items = leases.items;
	if (leases.count)
		qsort(items, leases.count, sizeof(*items), by_address);
	if (address->length)
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
