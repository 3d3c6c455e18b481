/*
 * 03-cgroups: the same, and it can use only so much of memory, processors, processes and devices.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "cgroup_options.h"
#include "cgroup_own.h"
#include "environment.h"
#include "namespaces.h"
#include "namespaces_options.h"
#include "process.h"
#include "process_options.h"
#include "program.h"
#include "rootfs.h"
#include "stats_command.h"

#define NAME "03-cgroups"
#define USAGE "--rootfs DIR [OPTIONS] [--] COMMAND [ARG...], or stats [--no-stream]"

struct options {
	struct program_options program;
	struct process_options process;
	struct namespaces_options namespaces;
	struct rootfs_options rootfs;
	struct cgroup_options cgroup;
};

/* What the child needs to set itself up. */
struct container {
	struct namespaces namespaces;
	struct rootfs rootfs;
	struct cgroup *cgroup;
};

static int in_child(void *context, struct error *err)
{
	struct container *container = context;

	/* Step 3.5: before the cgroup namespace, whose root is the cgroup of this moment; and while
	 * the host's cgroup files can still be reached. */
	if (cgroup_enter(container->cgroup, err) < 0)
		return -1;
	if (namespaces_enter(&container->namespaces, err) < 0)
		return -1;
	/* Before the first mount, or it would show on the host. */
	if (rootfs_isolate(err) < 0)
		return -1;
	/* While the host's /proc and files can still be reached. */
	if (rootfs_mount(&container->rootfs, err) < 0 || rootfs_pivot(&container->rootfs, err) < 0)
		return -1;
	/* Last: no step after it needs to write to /proc/sys or the root. */
	return rootfs_protect(&container->rootfs, err);
}

static int run_inside(struct options *options, struct cgroup *cgroup, char *const *argv,
		      int *status, struct error *err)
{
	AUTO_STRINGS struct strings env = {0}, command = {0};
	struct container container = {
		.namespaces = namespaces_options_apply(&options->namespaces,
						       &(struct strings){&options->rootfs.path, 1}),
		.rootfs = {.path = options->rootfs.path,
			   .init = options->namespaces.init,
			   .wishes = &options->namespaces.wishes},
		.cgroup = cgroup,
	};
	struct process_config config = {
		.argv = rootfs_command(&container.rootfs, argv, &command),
		.env = &env,
		/* Step 3.5: on version 2 it is born there, and has no moment without limits. */
		.cgroup_fd = cgroup_clone_fd(cgroup),
		.die_with_parent = true,
		.hooks = {NULL, in_child, &container, rootfs_bind_console},
	};
	AUTO_PROCESS struct process process = {0};

	namespaces_configure(&container.namespaces, &config);
	environment_build(container.namespaces.hostname, NULL, &options->process.env, &env);
	if (process_options_apply(&options->process, &config, err) < 0 ||
	    process_start(&process, &config, err) < 0)
		return -1;
	return process_wait(&process, status, err);
}

static int run(struct options *options, char *const *argv, int *status, struct error *err)
{
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	struct error late;
	sigset_t all;
	int result;

	/* A signal that ended us now would leave the cgroup behind. It waits for process_wait. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (cgroup_create_own(&options->cgroup.limits, &cgroup, err) < 0)
		return -1;
	result = run_inside(options, cgroup, argv, status, err);
	/* Step 3.6: also after a failure, and that is then what is told. */
	if (cgroup_destroy(cgroup, result < 0 ? &late : err) < 0)
		result = -1;
	return result;
}

int main(int argc, char *argv[])
{
	struct options options = {0};
	const struct option_group groups[] = {
		{"00-base: every program", program_option_rows, &options.program},
		{"01-process: what is started, and what it may do", process_option_rows,
		 &options.process},
		{"02-namespaces: what it can see", namespaces_option_rows, &options.namespaces},
		{"02-namespaces: its root", rootfs_option_rows, &options.rootfs},
		{"03-cgroups: how much it may use", cgroup_option_rows, &options.cgroup},
		{0},
	};
	int operand, status = STATUS_OURS;
	struct error err;

	if (argc > 1 && strcmp(argv[1], "stats") == 0)
		return stats_command(NAME " stats", argc - 1, argv + 1);
	operand = program_options(NAME, USAGE, groups, argc, argv);
	if (operand == argc &&
	    error_set(&err, EINVAL, "a command is missing (see '" NAME " --help')"))
		return program_fail(NAME, &err, STATUS_OURS);
	program_need_root(NAME, "making namespaces");
	stats_print_warnings(&options.cgroup.limits);
	if (rootfs_options_check(&options.rootfs, &err) < 0 ||
	    cgroup_options_complete(&options.cgroup, &options.namespaces,
				    &options.process.attributes, &err) < 0 ||
	    run(&options, argv + operand, &status, &err) < 0)
		status = program_fail(NAME, &err, process_failure_status(&err));
	process_options_release(&options.process);
	namespaces_options_release(&options.namespaces);
	rootfs_options_release(&options.rootfs);
	cgroup_options_release(&options.cgroup);
	return status;
}
