/* See subnet.h. Addresses are in network order in a struct in_addr, and in host order else. */
#include "subnet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

static uint32_t host_bits(unsigned prefix_length)
{
	return prefix_length >= 32 ? 0 : 0xffffffffU >> prefix_length;
}

static struct subnet make(uint32_t first, unsigned prefix_length)
{
	return (struct subnet){{htonl(first + 1)}, prefix_length};
}

struct in_addr subnet_first(const struct subnet *subnet)
{
	return (struct in_addr){subnet->gateway.s_addr & ~htonl(host_bits(subnet->prefix_length))};
}

struct in_addr subnet_last(const struct subnet *subnet)
{
	return (struct in_addr){subnet->gateway.s_addr | htonl(host_bits(subnet->prefix_length))};
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
	char address[INET_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	struct in_addr first;
	uint64_t prefix_length;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return error_set(err, EINVAL, "'%s' is not a subnet", text);
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	if (inet_pton(AF_INET, address, &first) != 1 ||
	    text_to_number(slash + 1, 30, &prefix_length, err) < 0 || prefix_length < 8)
		return error_set(err, EINVAL, "'%s' is not a subnet", text);
	if (ntohl(first.s_addr) & host_bits((unsigned)prefix_length))
		return error_set(err, EINVAL, "'%s' is not a subnet: it is an address in one",
				 text);
	*subnet = make(ntohl(first.s_addr), (unsigned)prefix_length);
	return 0;
}

bool subnet_is_free(const struct subnet *subnet, const struct routes *routes, unsigned own_link)
{
	for (size_t i = 0; i < routes->count; i++) {
		const struct route *route = &routes->items[i];
		uint32_t either =
			host_bits(route->prefix_length) | host_bits(subnet->prefix_length);

		if (route->prefix_length <= 1 || (own_link && route->link_index == own_link))
			continue;
		if (((route->to.s_addr ^ subnet->gateway.s_addr) & ~htonl(either)) == 0)
			return false;
	}
	return true;
}

int subnet_choose(const struct routes *routes, unsigned own_link, struct subnet *subnet,
		  struct error *err)
{
	static const struct {
		uint32_t first, last;
		unsigned prefix_length;
	} ranges[] = {
		{0xac1e0000, 0xac1f0000, 16}, /* 172.30.0.0, 172.31.0.0 */
		{0xc0a80000, 0xc0a8f000, 20}, /* 192.168.0.0 to 192.168.240.0 */
	};

	for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++) {
		uint32_t step = host_bits(ranges[i].prefix_length) + 1;

		for (uint32_t at = ranges[i].first; at <= ranges[i].last; at += step) {
			struct subnet candidate = make(at, ranges[i].prefix_length);

			if (!subnet_is_free(&candidate, routes, own_link))
				continue;
			*subnet = candidate;
			return 0;
		}
	}
	return error_set(err, EADDRNOTAVAIL,
			 "choose a subnet: this host has routes into every private one");
}
