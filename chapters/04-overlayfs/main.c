/*
 * 04-overlayfs: the same on layers: / is many directories seen as one, and what is written goes
 * into another; directories of the host can be mounted in it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cgroup.h"
#include "cgroup_options.h"
#include "environment.h"
#include "namespaces.h"
#include "namespaces_options.h"
#include "overlay.h"
#include "overlay_options.h"
#include "process.h"
#include "process_options.h"
#include "program.h"
#include "rootfs.h"
#include "scratch.h"
#include "trace.h"

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
	if (cgroup_enter(container->cgroup, err) < 0)
		return -1;
	if (namespaces_enter(&container->namespaces, err) < 0)
		return -1;
	/* Before the first mount, or it would show on the host. */
	if (rootfs_isolate(err) < 0)
		return -1;
	/* The layers first: what is mounted next is mounted in them. */
	if (overlay_mount(&container->overlay, container->rootfs.path, err) < 0)
		return -1;
	/* While the host's /proc and files can still be reached. */
	if (rootfs_mount(&container->rootfs, err) < 0)
		return -1;
	/* Over what is there, or a volume below /dev would be hidden by it. */
	if (volumes_mount(container->volumes, container->rootfs.path, err) < 0)
		return -1;
	if (rootfs_pivot(&container->rootfs, err) < 0)
		return -1;
	/* Last: no step after it needs to write to /proc/sys or the root. */
	return rootfs_protect(&container->rootfs, err);
}

static int run_inside(struct options *options, struct container *container, char *const *argv,
		      int *status, struct error *err)
{
	AUTO_STRINGS struct strings env = {0}, command = {0};
	struct process_config config = {
		.env = &env,
		.clone_flags = namespaces_clone_flags(&container->namespaces),
		.cgroup_fd = cgroup_clone_fd(container->cgroup),
		.die_with_parent = true,
		.hooks = {.in_child = in_child, .context = container},
	};
	AUTO_PROCESS struct process process = {0};

	if (container->rootfs.init)
		rootfs_init_command(argv, &command);
	else
		strings_add_argv(&command, argv);
	config.argv = command.items;
	environment_build(container->namespaces.hostname, NULL, &options->process.env, &env);
	if (process_options_apply(&options->process, &config, err) < 0)
		return -1;
	if (process_start(&process, &config, err) < 0)
		return -1;
	return process_wait(&process, status, err);
}

static int run_in_cgroup(struct options *options, const struct scratch *scratch, char *const *argv,
			 int *status, struct error *err)
{
	struct container container = {
		.namespaces = namespaces_options_apply(&options->namespaces),
		.rootfs = {.path = scratch->root,
			   .init = options->namespaces.init,
			   .read_only = options->storage.read_only},
		.overlay = {.layers = options->layers.layers,
			    .upper = scratch->upper,
			    .work = scratch->work},
		.volumes = &options->storage.volumes,
	};
	AUTO_FREE char *name = memory_format("coracle/%d-%lx", getpid(),
					     (unsigned long)trace_clock_us());
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	struct error late;
	int result;

	if (cgroup_create(name, &options->cgroup.limits, &cgroup, err) < 0)
		return -1;
	container.cgroup = cgroup;
	result = run_inside(options, &container, argv, status, err);
	if (cgroup_destroy(cgroup, &late) == 0 || result < 0)
		return result;
	*err = late;
	return -1;
}

static int run(struct options *options, char *const *argv, int *status, struct error *err)
{
	AUTO_SCRATCH struct scratch scratch = {0};
	const char *parent = getenv("TMPDIR");
	sigset_t all;

	if (volumes_prepare(&options->storage.volumes, err) < 0)
		return -1;
	/* A signal that ended us now would leave directories and a cgroup behind. It waits for
	 * process_wait. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (scratch_make(&scratch, parent ? parent : "/var/tmp", options->layers.upper, err) < 0)
		return -1;
	return run_in_cgroup(options, &scratch, argv, status, err);
}

int main(int argc, char *argv[])
{
	struct options options = {0};
	const struct option_group groups[] = {
		{"00-base: every program", program_option_rows, &options.program},
		{"01-process: what is started, and what it may do", process_option_rows,
		 &options.process},
		{"02-namespaces: what it can see", namespaces_option_rows, &options.namespaces},
		{"03-cgroups: how much it may use", cgroup_option_rows, &options.cgroup},
		{"04-overlayfs: layers, and mounts from outside", storage_option_rows,
		 &options.storage},
		{"04-overlayfs: its layers", layer_option_rows, &options.layers},
		{0},
	};
	int operand = program_options(NAME, "--layer DIR... [OPTIONS] [--] COMMAND [ARG...]",
				      groups, argc, argv);
	int status = STATUS_OURS;
	struct error err;

	if (operand == argc) {
		error_set(&err, EINVAL, "a command is missing (see '" NAME " --help')");
		return program_fail(NAME, &err, STATUS_OURS);
	}
	program_need_root(NAME, "making namespaces");
	if (layer_options_check(&options.layers, &err) < 0 ||
	    cgroup_options_check(&options.cgroup, &err) < 0 ||
	    run(&options, argv + operand, &status, &err) < 0)
		status = program_fail(NAME, &err, process_failure_status(&err));
	process_options_release(&options.process);
	namespaces_options_release(&options.namespaces);
	cgroup_options_release(&options.cgroup);
	storage_options_release(&options.storage);
	layer_options_release(&options.layers);
	return status;
}
