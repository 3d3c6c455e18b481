/*
 * Namespaces: what a process can see.
 */
#ifndef NAMESPACES_H
#define NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "id_map.h"
#include "process.h"
#include "text.h"

/* Whose cgroups it sees: its own as the root of all, or where they are on the host. As Docker does
 * usually: its own on version 2, the host's on version 1. */
enum cgroup_namespace { CGROUP_NAMESPACE_USUAL, CGROUP_NAMESPACE_PRIVATE, CGROUP_NAMESPACE_HOST };

/* The kinds of which a container may have another's. */
enum namespace_kind {
	NAMESPACE_PID,
	NAMESPACE_UTS,
	NAMESPACE_IPC,
	NAMESPACE_NETWORK,
	NAMESPACE_KINDS,
};

/* Zeroed: its own of everything but users and clocks. */
struct namespaces {
	const char *hostname; /* NULL: left as it is */
	/* NULL: its own; "host": that of whoever starts it; or another's, by its file: /proc/PID/ns/…
	 * A network of its own has its loopback interface up. */
	const char *from[NAMESPACE_KINDS];
	enum cgroup_namespace cgroup;
	struct id_map ids;	      /* of its user namespace, … */
	const struct strings *mapped; /* … and the directories whose owners are translated for it */
	int64_t boottime_s;	      /* its clocks of the time since boot are so much ahead */
	const struct strings *sysctls; /* "NAME=VALUE", checked by sysctl_check; NULL: none */
};

/* Whether one of its own is made on this host. */
bool namespaces_cgroup_is_private(enum cgroup_namespace cgroup);

/* The mount namespace whose /dev/shm goes with an ipc namespace, "host" or a file: POSIX's shared
 * memory is files. The caller frees it. */
char *namespaces_mounts_of(const char *ipc);

/* The CLONE_NEW… flags for process_start: mount, and what else is to be its own. The cgroup
 * namespace is not among them: its root is the cgroup that the process is in when it is made, so
 * it is made by namespaces_enter, after the process has been moved. */
uint64_t namespaces_clone_flags(const struct namespaces *namespaces);

/* Sets what process_start does about them: clone_flags, pid_namespace, boottime_s, and for a user
 * namespace, which has no ids until they are written from outside, hooks.in_parent. *namespaces
 * must live as long. A caller with an in_parent of its own calls id_map_apply in it. */
void namespaces_configure(struct namespaces *namespaces, struct process_config *config);

/* Runs in the child, after the hook in the parent and before any mount:
 * joins those of others, makes the cgroup namespace, becomes root of its user namespace,
 * sets the hostname, brings the loopback interface up, and sets the two sysctls of a network
 * namespace that Docker sets (net.ipv4.ip_unprivileged_port_start=0, net.ipv4.ping_group_range).
 * A pid namespace is not joined here, nor are clocks shifted: only children can have others. See
 * process_config.
 * Errors: EPERM without CAP_SYS_ADMIN.
 * namespaces(7), cgroup_namespaces(7), netdevice(7) */
int namespaces_enter(const struct namespaces *namespaces, struct error *err);

#endif
