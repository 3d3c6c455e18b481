/* See run_namespaces.h. */
#include "run_namespaces.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"

#define CONTAINER_PREFIX "container:"
#define FIELD(name) offsetof(struct namespaces_options, name)

static bool is_of_container(const char *value)
{
	return text_starts_with(value, CONTAINER_PREFIX) && value[strlen(CONTAINER_PREFIX)];
}

static int option_from(void *field, const char *value, struct error *err)
{
	if (is_of_container(value))
		return option_string(field, value, err);
	if (namespaces_option_from(field, value, err) < 0)
		return error_set(err, EINVAL, "it is host or container:NAME");
	return 0;
}

static int option_ipc(void *field, const char *value, struct error *err)
{
	struct namespaces_options *options = field;

	if (is_of_container(value)) {
		options->wishes.no_shm = false;
		return option_string(&options->from[NAMESPACE_IPC], value, err);
	}
	if (namespaces_option_ipc(field, value, err) < 0)
		return error_set(err, EINVAL,
				 "it is private, shareable, none, host or container:NAME");
	return 0;
}

const struct option_row run_namespaces_rows[] = {
	{"pid", 0, "host|container:NAME", option_from, FIELD(from[NAMESPACE_PID]),
	 "Whose processes it sees, if not its own", "CLONE_NEWPID", "pid_namespaces(7)"},
	{"uts", 0, "host|container:NAME", option_from, FIELD(from[NAMESPACE_UTS]),
	 "Whose hostname it has, if not its own", "CLONE_NEWUTS", "uts_namespaces(7)"},
	{"ipc", 0, "MODE", option_ipc, 0,
	 "Whose queues and shared memory: private, shareable, none, host, or container:NAME",
	 "CLONE_NEWIPC", "ipc_namespaces(7)"},
	{0},
};

int run_namespaces_note_network(struct namespaces_options *options, const char *network,
				struct error *err)
{
	bool container = text_starts_with(network, CONTAINER_PREFIX);

	if (container && options->hostname)
		return error_set(err, EINVAL, "conflicting options: hostname and the network mode");
	if (container || strcmp(network, "host") == 0)
		option_string(&options->from[NAMESPACE_NETWORK], "host", err);
	return 0;
}

int run_namespaces_apply(struct namespaces_options *options, const struct engine *engine,
			 struct container_config *config, struct error *err)
{
	struct sharing *sharing = &config->sharing;

	for (size_t kind = 0; kind < NAMESPACE_NETWORK; kind++)
		sharing->from[kind] = take_ptr(&options->from[kind]);
	sharing->ipc = take_ptr(&options->ipc);
	sharing->userns = take_ptr(&options->userns);
	sharing->ids = options->ids;
	sharing->boottime_s = options->boottime_s;
	config->wishes.no_shm = options->wishes.no_shm;
	return sharing_resolve(engine, sharing, err);
}
