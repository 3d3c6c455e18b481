/*
 * 04-overlayfs: the same on layers: / is many directories seen as one, and what is written goes
 * into another; directories of the host can be mounted in it.
 */
#include <errno.h>
#include <stdlib.h>

#include "cgroup_options.h"
#include "cgroup_own.h"
#include "environment.h"
#include "forwarding.h"
#include "namespaces_options.h"
#include "overlay.h"
#include "overlay_options.h"
#include "process_options.h"
#include "program.h"
#include "rootfs.h"
#include "scratch.h"

#define NAME "04-overlayfs"

struct options {
	struct program_options program;
	struct process_options process;
	struct namespaces_options namespaces;
	struct cgroup_options cgroup;
	struct storage_options storage;
	struct layer_options layers;
};

/* What the child needs to set itself up. */
struct container {
	struct namespaces namespaces;
	struct rootfs rootfs;
	struct cgroup *cgroup;
	struct overlay overlay;
	const struct volumes *volumes;
};

static int in_child(void *context, struct error *err)
{
	struct container *container = context;

	/* Before the cgroup namespace, whose root is the cgroup of this moment; and while the
	 * host's cgroup files can still be reached. */
	if (cgroup_enter(container->cgroup, err) < 0 ||
	    namespaces_enter(&container->namespaces, err) < 0)
		return -1;
	/* Before the first mount, or it would show on the host. */
	if (rootfs_isolate(err) < 0)
		return -1;
	/* Step 4.1: the layers first, for what is mounted next is mounted in them. */
	if (overlay_mount(&container->overlay, container->rootfs.path, err) < 0)
		return -1;
	/* While the host's /proc and files can still be reached. */
	if (rootfs_mount(&container->rootfs, err) < 0)
		return -1;
	/* Step 4.3: over what is there, or a volume below /dev would be hidden by it. */
	if (volumes_mount(container->volumes, container->rootfs.path, err) < 0)
		return -1;
	if (rootfs_pivot(&container->rootfs, err) < 0)
		return -1;
	/* Last: no step after it needs to write to /proc/sys or the root. */
	return rootfs_protect(&container->rootfs, err);
}

static int start_and_wait(struct options *options, struct container *container, char *const *argv,
			  int *status, struct error *err)
{
	AUTO_STRINGS struct strings env = {0}, command = {0};
	AUTO_PROCESS struct process process = {0};
	struct process_config config = {
		.argv = rootfs_command(&container->rootfs, argv, &command),
		.env = &env,
		.cgroup_fd = cgroup_clone_fd(container->cgroup),
		.die_with_parent = true,
		.hooks = {NULL, in_child, container, rootfs_bind_console},
	};

	namespaces_configure(&container->namespaces, &config);
	environment_build(container->namespaces.hostname, NULL, &options->process.env, &env);
	if (process_options_apply(&options->process, &config, err) < 0 ||
	    process_start(&process, &config, err) < 0)
		return -1;
	return process_wait(&process, status, err);
}

static int run(struct options *options, char *const *argv, int *status, struct error *err)
{
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	AUTO_SCRATCH struct scratch scratch = {0};
	AUTO_STRINGS struct strings mapped = {0};
	struct container container;
	struct error late;
	int result;

	if (volumes_prepare(&options->storage.volumes, err) < 0 ||
	    scratch_make(&scratch, getenv("TMPDIR"), options->layers.upper, err) < 0 ||
	    cgroup_create_own(&options->cgroup.limits, &cgroup, err) < 0)
		return -1;
	strings_add_all(&mapped, &options->layers.layers);
	strings_add(&mapped, scratch.base);
	container = (struct container){
		.namespaces = namespaces_options_apply(&options->namespaces, &mapped),
		.rootfs = {scratch.root, options->storage.read_only, options->namespaces.init,
			   &options->namespaces.wishes},
		.cgroup = cgroup,
		.overlay = {.layers = options->layers.layers, .work = scratch.work},
		.volumes = &options->storage.volumes,
	};
	/* Step 4.2: what is written goes there, and the layers stay as they are. */
	container.overlay.upper = scratch.upper;
	result = start_and_wait(options, &container, argv, status, err);
	/* Also after a failure, and that is then what is told. */
	return cgroup_destroy(cgroup, result < 0 ? &late : err) < 0 ? -1 : result;
}

int main(int argc, char *argv[])
{
	struct options options = {0};
	const struct option_group groups[] = {
		{"00-base: every program", program_option_rows, &options.program},
		{"01-process: what it may do", process_option_rows, &options.process},
		{"02-namespaces: what it can see", namespaces_option_rows, &options.namespaces},
		{"03-cgroups: how much it may use", cgroup_option_rows, &options.cgroup},
		{"04-overlayfs: what it can keep", storage_option_rows, &options.storage},
		{"04-overlayfs: its layers", layer_option_rows, &options.layers},
		{0},
	};
	const char *usage = "--layer DIR... [OPTIONS] [--] COMMAND [ARG...]";
	int operand = program_options(NAME, usage, groups, argc, argv), status = STATUS_OURS;
	struct error err;
	sigset_t old_mask;

	if (operand == argc) {
		error_set(&err, EINVAL, "a command is missing (see '" NAME " --help')");
		return program_fail(NAME, &err, STATUS_OURS);
	}
	program_need_root(NAME, "making namespaces");
	/* Signals wait for process_wait: one that ended us now would leave things behind. */
	if (forwarding_block(&old_mask, &err) < 0 ||
	    layer_options_check(&options.layers, options.namespaces.userns, &err) < 0 ||
	    cgroup_options_complete(&options.cgroup, &options.namespaces,
				    &options.process.attributes, &err) < 0 ||
	    run(&options, argv + operand, &status, &err) < 0)
		status = program_fail(NAME, &err, process_failure_status(&err));
	process_options_release(&options.process);
	namespaces_options_release(&options.namespaces);
	cgroup_options_release(&options.cgroup);
	storage_options_release(&options.storage);
	layer_options_release(&options.layers);
	return status;
}
