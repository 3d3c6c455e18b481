/*
 * 05-images: the same from an image: its layers come from a registry, and its author says what runs
 * in it.
 */
#include <stdlib.h>
#include <string.h>

#include "cgroup_options.h"
#include "cgroup_own.h"
#include "environment.h"
#include "forwarding.h"
#include "image_commands.h"
#include "image_options.h"
#include "namespaces_options.h"
#include "overlay.h"
#include "overlay_options.h"
#include "process_options.h"
#include "program.h"
#include "rootfs.h"
#include "scratch.h"

#define NAME "05-images"
#define USAGE "pull|images|run [OPTIONS] [IMAGE] [COMMAND] [ARG...]"

struct options {
	struct program_options program;
	struct process_options process;
	struct namespaces_options namespaces;
	struct cgroup_options cgroup;
	struct storage_options storage;
	struct image_options image;
};

/* What the child needs to set itself up. */
struct container {
	struct namespaces namespaces;
	struct rootfs rootfs;
	struct cgroup *cgroup;
	struct overlay overlay;
	const struct image_config *image;
	const struct options *options;
};

static int in_child(void *context, struct error *err)
{
	struct container *container = context;

	/* Before the cgroup namespace, whose root is the cgroup of this moment; and while the
	 * host's cgroup files can still be reached. */
	if (cgroup_enter(container->cgroup, err) < 0 ||
	    namespaces_enter(&container->namespaces, err) < 0 ||
	    /* Before the first mount, or it would show on the host. */
	    rootfs_isolate(err) < 0 ||
	    /* The layers first: what is mounted next is mounted in them. */
	    overlay_mount(&container->overlay, container->rootfs.path, err) < 0 ||
	    /* While the host's /proc and files can still be reached. */
	    rootfs_mount(&container->rootfs, err) < 0 ||
	    /* Over what is there, or a volume below /dev would be hidden by it. */
	    volumes_mount(&container->options->storage.volumes, container->rootfs.path, err) < 0 ||
	    rootfs_pivot(&container->rootfs, err) < 0 ||
	    /* Last: no step after it needs to write to /proc/sys or the root. */
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
		/* Step 5.5: where its author wants it, */
		.cwd = container->image->working_dir,
		/* Step 5.5: and as whom. */
		.user = container->image->user,
		.cgroup_fd = cgroup_clone_fd(container->cgroup),
		.die_with_parent = true,
		.hooks = {NULL, in_child, container, rootfs_bind_console},
	};

	namespaces_configure(&container->namespaces, &config);
	environment_build(container->namespaces.hostname, &container->image->env,
			  &container->options->process.env, &env);
	if (process_options_apply(&container->options->process, &config, err) < 0 ||
	    process_start(&process, &config, err) < 0)
		return -1;
	return process_wait(&process, status, err);
}

static int run(struct options *options, const struct image_request *request, char *const *argv,
	       int *status, struct error *err)
{
	AUTO_IMAGE struct image image = {0};
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	AUTO_SCRATCH struct scratch scratch = {0};
	struct strings mapped = {(char *[]){(char *)request->root, NULL}, 1};
	struct error late;
	int result;

	if (cgroup_options_complete(&options->cgroup, &options->namespaces,
				    &options->process.attributes, err) < 0 ||
	    image_find_or_pull(request, &image, err) < 0 ||
	    image_options_apply(&options->image, argv, &image.config, err) < 0 ||
	    /* Signals wait for process_wait: one that ended us now would leave things behind. */
	    forwarding_block(&(sigset_t){0}, err) < 0 ||
	    volumes_prepare(&options->storage.volumes, err) < 0 ||
	    scratch_make(&scratch, request->root, NULL, err) < 0 ||
	    cgroup_create_own(&options->cgroup.limits, &cgroup, err) < 0)
		return -1;
	struct container container = {
		.namespaces = namespaces_options_apply(&options->namespaces, &mapped),
		.rootfs = {scratch.root, options->storage.read_only, options->namespaces.init,
			   &options->namespaces.wishes},
		.cgroup = cgroup,
		.overlay = {image.layers, scratch.upper, scratch.work},
		.image = &image.config,
		.options = options,
	};
	result = start_and_wait(&container, status, err);
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
		{"05-images: what it is made of", image_option_rows, &options.image},
		{0},
	};
	int skip = argc > 1 && argv[1][0] != '-', status = 0;
	int operand = skip + program_options(NAME, USAGE, groups, argc - skip, argv + skip);
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
