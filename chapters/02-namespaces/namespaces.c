/* Namespaces; see namespaces.h. */
#include "namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
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

static const struct {
	uint64_t flag;
	const char *option;
} kinds[NAMESPACE_KINDS] = {
	[NAMESPACE_PID] = {CLONE_NEWPID, "pid"},
	[NAMESPACE_UTS] = {CLONE_NEWUTS, "uts"},
	[NAMESPACE_IPC] = {CLONE_NEWIPC, "ipc"},
	[NAMESPACE_NETWORK] = {CLONE_NEWNET, "net"},
};

static const char *file_of(const struct namespaces *namespaces, enum namespace_kind kind)
{
	const char *from = namespaces->from[kind];

	return from && *from == '/' ? from : NULL;
}

static int join(const struct namespaces *namespaces, enum namespace_kind kind, struct error *err)
{
	const char *file = file_of(namespaces, kind);
	AUTO_CLOSE int fd = -1;

	if (!file)
		return 0;
	trace("nsenter --%s=%q", kinds[kind].option, file);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, (int)kinds[kind].flag) < 0) {
		error_sys(err, "join the namespace '%s'", file);
		return error_hint(err, EINVAL,
				  "it is of another kind, or of another user namespace");
	}
	return 0;
}

static int join_others(const struct namespaces *namespaces, struct error *err)
{
	for (enum namespace_kind kind = NAMESPACE_UTS; kind < NAMESPACE_KINDS; kind++)
		if (join(namespaces, kind, err) < 0)
			return -1;
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
static int set_network_sysctls(bool own_users, struct error *err)
{
	static const struct {
		const char *name, *path, *value;
	} rows[] = {
		{"net.ipv4.ip_unprivileged_port_start",
		 "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"},
		{"net.ipv4.ping_group_range", "/proc/sys/net/ipv4/ping_group_range",
		 "0 2147483647"},
	};

	/* Of users, the highest group is not in the map. */
	for (size_t i = 0; i < ARRAY_LENGTH(rows) - own_users; i++) {
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

char *namespaces_mounts_of(const char *ipc)
{
	const char *slash = strrchr(ipc, '/');

	/* Ours, for now: a mount namespace begins as a copy. */
	return slash ? memory_format("%.*s/mnt", (int)(slash - ipc), ipc)
		     : memory_string("/proc/self/ns/mnt");
}

uint64_t namespaces_clone_flags(const struct namespaces *namespaces)
{
	const char *const *from = namespaces->from;
	/* Never without a mount namespace: what the child does next would be done to the host. */
	uint64_t flags = CLONE_NEWNS;

	/* Step 2.1: process numbers that begin with 1. */
	if (!from[NAMESPACE_PID])
		flags |= CLONE_NEWPID;
	/* Step 2.2: a name, and System V objects and message queues. */
	flags |=
		(from[NAMESPACE_UTS] ? 0 : CLONE_NEWUTS) | (from[NAMESPACE_IPC] ? 0 : CLONE_NEWIPC);
	/* Step 2.3: interfaces, addresses, ports. */
	if (!from[NAMESPACE_NETWORK])
		flags |= CLONE_NEWNET;
	/* First, whatever the order here: the others belong to it. user_namespaces(7) */
	if (namespaces->ids.count)
		flags |= CLONE_NEWUSER;
	return flags;
}

static int map_ids(void *context, pid_t pid, struct error *err)
{
	const struct namespaces *namespaces = context;

	return id_map_apply(&namespaces->ids, pid, namespaces->mapped, err);
}

void namespaces_configure(struct namespaces *namespaces, struct process_config *config)
{
	config->clone_flags = namespaces_clone_flags(namespaces);
	config->boottime_s = namespaces->boottime_s;
	config->pid_namespace = file_of(namespaces, NAMESPACE_PID);
	if (config->hooks.in_parent)
		return;
	config->hooks.in_parent = map_ids;
	config->hooks.parent_context = namespaces;
}

/* What needs us to be who we were: the host's files are not those of the namespace's root. */
static int enter_as_ourselves(const struct namespaces *namespaces, struct error *err)
{
	bool private = namespaces->ids.count || namespaces_cgroup_is_private(namespaces->cgroup);

	if (join_others(namespaces, err) < 0)
		return -1;
	/* Its root is the cgroup that we are in: so after the parent has put us into ours. */
	return private ? make_cgroup_namespace(err) : 0;
}

/* What tells one network namespace from another. */
static ino_t current_network(void)
{
	struct stat st = {0};

	stat("/proc/self/ns/net", &st);
	return st.st_ino;
}

int namespaces_enter(const struct namespaces *namespaces, struct error *err)
{
	bool network = !namespaces->from[NAMESPACE_NETWORK];
	ino_t before = current_network();
	bool ipc = !namespaces->from[NAMESPACE_IPC] || file_of(namespaces, NAMESPACE_IPC);

	if (enter_as_ourselves(namespaces, err) < 0)
		return -1;
	if (namespaces->ids.count && id_map_become_root(err) < 0)
		return -1;
	if (namespaces->hostname && !namespaces->from[NAMESPACE_UTS] &&
	    set_hostname(namespaces->hostname, err) < 0)
		return -1;
	/* By the host's /proc, so before it is gone. */
	if (network &&
	    (bring_loopback_up(err) < 0 || set_network_sysctls(namespaces->ids.count > 0, err) < 0))
		return -1;
	/* Last, so that they count. */
	network |= current_network() != before;
	return namespaces->sysctls ? sysctl_apply(namespaces->sysctls, network, ipc, err) : 0;
}
