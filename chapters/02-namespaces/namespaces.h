/*
 * Namespaces: what a process can see.
 */
#ifndef NAMESPACES_H
#define NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "text.h"

/* Whose cgroups it sees: its own as the root of all, or where they are on the host. As Docker does
 * usually: its own on version 2, the host's on version 1. */
enum cgroup_namespace { CGROUP_NAMESPACE_USUAL, CGROUP_NAMESPACE_PRIVATE, CGROUP_NAMESPACE_HOST };

/* Zeroed: its own of everything but the network, which is then the host's. */
struct namespaces {
	const char *hostname; /* NULL: left as it is */
	bool network;	      /* a network namespace of its own, with the loopback interface up */
	enum cgroup_namespace cgroup;
	const struct strings *sysctls; /* "NAME=VALUE", checked by sysctl_check; NULL: none */
};

/* Whether one of its own is made on this host. */
bool namespaces_cgroup_is_private(enum cgroup_namespace cgroup);

/* The CLONE_NEW… flags for process_start: pid, mount, uts, ipc, and net if asked for. The cgroup
 * namespace is not among them: its root is the cgroup that the process is in when it is made, so
 * it is made by namespaces_enter, after the parent has moved the process. */
uint64_t namespaces_clone_flags(const struct namespaces *namespaces);

/* Runs in the child, after the parent's hook and before any mount: makes the cgroup namespace,
 * sets the hostname, brings the loopback interface up, and sets the two sysctls of a network
 * namespace that Docker sets (net.ipv4.ip_unprivileged_port_start=0, net.ipv4.ping_group_range).
 * Errors: EPERM without CAP_SYS_ADMIN. namespaces(7), cgroup_namespaces(7), netdevice(7) */
int namespaces_enter(const struct namespaces *namespaces, struct error *err);

#endif
