/*
 * What /proc/sys/net has to say of a bridged network: on the host, on its bridge, in a container. Each
 * is a step of sysctl(8). A kernel without IPv6 has nothing to set about it.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

#include "address.h"
#include "error.h"

/* Returns 1 if this host passes packets on from one interface to another, 0 if it does not; with
 * `set` it does from now on. ip-sysctl in the kernel's documentation. */
int settings_forward(enum ip_version version, bool set, struct error *err);

/* For a bridge, before it is up: the host takes no addresses and no routes of IPv6 from what a
 * container tells it (CVE-2020-13401), and has none there unless the network has. */
int settings_of_bridge(const char *bridge, bool ipv6, struct error *err);

/* For a container, in whose network namespace it is called: no IPv6 but on lo, and on `interface`
 * if its network has it. `shell` is what a trace begins with. */
int settings_of_container(const char *shell, const char *interface, bool ipv6, struct error *err);

#endif
