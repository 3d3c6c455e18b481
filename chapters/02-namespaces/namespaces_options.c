/* The options of chapter 02; see namespaces_options.h. */
#include "namespaces_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "host_devices.h"
#include "sysctl.h"

static int option_network(void *field, const char *value, struct error *err)
{
	if (strcmp(value, "none") != 0 && strcmp(value, "host") != 0)
		return error_set(err, EINVAL,
				 "network %s not found: only none and host are known here", value);
	return option_string(field, value, err);
}

static int option_cgroupns(void *field, const char *value, struct error *err)
{
	bool host = strcmp(value, "host") == 0;

	if (!host && strcmp(value, "private") != 0)
		return error_set(err, EINVAL, "invalid CGROUP mode");
	*(enum cgroup_namespace *)field = host ? CGROUP_NAMESPACE_HOST : CGROUP_NAMESPACE_PRIVATE;
	return 0;
}

static int option_hostname(void *field, const char *value, struct error *err)
{
	if (strlen(value) > 64)
		return error_set(err, EINVAL, "a hostname has at most 64 bytes");
	return option_string(field, value, err);
}

static int option_sysctl(void *field, const char *value, struct error *err)
{
	return sysctl_check(value, err) < 0 ? -1 : option_strings(field, value, err);
}

static int option_device(void *field, const char *value, struct error *err)
{
	AUTO_HOST_DEVICE struct host_device device = {0};

	return host_device_parse(value, &device, err) < 0 ? -1 : option_strings(field, value, err);
}

#define FIELD(name) offsetof(struct namespaces_options, name)

const struct option_row namespaces_option_rows[] = {
	{"hostname", 'h', "NAME", option_hostname, FIELD(hostname), "Hostname of the container",
	 "sethostname in a uts namespace", "uts_namespaces(7)"},
	{"init", 0, NULL, option_flag, FIELD(init),
	 "Run an init as PID 1: it forwards signals and reaps zombies", "waitpid", "waitpid(2)"},
	{"cgroupns", 0, "host|private", option_cgroupns, FIELD(cgroup),
	 "Whose cgroups it sees; private on cgroup v2, host on v1 if not given", "CLONE_NEWCGROUP",
	 "cgroup_namespaces(7)"},
	{"sysctl", 0, "NAME=VALUE", option_sysctl, FIELD(sysctls),
	 "Set a kernel parameter of its namespaces", "/proc/sys", "sysctl(8)"},
	{"device", 0, "SRC[:DST][:rwm]", option_device, FIELD(wishes.devices),
	 "Give it a device of the host", "mknod", "mknod(2)"},
	{"shm-size", 0, "BYTES", option_bytes, FIELD(wishes.shm_bytes), "Size of /dev/shm (64m)",
	 "tmpfs", "shm_overview(7)"},
	{"network", 0, "none|host", option_network, FIELD(network),
	 "A network namespace of its own, or the host's", "CLONE_NEWNET", "network_namespaces(7)"},
	{0},
};

const struct option_row rootfs_option_rows[] = {
	{"rootfs", 0, "DIR", option_string, offsetof(struct rootfs_options, path),
	 "The directory that becomes /", "pivot_root", "pivot_root(2)"},
	{0},
};

struct namespaces namespaces_options_apply(const struct namespaces_options *options)
{
	return (struct namespaces){
		.hostname = options->hostname,
		.network = !options->network || strcmp(options->network, "host") != 0,
		.cgroup = options->cgroup,
		.sysctls = &options->sysctls,
	};
}

const struct rootfs_wishes *namespaces_options_wishes(struct namespaces_options *options,
						      const struct attributes *attributes)
{
	options->wishes.privileged = attributes->privileged;
	options->wishes.unmasked = attributes_unmasked(attributes);
	return &options->wishes;
}

void namespaces_options_release(struct namespaces_options *options)
{
	cleanup_memory(&options->hostname);
	cleanup_memory(&options->network);
	strings_release(&options->sysctls);
	strings_release(&options->wishes.devices);
}

int rootfs_options_check(struct rootfs_options *options, struct error *err)
{
	AUTO_FREE char *absolute = NULL;
	struct stat st;

	if (!options->path)
		return error_set(err, EINVAL, "a root file system is missing: --rootfs DIR");
	absolute = realpath(options->path, NULL);
	if (!absolute || stat(absolute, &st) < 0)
		return error_sys(err, "find the root directory '%s'", options->path);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "the root '%s' is not a directory", options->path);
	cleanup_memory(&options->path);
	options->path = take_ptr(&absolute);
	return 0;
}

void rootfs_options_release(struct rootfs_options *options)
{
	cleanup_memory(&options->path);
}
