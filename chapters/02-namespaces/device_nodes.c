/* Device nodes and links of /dev; see device_nodes.h. */
#include "device_nodes.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "mounts.h"
#include "trace.h"

/* Documentation/admin-guide/devices.txt */
static const struct {
	const char *name;
	unsigned major_number, minor_number;
} nodes[] = {
	{"null", 1, 3},	  {"zero", 1, 5},    {"full", 1, 7},
	{"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
	const char *name, *target;
} links[] = {
	/* The ptmx of the container's own devpts: one of the host's would open the host's. */
	{"ptmx", "pts/ptmx"},	       {"fd", "/proc/self/fd"},	      {"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},
};

/* Docker has no link where the kernel has no such file. */
static bool is_wanted(const char *target)
{
	return strcmp(target, "/proc/kcore") != 0 || access(target, F_OK) == 0;
}

static int make_node(int dev_fd, const char *dev, size_t i, struct error *err)
{
	const char *name = nodes[i].name;
	dev_t device = makedev(nodes[i].major_number, nodes[i].minor_number);

	trace("mknod -m 666 %q/%s c %u %u", dev, name, nodes[i].major_number,
	      nodes[i].minor_number);
	if (mknodat(dev_fd, name, S_IFCHR | 0666, device) < 0) {
		AUTO_FREE char *source = memory_format("/dev/%s", name);

		/* In a user namespace nobody may make devices. */
		return errno == EPERM ? mount_bind_new(source, dev_fd, name, err)
				      : error_sys(err, "make device '%s/%s'", dev, name);
	}
	/* mknod(2) takes the umask away from the mode. */
	if (fchmodat(dev_fd, name, 0666, 0) < 0)
		return error_sys(err, "set the mode of '%s/%s'", dev, name);
	return 0;
}

int device_nodes_make(int dev_fd, const char *dev, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LENGTH(nodes); i++)
		if (make_node(dev_fd, dev, i, err) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_LENGTH(links); i++) {
		if (!is_wanted(links[i].target))
			continue;
		trace("ln -s %q %q/%s", links[i].target, dev, links[i].name);
		if (symlinkat(links[i].target, dev_fd, links[i].name) < 0)
			return error_sys(err, "make link '%s/%s'", dev, links[i].name);
	}
	return 0;
}
