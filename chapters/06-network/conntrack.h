/*
 * The kernel's table of conversations, by which answers find back through a translated address.
 */
#ifndef CONNTRACK_H
#define CONNTRACK_H

#include <stdint.h>

#include "address.h"

/* Forgets the conversations of a protocol that were begun with port `port` of this host, but those
 * with `keep` (0.0.0.0 or ::: none), whose kind of address is meant. Rules are asked only when a
 * conversation begins: one of UDP would go on to whom it went before, for as long as its packets
 * come. What can't be forgotten ends by itself. */
void conntrack_forget(uint8_t protocol, uint16_t port, struct address keep);

#endif
