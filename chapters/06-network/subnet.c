/* See subnet.h. */
#include "subnet.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "link.h"
#include "text.h"

/* With all bits behind the prefix set, or none. */
static struct address with_host_bits(struct address address, unsigned prefix_length, bool set)
{
	for (unsigned bit = prefix_length; bit < 8 * address.length; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		address.bytes[bit / 8] = (uint8_t)(set ? address.bytes[bit / 8] | mask
						       : address.bytes[bit / 8] & ~mask);
	}
	return address;
}

static struct subnet make(struct address first, unsigned prefix_length)
{
	return (struct subnet){address_next(first), prefix_length};
}

struct address subnet_first(const struct subnet *subnet)
{
	return with_host_bits(subnet->gateway, subnet->prefix_length, false);
}

struct address subnet_last(const struct subnet *subnet)
{
	return with_host_bits(subnet->gateway, subnet->prefix_length, true);
}

bool subnet_contains(const struct subnet *subnet, struct address address)
{
	return address_compare(address, subnet_first(subnet)) >= 0 &&
	       address_compare(address, subnet_last(subnet)) <= 0;
}

struct short_text subnet_text(const struct subnet *subnet)
{
	struct short_text result = address_text(subnet_first(subnet));
	size_t length = strlen(result.text);

	snprintf(result.text + length, sizeof(result.text) - length, "/%u", subnet->prefix_length);
	return result;
}

int subnet_parse(const char *text, struct subnet *subnet, struct error *err)
{
	const char *slash = strchr(text, '/');
	struct address first = {0};
	uint64_t prefix_length;
	char address[64];

	snprintf(address, sizeof(address), "%.*s", slash ? (int)(slash - text) : 0, text);
	if (address_parse(address, &first) < 0 ||
	    text_to_number(slash + 1, 8 * first.length - 2, &prefix_length, err) < 0 ||
	    prefix_length < 8)
		return error_set(err, EINVAL, "'%s' is not a subnet", text);
	if (address_compare(first, with_host_bits(first, (unsigned)prefix_length, false)) != 0)
		return error_set(err, EINVAL, "'%s' is not a subnet: it is an address in one",
				 text);
	*subnet = make(first, (unsigned)prefix_length);
	return 0;
}

bool subnet_is_free(const struct subnet *subnet, const struct routes *routes, unsigned own_link)
{
	for (size_t i = 0; i < routes->count; i++) {
		const struct route *route = &routes->items[i];
		unsigned shorter = route->prefix_length < subnet->prefix_length
					   ? route->prefix_length
					   : subnet->prefix_length;

		if (route->prefix_length <= 1 || (own_link && route->link_index == own_link))
			continue;
		/* One of both contains the other. */
		if (address_compare(with_host_bits(route->to, shorter, false),
				    with_host_bits(subnet->gateway, shorter, false)) == 0)
			return false;
	}
	return true;
}

/* The number-th that we would choose, from 0; false if there are no more. */
static bool candidate(enum ip_version version, unsigned number, struct subnet *subnet)
{
	struct address first = address_any(version);

	if (version == IPV6) {
		first.bytes[0] = 0xfd;
		if (number >= 16 || getrandom(first.bytes + 1, 5, 0) != 5)
			return false;
		*subnet = make(first, 64);
		return true;
	}
	if (number < 2) {
		memcpy(first.bytes, (uint8_t[]){172, (uint8_t)(30 + number), 0, 0}, 4);
		*subnet = make(first, 16);
		return true;
	}
	memcpy(first.bytes, (uint8_t[]){192, 168, (uint8_t)(16 * (number - 2)), 0}, 4);
	*subnet = make(first, 20);
	return number < 2 + 16;
}

int subnet_choose(enum ip_version version, const struct routes *routes, unsigned own_link,
		  struct subnet *subnet, struct error *err)
{
	struct subnet chosen;

	for (unsigned number = 0; candidate(version, number, &chosen); number++) {
		if (!subnet_is_free(&chosen, routes, own_link))
			continue;
		*subnet = chosen;
		return 0;
	}
	return error_set(err, EADDRNOTAVAIL,
			 "choose a subnet: this host has routes into every private one");
}
