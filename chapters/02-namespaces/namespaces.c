/* Namespaces; see namespaces.h. */
#include "namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "sysctl.h"
#include "trace.h"

static int make_cgroup_namespace(struct error *err)
{
	trace("unshare --cgroup");
	if (unshare(CLONE_NEWCGROUP) < 0)
		return error_sys(err, "make a cgroup namespace");
	return 0;
}

static int set_hostname(const char *hostname, struct error *err)
{
	trace("hostname %q", hostname);
	if (sethostname(hostname, strlen(hostname)) < 0) {
		error_sys(err, "set the hostname '%s'", hostname);
		return error_hint(err, EINVAL, "at most 64 bytes");
	}
	return 0;
}

/* A new network namespace has one interface, lo, and it is down. */
static int bring_loopback_up(struct error *err)
{
	AUTO_CLOSE int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo"};

	if (any < 0)
		return error_sys(err, "make a socket");
	trace("ip link set lo up");
	if (ioctl(any, SIOCGIFFLAGS, &request) < 0)
		return error_sys(err, "read the flags of interface 'lo'");
	request.ifr_flags |= IFF_UP;
	if (ioctl(any, SIOCSIFFLAGS, &request) < 0)
		return error_sys(err, "bring interface 'lo' up");
	return 0;
}

/* Nothing of the host's can be reached by these, so Docker lets everybody use low ports and ping:
 * /proc/sys/net is that of the network namespace of whoever opens it. */
static int set_network_sysctls(struct error *err)
{
	static const struct {
		const char *name, *path, *value;
	} rows[] = {
		{"net.ipv4.ip_unprivileged_port_start",
		 "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"},
		{"net.ipv4.ping_group_range", "/proc/sys/net/ipv4/ping_group_range",
		 "0 2147483647"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		trace("sysctl -w %s=%q", rows[i].name, rows[i].value);
		if (file_write_value(AT_FDCWD, rows[i].path, rows[i].value, err) < 0 &&
		    err->code != ENOENT)
			return -1;
	}
	return 0;
}

bool namespaces_cgroup_is_private(enum cgroup_namespace cgroup)
{
	struct statfs host;

	if (cgroup != CGROUP_NAMESPACE_USUAL)
		return cgroup == CGROUP_NAMESPACE_PRIVATE;
	return statfs("/sys/fs/cgroup", &host) == 0 && host.f_type == CGROUP2_SUPER_MAGIC;
}

uint64_t namespaces_clone_flags(const struct namespaces *namespaces)
{
	/* Never without a mount namespace: what the child does next would be done to the host. */
	uint64_t flags = CLONE_NEWNS;

	/* Step 2.1: process numbers that begin with 1. */
	flags |= CLONE_NEWPID;
	/* Step 2.2: a name, and System V objects and message queues. */
	flags |= CLONE_NEWUTS | CLONE_NEWIPC;
	/* Step 2.3: interfaces, addresses, ports. */
	if (namespaces->network)
		flags |= CLONE_NEWNET;
	return flags;
}

int namespaces_enter(const struct namespaces *namespaces, struct error *err)
{
	/* Its root is the cgroup that we are in: so after the parent has put us into ours. */
	if (namespaces_cgroup_is_private(namespaces->cgroup) && make_cgroup_namespace(err) < 0)
		return -1;
	if (namespaces->hostname && set_hostname(namespaces->hostname, err) < 0)
		return -1;
	/* By the host's /proc, so before it is gone. */
	if (namespaces->network && (bring_loopback_up(err) < 0 || set_network_sysctls(err) < 0))
		return -1;
	/* Last, so that they count. */
	return namespaces->sysctls ? sysctl_apply(namespaces->sysctls, namespaces->network, err)
				   : 0;
}
