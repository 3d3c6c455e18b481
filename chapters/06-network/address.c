/* See address.h. */
#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct short_text address_text(struct address address)
{
	struct short_text result = {""};

	if (address.length)
		inet_ntop(address_family(address), address.bytes, result.text, sizeof(result.text));
	return result;
}

struct short_text address_bracketed(struct address address)
{
	struct short_text plain = address_text(address), result;

	if (address_version(address) == IPV4)
		return plain;
	snprintf(result.text, sizeof(result.text), "[%.48s]", plain.text);
	return result;
}

int address_parse(const char *text, struct address *address)
{
	static const unsigned lengths[] = {[IPV4] = 4, [IPV6] = 16};
	enum ip_version version = strchr(text, ':') ? IPV6 : IPV4;
	struct address read = {.length = lengths[version]};

	if (inet_pton(address_family(read), text, read.bytes) != 1)
		return -1;
	*address = read;
	return 0;
}

enum ip_version address_version(struct address address)
{
	return address.length == 16 ? IPV6 : IPV4;
}

uint8_t address_family(struct address address)
{
	return address_version(address) == IPV6 ? AF_INET6 : AF_INET;
}

struct address address_any(enum ip_version version)
{
	return (struct address){.length = version == IPV6 ? 16 : 4};
}

bool address_is_any(struct address address)
{
	return address_compare(address, address_any(address_version(address))) == 0;
}

int address_compare(struct address one, struct address other)
{
	if (one.length != other.length)
		return one.length < other.length ? -1 : 1;
	return memcmp(one.bytes, other.bytes, sizeof(one.bytes));
}

struct address address_next(struct address address)
{
	/* The carry goes on as long as a byte becomes 0. */
	for (unsigned at = address.length; at-- > 0 && ++address.bytes[at] == 0;)
		;
	return address;
}

socklen_t address_socket(struct address address, uint16_t port, struct sockaddr_storage *to)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memcpy(&v4.sin_addr, address.bytes, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, address.bytes, sizeof(v6.sin6_addr));
	if (address_version(address) == IPV6) {
		memcpy(to, &v6, sizeof(v6));
		return sizeof(v6);
	}
	memcpy(to, &v4, sizeof(v4));
	return sizeof(v4);
}
