/*
 * 02-namespaces: a command that sees its own processes, hostname, network and /, and no others.
 */
#include <errno.h>
#include <unistd.h>

#include "environment.h"
#include "namespaces.h"
#include "namespaces_options.h"
#include "process.h"
#include "process_options.h"
#include "program.h"
#include "rootfs.h"

#define NAME "02-namespaces"

struct options {
	struct program_options program;
	struct process_options process;
	struct namespaces_options namespaces;
	struct rootfs_options rootfs;
};

/* What the child needs to set itself up. */
struct container {
	struct namespaces namespaces;
	struct rootfs rootfs;
};

static int in_child(void *context, struct error *err)
{
	struct container *container = context;

	if (namespaces_enter(&container->namespaces, err) < 0)
		return -1;
	/* Step 2.4: before the first mount, or it would show on the host. */
	if (rootfs_isolate(err) < 0)
		return -1;
	/* While the host's /proc and files can still be reached. */
	if (rootfs_mount(&container->rootfs, err) < 0)
		return -1;
	/* Step 2.6: from here on no path leads to the host's files. */
	if (rootfs_pivot(&container->rootfs, err) < 0)
		return -1;
	/* Step 2.7: last, for no step after it needs to write to /proc/sys or the root. */
	if (rootfs_protect(&container->rootfs, err) < 0)
		return -1;
	return 0;
}

static int run(struct options *options, char *const *argv, int *status, struct error *err)
{
	AUTO_STRINGS struct strings env = {0}, command = {0};
	struct container container = {
		.namespaces = namespaces_options_apply(&options->namespaces,
						       &(struct strings){&options->rootfs.path, 1}),
		.rootfs = {.path = options->rootfs.path,
			   .init = options->namespaces.init,
			   .wishes = &options->namespaces.wishes},
	};
	struct process_config config = {
		.argv = rootfs_command(&container.rootfs, argv, &command),
		.env = &env,
		.die_with_parent = true,
		.hooks = {NULL, in_child, &container, rootfs_bind_console},
	};
	AUTO_PROCESS struct process process = {0};

	namespaces_configure(&container.namespaces, &config);
	environment_build(container.namespaces.hostname, NULL, &options->process.env, &env);
	if (namespaces_options_complete(&options->namespaces, &options->process.attributes, err) <
	    0)
		return -1;
	if (process_options_apply(&options->process, &config, err) < 0)
		return -1;
	if (process_start(&process, &config, err) < 0)
		return -1;
	return process_wait(&process, status, err);
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
		{0},
	};
	int operand = program_options(NAME, "--rootfs DIR [OPTIONS] [--] COMMAND [ARG...]", groups,
				      argc, argv);
	int status = STATUS_OURS;
	struct error err;

	if (operand == argc) {
		error_set(&err, EINVAL, "a command is missing (see '" NAME " --help')");
		return program_fail(NAME, &err, STATUS_OURS);
	}
	program_need_root(NAME, "making namespaces");
	if (rootfs_options_check(&options.rootfs, &err) < 0 ||
	    run(&options, argv + operand, &status, &err) < 0)
		status = program_fail(NAME, &err, process_failure_status(&err));
	process_options_release(&options.process);
	namespaces_options_release(&options.namespaces);
	rootfs_options_release(&options.rootfs);
	return status;
}
