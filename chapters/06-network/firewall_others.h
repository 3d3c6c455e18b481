/*
 * The firewalls of others on this host, whose drop counts more than any accept of ours.
 */
#ifndef FIREWALL_OTHERS_H
#define FIREWALL_OTHERS_H

#include "error.h"
#include "text.h"

/* Where iptables-nft (of dockerd, most often) forwards nothing by policy, adds a chain CORACLE to its
 * table, which accepts what comes from and goes to our bridges, and one rule behind its own to jump
 * there. Our table has decided before. Cheap when there is no such policy, or the chain is there. */
int firewall_others_pass(struct error *err);

/* Takes that back. That there is none is fine. */
void firewall_others_end(void);

/* Adds what a person should run beside firewalls that we leave alone, one line for each command:
 * iptables-legacy with a policy of DROP, firewalld, ufw. Nothing if there are none. */
void firewall_others_advise(struct text *advice);

#endif
