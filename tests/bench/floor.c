/*
 * floor - what the kernel charges for a container, and nothing else
 *
 *   floor LOWER SCRATCH                  no network but a namespace of its own
 *   floor LOWER SCRATCH BRIDGE ADDRESS   and a veth in this bridge, with this
 *                                        IPv4 address (/16, gateway x.y.0.1)
 *
 * Makes pid, mount, uts, ipc and network namespaces, an overlay over LOWER with
 * its upper directory in SCRATCH, a cgroup in each hierarchy, pivots into the
 * overlay, executes `/bin/busybox true`, waits, and removes what it made. No
 * /proc, no /dev, no record of anything: a runner is measured against this.
 * Uses no code of the project, so that a mistake there can't hide here.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/veth.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

static const char *const v1_hierarchies[] = {"cpu",  "cpuacct", "cpuset",  "memory",
					     "pids", "devices", "freezer", "blkio"};

#define V1_HIERARCHIES (sizeof(v1_hierarchies) / sizeof(v1_hierarchies[0]))

/* --- netlink -------------------------------------------------------------- */

struct request {
	struct nlmsghdr header;
	char body[512];
};

static void *request_append(struct request *req, const void *data, size_t length)
{
	void *end = (char *)req + NLMSG_ALIGN(req->header.nlmsg_len);

	if (data)
		memcpy(end, data, length);
	req->header.nlmsg_len = NLMSG_ALIGN(req->header.nlmsg_len) + length;
	return end;
}

static struct rtattr *attribute(struct request *req, int type, const void *data, size_t length)
{
	struct rtattr head = {.rta_len = RTA_LENGTH(length), .rta_type = type};
	struct rtattr *attr = request_append(req, &head, sizeof(head));

	if (length)
		request_append(req, data, length);
	return attr;
}

static void attribute_end(struct request *req, struct rtattr *attr)
{
	attr->rta_len = (char *)req + NLMSG_ALIGN(req->header.nlmsg_len) - (char *)attr;
}

static void request_init(struct request *req, int type, const void *head, size_t length)
{
	memset(req, 0, sizeof(*req));
	req->header.nlmsg_len = NLMSG_HDRLEN;
	req->header.nlmsg_type = type;
	req->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
	request_append(req, head, length);
}

static void request_send(int nl, struct request *req, const char *what)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[1024];
	} answer;

	if (send(nl, req, req->header.nlmsg_len, 0) < 0 ||
	    recv(nl, &answer, sizeof(answer), 0) < (ssize_t)NLMSG_LENGTH(sizeof(answer.error)))
		err(1, "%s", what);
	errno = -answer.error.error;
	if (errno)
		err(1, "%s", what);
}

static int netlink_open(void)
{
	int nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (nl < 0)
		err(1, "netlink");
	return nl;
}

/* One request makes the pair, puts one end into the bridge and the other into the namespace. */
static void veth_create(const char *bridge, pid_t pid)
{
	struct ifinfomsg link = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	uint32_t master = if_nametoindex(bridge), peer_pid = pid;
	struct rtattr *info, *data, *peer;
	struct request req;
	int nl = netlink_open();

	request_init(&req, RTM_NEWLINK, &link, sizeof(link));
	attribute(&req, IFLA_MASTER, &master, sizeof(master));
	info = attribute(&req, IFLA_LINKINFO, NULL, 0);
	attribute(&req, IFLA_INFO_KIND, "veth", 4);
	data = attribute(&req, IFLA_INFO_DATA, NULL, 0);
	peer = attribute(&req, VETH_INFO_PEER, NULL, 0);
	/* not up: the kernel opens this end before it knows the other */
	request_append(&req, &(struct ifinfomsg){0}, sizeof(struct ifinfomsg));
	attribute(&req, IFLA_IFNAME, "eth0", 5);
	attribute(&req, IFLA_NET_NS_PID, &peer_pid, sizeof(peer_pid));
	attribute_end(&req, peer);
	attribute_end(&req, data);
	attribute_end(&req, info);
	request_send(nl, &req, "create veth");
	close(nl);
}

static void link_up(int nl, int index)
{
	struct ifinfomsg link = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct request req;

	request_init(&req, RTM_NEWLINK, &link, sizeof(link));
	request_send(nl, &req, "set link up");
}

/* In the container: lo, eth0, its address, the default route. */
static void network_configure(in_addr_t address)
{
	struct ifaddrmsg ifa = {.ifa_family = AF_INET, .ifa_prefixlen = 16};
	struct rtmsg route = {.rtm_family = AF_INET,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_type = RTN_UNICAST};
	in_addr_t gateway = htonl((ntohl(address) & 0xffff0000) + 1);
	struct request req;
	int nl = netlink_open();

	ifa.ifa_index = if_nametoindex("eth0");
	link_up(nl, 1);
	link_up(nl, ifa.ifa_index);
	request_init(&req, RTM_NEWADDR, &ifa, sizeof(ifa));
	attribute(&req, IFA_LOCAL, &address, sizeof(address));
	request_send(nl, &req, "add address");
	request_init(&req, RTM_NEWROUTE, &route, sizeof(route));
	attribute(&req, RTA_GATEWAY, &gateway, sizeof(gateway));
	request_send(nl, &req, "add default route");
	close(nl);
}

/* --- cgroup --------------------------------------------------------------- */

static int on_v2(void)
{
	struct statfs fs;

	return statfs(CGROUP_ROOT, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static const char *cgroup_path(size_t hierarchy, const char *file)
{
	static char path[200];

	snprintf(path, sizeof(path), CGROUP_ROOT "%s%s/floor-%d%s", on_v2() ? "" : "/",
		 on_v2() ? "" : v1_hierarchies[hierarchy], getpid(), file);
	return path;
}

static void v1_enter(pid_t pid)
{
	char text[20];
	int length = snprintf(text, sizeof(text), "%d", pid);

	for (size_t i = 0; i < V1_HIERARCHIES; i++) {
		int fd = open(cgroup_path(i, "/cgroup.procs"), O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, text, length) != length)
			err(1, "%s", cgroup_path(i, "/cgroup.procs"));
		close(fd);
	}
}

/* A cpuset of v1 starts empty, and nothing may enter it before it has processors and memory. */
static void v1_cpuset_fill(const char *file)
{
	char parent[100], text[200];
	ssize_t length;
	int from, to;

	snprintf(parent, sizeof(parent), CGROUP_ROOT "/cpuset%s", file);
	from = open(parent, O_RDONLY | O_CLOEXEC);
	to = open(cgroup_path(2, file), O_WRONLY | O_CLOEXEC);
	length = read(from, text, sizeof(text));
	if (length < 0 || write(to, text, length) != length)
		err(1, "%s", cgroup_path(2, file));
	close(from);
	close(to);
}

static void cgroups_create(void)
{
	for (size_t i = 0; i < (on_v2() ? 1 : V1_HIERARCHIES); i++)
		if (mkdir(cgroup_path(i, ""), 0755) < 0)
			err(1, "%s", cgroup_path(i, ""));
	if (on_v2())
		return;
	v1_cpuset_fill("/cpuset.cpus");
	v1_cpuset_fill("/cpuset.mems");
}

static void cgroups_remove(void)
{
	for (size_t i = 0; i < (on_v2() ? 1 : V1_HIERARCHIES); i++)
		if (rmdir(cgroup_path(i, "")) < 0)
			warn("%s", cgroup_path(i, ""));
}

/* --- the container -------------------------------------------------------- */

static void child(const char *lower, const char *scratch, in_addr_t address)
{
	char *const argv[] = {"busybox", "true", NULL}, *const envp[] = {"PATH=/bin", NULL};
	char options[1000], merged[500];

	snprintf(options, sizeof(options),
		 "lowerdir=%s,upperdir=%s/upper,workdir=%s/work,userxattr", lower, scratch,
		 scratch);
	snprintf(merged, sizeof(merged), "%s/merged", scratch);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("overlay", merged, "overlay", 0, options) < 0 || chdir(merged) < 0 ||
	    syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		err(1, "root of the container");
	if (address)
		network_configure(address);
	execve("/bin/busybox", argv, envp);
	err(1, "execve");
}

static pid_t clone_process(void)
{
	int fd = on_v2() ? open(cgroup_path(0, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
			 CLONE_NEWCGROUP | (fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.exit_signal = SIGCHLD,
		.cgroup = fd >= 0 ? fd : 0,
	};
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		err(1, "clone3");
	if (fd >= 0)
		close(fd);
	return pid;
}

static void scratch_make(const char *scratch)
{
	if (mkdir(scratch, 0755) < 0 || chdir(scratch) < 0 || mkdir("upper", 0755) < 0 ||
	    mkdir("work", 0755) < 0 || mkdir("merged", 0755) < 0)
		err(1, "%s", scratch);
}

static void scratch_remove(const char *scratch)
{
	/* the kernel made work/work */
	if (rmdir("work/work") < 0 || rmdir("work") < 0 || rmdir("upper") < 0 ||
	    rmdir("merged") < 0 || rmdir(scratch) < 0)
		warn("%s", scratch);
}

int main(int argc, char **argv)
{
	in_addr_t address = argc == 5 ? inet_addr(argv[4]) : 0;
	int gate[2], status;
	pid_t pid;

	if (argc != 3 && argc != 5)
		errx(2, "usage: floor LOWER SCRATCH [BRIDGE ADDRESS]");
	scratch_make(argv[2]);
	cgroups_create();
	if (pipe2(gate, O_CLOEXEC) < 0)
		err(1, "pipe");
	pid = clone_process();
	if (pid == 0) {
		/* the parent lets go of the pipe when it has done its part */
		close(gate[1]);
		if (read(gate[0], &status, 1) < 0)
			err(1, "wait for the parent");
		child(argv[1], argv[2], address);
	}
	if (!on_v2())
		v1_enter(pid);
	if (address)
		veth_create(argv[3], pid);
	close(gate[1]);
	if (waitpid(pid, &status, 0) < 0)
		err(1, "waitpid");
	cgroups_remove();
	scratch_remove(argv[2]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
