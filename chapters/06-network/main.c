/*
 * 06-network: the same with an address of its own: connected to a bridge, through it to the other
 * containers and to the world, and knowing names.
 */
#include <stdlib.h>
#include <string.h>

#include "cgroup_own.h"
#include "endpoint.h"
#include "environment.h"
#include "forwarding.h"
#include "image_commands.h"
#include "overlay.h"
#include "rootfs.h"
#include "run_options.h"
#include "scratch.h"

#define NAME "06-network"
#define USAGE "pull|images|run [OPTIONS] [IMAGE] [COMMAND] [ARG...]"

/* What the two hooks need to set the container up. */
struct container {
	struct endpoint *endpoint;
	const char *files; /* the directory of its hostname, hosts and resolv.conf */
	struct namespaces namespaces;
	struct rootfs rootfs;
	struct cgroup *cgroup;
	struct overlay overlay;
	const struct image_config *image;
	const struct run_options *options;
};

static int in_parent(void *context, pid_t pid, struct error *err)
{
	struct container *container = context;

	if (id_map_apply(&container->namespaces.ids, pid, container->namespaces.mapped, err) < 0)
		return -1;
	/* Only from outside can a cable be laid into the namespace of the child, which waits. */
	return endpoint_attach(container->endpoint, pid, container->files, err);
}

static int in_child(void *context, struct error *err)
{
	struct container *container = context;

	/* The reasons for this order are in chapter 05's main.c. */
	if (cgroup_enter(container->cgroup, err) < 0 ||
	    namespaces_enter(&container->namespaces, err) < 0 || rootfs_isolate(err) < 0 ||
	    overlay_mount(&container->overlay, container->rootfs.path, err) < 0 ||
	    rootfs_mount(&container->rootfs, err) < 0 ||
	    /* Now with the three files that in_parent has written. */
	    volumes_mount(&container->options->storage.volumes, container->rootfs.path, err) < 0 ||
	    rootfs_pivot(&container->rootfs, err) < 0 ||
	    rootfs_protect(&container->rootfs, err) < 0)
		return -1;
	return 0;
}

static int start_and_wait(struct container *container, int *status, struct error *err)
{
	AUTO_STRINGS struct strings env = {0}, command = {0};
	AUTO_PROCESS struct process process = {0};
	struct process_config config = {
		.argv = rootfs_command(&container->rootfs, container->image->cmd.items, &command),
		.env = &env,
		.cwd = container->image->working_dir,
		.user = container->image->user,
		.cgroup_fd = cgroup_clone_fd(container->cgroup),
		.die_with_parent = true,
		.hooks = {in_parent, in_child, container, rootfs_bind_console},
	};

	namespaces_configure(&container->namespaces, &config);
	environment_build(container->endpoint->hostname, &container->image->env,
			  &container->options->process.env, &env);
	if (process_options_apply(&container->options->process, &config, err) < 0 ||
	    process_start(&process, &config, err) < 0)
		return -1;
	return process_wait(&process, status, err);
}

static int run(struct run_options *options, const struct image_request *request, char *const *argv,
	       int *status, struct error *err)
{
	AUTO_IMAGE struct image image = {0};
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	AUTO_SCRATCH struct scratch scratch = {0};
	AUTO_STRINGS struct strings warnings = {0};
	AUTO_ENDPOINT struct endpoint endpoint = {0};
	struct strings mapped = {(char *[]){(char *)request->root, NULL}, 1};
	struct error late;
	int result;

	if (network_options_mode(&options->network) == RESOLVER_BRIDGE)
		bridge_warnings(&warnings);
	if (network_options_mode(&options->network) == RESOLVER_HOST)
		options->namespaces.from[NAMESPACE_NETWORK] = memory_string("host");
	program_warn(&warnings);
	if (cgroup_options_complete(&options->cgroup, &options->namespaces,
				    &options->process.attributes, err) < 0 ||
	    image_find_or_pull(request, &image, err) < 0 ||
	    image_options_apply(&options->image, argv, &image.config, err) < 0 ||
	    network_options_apply(&options->network, &image.config.exposed_ports, err) < 0 ||
	    endpoint_open(&endpoint, &options->network, request->root, options->namespaces.hostname,
			  err) < 0 ||
	    /* Signals wait for process_wait: one that ended us now would leave things behind. */
	    forwarding_block(&(sigset_t){0}, err) < 0 ||
	    volumes_prepare(&options->storage.volumes, err) < 0 ||
	    scratch_make(&scratch, request->root, NULL, err) < 0 ||
	    cgroup_create_own(&options->cgroup.limits, &cgroup, err) < 0)
		return -1;
	/* Step 6.7: three files of ours, over the image's. */
	resolver_add_volumes(scratch.base, options->storage.read_only, &options->storage.volumes);
	struct container container = {
		.endpoint = &endpoint,
		.files = scratch.base,
		.namespaces = namespaces_options_apply(&options->namespaces, &mapped),
		.rootfs = {scratch.root, options->storage.read_only, options->namespaces.init,
			   &options->namespaces.wishes},
		.cgroup = cgroup,
		.overlay = {image.layers, scratch.upper, scratch.work},
		.image = &image.config,
		.options = options,
	};
	container.namespaces.hostname = endpoint.hostname;
	result = start_and_wait(&container, status, err);
	/* Also after a failure, and that is then what is told. */
	return cgroup_destroy(cgroup, result < 0 ? &late : err) < 0 ? -1 : result;
}

int main(int argc, char *argv[])
{
	struct run_options options = {0};
	int skip = argc > 1 && argv[1][0] != '-', status = 0;
	int operand = skip + run_options_parse(NAME, USAGE, &options, argc - skip, argv + skip);
	struct image_request request =
		image_options_request(&options.image, getenv("CORACLE_ROOT"), argv[operand]);
	struct error err;

	program_need_root(NAME, "making namespaces");
	/* "run" is ours, the others only need the store. */
	if (skip && strcmp(argv[1], "run") == 0
		    ? run(&options, &request, argv + operand + 1, &status, &err) < 0
		    : image_command(skip ? argv[1] : "", &request, &err) < 0)
		status = program_fail(NAME, &err, process_failure_status(&err));
	/* What the options hold goes with the process. */
	exit(status);
}
