/*
 * The firewalls of others on this host, whose drop counts more than any accept of ours.
 */
#ifndef FIREWALL_OTHERS_H
#define FIREWALL_OTHERS_H

#include <stdbool.h>

#include "error.h"
#include "text.h"

/* Where iptables-nft (of dockerd, most often) forwards nothing by policy, adds a chain CORACLE to
 * its table, which accepts what comes from and goes to our bridges, and one rule behind its own to
 * jump there; with `ipv6` in that of ip6tables too. Our table has decided before. Cheap when there
 * is no such policy, or the chain is there. */
int firewall_others_pass(const char *bridge, bool ipv6, struct error *err);

/* Takes that back, unless there still is a bridge of ours, of another data root. That there is
 * nothing is fine. */
void firewall_others_end(void);

/* Adds what a person should run beside firewalls that we leave alone, a line for each:
 * iptables-legacy with a policy of DROP, firewalld, ufw; but not where that has been done. */
void firewall_others_advise(struct strings *advice);

#endif
