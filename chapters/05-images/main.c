/*
 * 05-images: the same from an image: its layers come from a registry, and its author says what runs
 * in it.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_options.h"
#include "environment.h"
#include "image_commands.h"
#include "image_options.h"
#include "namespaces_options.h"
#include "overlay.h"
#include "overlay_options.h"
#include "path.h"
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
	const struct volumes *volumes;
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
	    volumes_mount(container->volumes, container->rootfs.path, err) < 0 ||
	    rootfs_pivot(&container->rootfs, err) < 0)
		return -1;
	/* Last: no step after it needs to write to /proc/sys or the root. */
	return rootfs_protect(&container->rootfs, err);
}

static int start_and_wait(struct options *options, const struct image_config *image,
			  struct container *container, char *const *argv, struct error *err)
{
	AUTO_STRINGS struct strings env = {0}, words = {0}, command = {0};
	AUTO_PROCESS struct process process = {0};
	struct process_config config = {
		.env = &env,
		/* The image's; what the user wants takes their place. */
		.cwd = *image->working_dir ? image->working_dir : NULL,
		.user = image->user,
		.clone_flags = namespaces_clone_flags(&container->namespaces),
		.cgroup_fd = cgroup_clone_fd(container->cgroup),
		.die_with_parent = true,
		.hooks = {.in_child = in_child, .context = container},
	};
	int status;

	if (image_config_argv(image, options->image.entrypoint, argv, &words, err) < 0)
		return -1;
	config.argv = words.items;
	if (container->rootfs.init) {
		rootfs_init_command(words.items, &command);
		config.argv = command.items;
	}
	environment_build(container->namespaces.hostname, &image->env, &options->process.env, &env);
	if (process_options_apply(&options->process, &config, err) < 0 ||
	    process_start(&process, &config, err) < 0 || process_wait(&process, &status, err) < 0)
		return -1;
	return status;
}

static int run(struct options *options, const struct image_request *request, char *const *argv,
	       struct error *err)
{
	AUTO_FREE char *parent = path_join(request->root, "scratch"), *name = NULL;
	AUTO_IMAGE struct image image = {0};
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	AUTO_SCRATCH struct scratch scratch = {0};
	struct container container;
	struct error late;
	sigset_t all;
	int status;

	if (cgroup_options_check(&options->cgroup, err) < 0 ||
	    image_find_or_pull(request, &image, err) < 0)
		return -1;
	/* Signals wait for process_wait: one that ended us now would leave things behind. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (volumes_prepare(&options->storage.volumes, err) < 0 ||
	    path_make_dirs(parent, 0700, err) < 0 || scratch_make(&scratch, parent, NULL, err) < 0)
		return -1;
	name = memory_format("coracle/%s", scratch.name);
	if (cgroup_create(name, &options->cgroup.limits, &cgroup, err) < 0)
		return -1;
	container = (struct container){
		namespaces_options_apply(&options->namespaces),
		{scratch.root, options->storage.read_only, options->namespaces.init},
		cgroup,
		{image.layers, scratch.upper, scratch.work},
		&options->storage.volumes,
	};
	status = start_and_wait(options, &image.config, &container, argv, err);
	if (cgroup_destroy(cgroup, &late) == 0 || status < 0)
		return status;
	*err = late;
	return -1;
}

int main(int argc, char *argv[])
{
	struct options options = {0};
	const struct option_group groups[] = {
		{"00-base: every program", program_option_rows, &options.program},
		{"01-process: what is started", process_option_rows, &options.process},
		{"02-namespaces: what it can see", namespaces_option_rows, &options.namespaces},
		{"03-cgroups: how much it may use", cgroup_option_rows, &options.cgroup},
		{"04-overlayfs: mounts from outside", storage_option_rows, &options.storage},
		{"05-images: what it is made of", image_option_rows, &options.image},
		{0},
	};
	int skip = argc > 1 && argv[1][0] != '-';
	const char *command = skip ? argv[1] : "";
	bool runs = strcmp(command, "run") == 0;
	int operand = skip + program_options(NAME, USAGE, groups, argc - skip, argv + skip);
	struct image_request request = image_options_request(
		&options.image, getenv("CORACLE_ROOT"), argv[operand], runs ? STDERR_FILENO : STDOUT_FILENO);
	struct error err;
	int status;

	program_need_root(NAME, "making namespaces");
	status = runs ? run(&options, &request, argv + operand + 1, &err)
		      : image_command(command, &request, &err);
	if (status < 0)
		status = program_fail(NAME, &err, process_failure_status(&err));
	process_options_release(&options.process);
	namespaces_options_release(&options.namespaces);
	cgroup_options_release(&options.cgroup);
	storage_options_release(&options.storage);
	image_options_release(&options.image);
	return status;
}
