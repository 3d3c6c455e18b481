/* docker export; see export.h. */
#include "export.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overlay.h"
#include "path.h"
#include "rootfs.h"
#include "store.h"
#include "trace.h"
#include "tree_archive.h"

/* A container that runs has it mounted, and mounting its upper directory twice is undefined. A copy
 * of that mount alone, in its own namespace, has nothing mounted in it. */
static int open_mounted(const struct container *container, struct error *err)
{
	AUTO_FREE char *path = memory_format("/proc/%d/ns/mnt", container->state.pid);
	AUTO_CLOSE int namespace = open(path, O_RDONLY | O_CLOEXEC);
	int root;

	if (namespace < 0)
		return error_sys(err, "open '%s'", path);
	trace("nsenter --mount=%q", path);
	if (setns(namespace, CLONE_NEWNS) < 0)
		return error_sys(err, "enter the mounts of the container");
	root = (int)syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return root < 0 ? error_sys(err, "copy the container's root mount") : root;
}

static int open_overlay(const struct engine *engine, const struct container *container,
			struct error *err)
{
	AUTO_FREE char *upper = path_join(container->dir, "upper");
	AUTO_FREE char *work = path_join(container->dir, "work");
	AUTO_FREE char *root = path_join(container->dir, "rootfs");
	AUTO_IMAGE struct image image = {0};
	int fd;

	if (store_find(engine->root, container->config.image_id, &image, err) < 0)
		return -1;
	trace("unshare --mount");
	if (unshare(CLONE_NEWNS) < 0)
		return error_sys(err, "make a mount namespace");
	if (rootfs_isolate(err) < 0 ||
	    overlay_mount(&(struct overlay){image.layers, upper, work}, root, err) < 0)
		return -1;
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_sys(err, "open '%s'", root) : fd;
}

static int export_here(const struct engine *engine, const struct container *container,
		       int output_fd, struct error *err)
{
	AUTO_CLOSE int root = -1;
	bool ended = container->state.status != CONTAINER_RUNNING;

	if (!ended) {
		root = open_mounted(container, err);
		/* It was running a moment ago. */
		ended = root < 0 && (err->code == ENOENT || err->code == ESRCH);
	}
	if (ended)
		root = open_overlay(engine, container, err);
	return root < 0 ? -1 : tree_archive_write(root, output_fd, err);
}

/* The namespace ends with the process that is in it, and its mounts with the namespace. */
static _Noreturn void run_child(const struct engine *engine, const struct container *container,
				int output_fd, int channel)
{
	struct error err = {0};

	if (export_here(engine, container, output_fd, &err) == 0)
		err.code = 0;
	else if (err.code == 0)
		err.code = EIO; /* 0 would tell of success */
	send(channel, &err, sizeof(err), MSG_NOSIGNAL);
	_exit(0);
}

static int await(pid_t pid, int channel, struct error *err)
{
	struct error answer;
	ssize_t count;

	do
		count = recv(channel, &answer, sizeof(answer), 0);
	while (count < 0 && errno == EINTR);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (count != sizeof(answer))
		return error_set(err, ECHILD, "the process that exports was killed");
	if (answer.code == 0)
		return 0;
	*err = answer;
	return -1;
}

int export_container(const struct engine *engine, const struct container *container, int output_fd,
		     struct error *err)
{
	AUTO_CLOSE int ours = -1, theirs = -1;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_sys(err, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid < 0)
		return error_sys(err, "fork");
	if (pid == 0)
		run_child(engine, container, output_fd, theirs);
	cleanup_fd(&theirs);
	return await(pid, ours, err);
}
