/*
 * An address of IPv4 or IPv6: bytes in network order, as packets and netlink have them.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Indexes, where there is one of each. */
enum ip_version { IPV4, IPV6, IP_VERSIONS };

/* A zeroed struct is no address at all. */
struct address {
	unsigned length;   /* 4 or 16; 0: none */
	uint8_t bytes[16]; /* those behind `length` are 0 */
};

/* Text for a trace or an error: address_text(address).text, "172.30.0.2" or "fd00::2". */
struct short_text {
	char text[64];
};
struct short_text address_text(struct address address);

/* The same as part of a longer text with colons: "[fd00::2]". */
struct short_text address_bracketed(struct address address);

/* Reads either kind. -1 if it is none; *address is untouched then. inet_pton(3) */
int address_parse(const char *text, struct address *address);

/* IPV4 for none. */
enum ip_version address_version(struct address address);

/* AF_INET or AF_INET6. */
uint8_t address_family(struct address address);

/* The address that means every one: 0.0.0.0 or ::. */
struct address address_any(enum ip_version version);
bool address_is_any(struct address address);

/* Less than, equal to or greater than 0, as memcmp(3); those of IPv4 come first. */
int address_compare(struct address one, struct address other);

/* The one that follows. */
struct address address_next(struct address address);

/* Fills *to, and returns how much of it is filled: for bind(2). */
socklen_t address_socket(struct address address, uint16_t port, struct sockaddr_storage *to);

#endif
