/* The options of chapter 02; see namespaces_options.h. */
#include "namespaces_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "host_devices.h"
#include "sysctl.h"

/* "host", or podman's "ns:FILE" for one that exists. */
int namespaces_option_from(void *field, const char *value, struct error *err)
{
	const char *file = text_starts_with(value, "ns:/") ? value + strlen("ns:") : NULL;

	if (!file && strcmp(value, "host") != 0)
		return error_set(err, EINVAL, "it is host or ns:/proc/PID/ns/…");
	return option_string(field, file ? file : value, err);
}

/* Also for its own, in Docker's words. */
int namespaces_option_ipc(void *field, const char *value, struct error *err)
{
	struct namespaces_options *options = field;

	options->wishes.no_shm = strcmp(value, "none") == 0;
	if (options->wishes.no_shm || strcmp(value, "private") == 0 ||
	    strcmp(value, "shareable") == 0) {
		cleanup_memory(&options->from[NAMESPACE_IPC]);
		return option_string(&options->ipc, value, err);
	}
	cleanup_memory(&options->ipc);
	if (namespaces_option_from(&options->from[NAMESPACE_IPC], value, err) < 0)
		return error_set(err, EINVAL,
				 "it is private, shareable, none, host or ns:/proc/PID/ns/ipc");
	return 0;
}

static int option_network(void *field, const char *value, struct error *err)
{
	if (strcmp(value, "none") == 0) {
		cleanup_memory(field);
		return 0;
	}
	if (namespaces_option_from(field, value, err) < 0)
		return error_set(err, EINVAL,
				 "network %s not found: it is none, host or ns:FILE here", value);
	return 0;
}

static int option_userns(void *field, const char *value, struct error *err)
{
	struct namespaces_options *options = field;

	if (id_map_find(value, 0, &options->ids, err) < 0)
		return -1;
	return option_string(&options->userns, value, err);
}

static int option_boottime(void *field, const char *value, struct error *err)
{
	bool negative = *value == '-';
	uint64_t number = 0;

	if (text_to_number(value + negative, INT32_MAX, &number, err) < 0)
		return error_set(err, EINVAL, "it is a number of seconds");
	*(int64_t *)field = negative ? -(int64_t)number : (int64_t)number;
	return 0;
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
	{"network", 0, "none|host|ns:FILE", option_network, FIELD(from[NAMESPACE_NETWORK]),
	 "A network namespace of its own, the host's, or another's", "CLONE_NEWNET",
	 "network_namespaces(7)"},
	{"pid", 0, "host|ns:FILE", namespaces_option_from, FIELD(from[NAMESPACE_PID]),
	 "Whose processes it sees, if not its own", "CLONE_NEWPID", "pid_namespaces(7)"},
	{"uts", 0, "host|ns:FILE", namespaces_option_from, FIELD(from[NAMESPACE_UTS]),
	 "Whose hostname it has, if not its own", "CLONE_NEWUTS", "uts_namespaces(7)"},
	{"ipc", 0, "MODE", namespaces_option_ipc, 0,
	 "Whose queues and shared memory: private, shareable, none, host, or ns:FILE",
	 "CLONE_NEWIPC", "ipc_namespaces(7)"},
	{"userns", 0, "host|keep-id|auto", option_userns, 0,
	 "A user namespace: none, with the same ids, or with a range of /etc/subuid",
	 "CLONE_NEWUSER", "user_namespaces(7)"},
	{"boottime", 0, "SECONDS", option_boottime, FIELD(boottime_s),
	 "Its clocks of the time since boot are so much ahead", "CLONE_NEWTIME",
	 "time_namespaces(7)"},
	{0},
};

const struct option_row rootfs_option_rows[] = {
	{"rootfs", 0, "DIR", option_string, offsetof(struct rootfs_options, path),
	 "The directory that becomes /", "pivot_root", "pivot_root(2)"},
	{0},
};

struct namespaces namespaces_options_apply(const struct namespaces_options *options,
					   const struct strings *mapped)
{
	struct namespaces namespaces = {
		.hostname = options->hostname,
		.cgroup = options->cgroup,
		.ids = options->ids,
		.mapped = mapped,
		.boottime_s = options->boottime_s,
		.sysctls = &options->sysctls,
	};

	for (size_t kind = 0; kind < NAMESPACE_KINDS; kind++)
		namespaces.from[kind] = options->from[kind];
	return namespaces;
}

/* What a user namespace has no power over. */
static int check_user_namespace(const struct namespaces_options *options, bool privileged,
				struct error *err)
{
	static const char *const words[] = {"PID", "UTS", "IPC", "network"};

	if (privileged)
		return error_set(
			err, EINVAL,
			"privileged mode is incompatible with user namespaces. You must run the container in the host namespace when running privileged mode");
	if (options->cgroup == CGROUP_NAMESPACE_HOST)
		return error_set(
			err, EINVAL,
			"cannot share the host's cgroup namespace when user namespaces are enabled");
	for (size_t kind = 0; kind < NAMESPACE_KINDS; kind++)
		if (options->from[kind])
			return error_set(
				err, EINVAL,
				"cannot share the host's %s namespace when user namespaces are enabled",
				words[kind]);
	return 0;
}

int namespaces_options_complete(struct namespaces_options *options,
				const struct attributes *attributes, struct error *err)
{
	const char *ipc = options->from[NAMESPACE_IPC];

	options->wishes.privileged = attributes->privileged;
	options->wishes.unmasked = attributes_unmasked(attributes);
	cleanup_memory(&options->shm_of);
	if (ipc)
		options->shm_of = namespaces_mounts_of(ipc);
	options->wishes.shm_of = options->shm_of;
	if (options->hostname && options->from[NAMESPACE_UTS])
		return error_set(err, EINVAL, "conflicting options: hostname and the UTS mode");
	return options->ids.count ? check_user_namespace(options, attributes->privileged, err) : 0;
}

void namespaces_options_release(struct namespaces_options *options)
{
	cleanup_memory(&options->hostname);
	for (size_t kind = 0; kind < NAMESPACE_KINDS; kind++)
		cleanup_memory(&options->from[kind]);
	cleanup_memory(&options->shm_of);
	cleanup_memory(&options->ipc);
	cleanup_memory(&options->userns);
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
