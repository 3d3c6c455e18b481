/* Visits to the files of containers and images; see visit.h. */
#include "visit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container_volumes.h"
#include "overlay.h"
#include "path.h"
#include "rootfs.h"
#include "signals.h"
#include "store.h"
#include "trace.h"
#include "volume.h"

/* What is mounted for a visit. */
struct scene {
	struct overlay overlay;
	const struct volumes *volumes; /* NULL: none */
	const char *root;	       /* where */
};

/* --- in the child -------------------------------------------------------------------------------- */

static int set_scene(const struct scene *scene, const struct visitor *visitor, struct error *err)
{
	AUTO_CLOSE int root = -1;

	trace("unshare --mount");
	if (unshare(CLONE_NEWNS) < 0)
		return error_sys(err, "make a mount namespace");
	/* Before the first mount, or it would show on the host. */
	if (rootfs_isolate(err) < 0 || overlay_mount(&scene->overlay, scene->root, err) < 0)
		return -1;
	if (scene->volumes && volumes_mount(scene->volumes, scene->root, err) < 0)
		return -1;
	root = open(scene->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_sys(err, "open '%s'", scene->root);
	return visitor->act(visitor->context, root, err);
}

/* --- in the parent ------------------------------------------------------------------------------- */

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
		return error_set(err, ECHILD, "the process that worked on the files was killed");
	if (answer.code == 0)
		return 0;
	*err = answer;
	return -1;
}

static int visit(const struct scene *scene, const struct visitor *visitor, struct error *err)
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
		return error_sys(err, "fork for the visit of files");
	if (pid == 0) {
		struct error answer = {0};

		if (set_scene(scene, visitor, &answer) < 0 && answer.code == 0)
			answer.code = EIO;
		send(theirs, &answer, sizeof(answer), MSG_NOSIGNAL);
		_exit(0);
	}
	cleanup_fd(&theirs);
	return await(pid, ours, err);
}

static int visit_running(const struct container *container, const struct visitor *visitor,
			 struct error *err)
{
	/* Held, it makes sure that the pid means this process; it is checked after it was opened. */
	AUTO_CLOSE int pidfd = container_open_process(container, err), root = -1;
	AUTO_FREE char *path = memory_format("/proc/%d/root", container->state.pid);

	if (pidfd < 0)
		return -1;
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_sys(err, "open the root of container %s", container->id);
	return visitor->act(visitor->context, root, err);
}

int visit_container(const struct engine *engine, const struct container *container,
		    const struct visitor *visitor, struct error *err)
{
	AUTO_FREE char *upper = path_join(container->dir, "upper");
	AUTO_FREE char *work = path_join(container->dir, "work");
	AUTO_FREE char *root = path_join(container->dir, "rootfs");
	AUTO_VOLUMES struct volumes volumes = {0};
	AUTO_IMAGE struct image image = {0};
	struct scene scene = {.volumes = &volumes, .root = root};

	if (container->state.status == CONTAINER_RUNNING)
		return visit_running(container, visitor, err);
	if (store_find(engine->root, container->config.image_id, &image, err) < 0 ||
	    container_volumes(engine, &container->config, false, &volumes, err) < 0)
		return -1;
	scene.overlay = (struct overlay){image.layers, upper, work};
	return visit(&scene, visitor, err);
}

int visit_layers(const struct engine *engine, const struct strings *layers,
		 const struct visitor *visitor, struct error *err)
{
	AUTO_FREE char *root = path_join(engine->root, "volumes/.image");
	struct scene scene = {.overlay = {.layers = *layers}, .root = root};

	return path_make_dirs(root, 0700, err) < 0 ? -1 : visit(&scene, visitor, err);
}
