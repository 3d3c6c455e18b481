/* Visits to the files of containers and images; see visit.h. */
#include "visit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container_volumes.h"
#include "mounts.h"
#include "overlay.h"
#include "path.h"
#include "record.h"
#include "resolver.h"
#include "rootfs.h"
#include "signals.h"
#include "store.h"
#include "trace.h"
#include "volume.h"

#define LOCK_POLL_MS 5
#define RESTARTING_TRIES 200 /* a second; between two lives there may be a minute */

/* What a visitor sees. */
struct scene {
	const struct container *running; /* its files, as it has them mounted; NULL: those below */
	struct overlay overlay;
	const struct volumes *volumes; /* NULL: none */
	const char *root;	       /* where it is mounted */
};

/* --- in the child -------------------------------------------------------------------------------- */

/* The kernel's own file systems and memory hold no files of the container: docker cp does not see
 * them either. */
static int unmount_memory(const struct container *container, struct error *err)
{
	AUTO_VOLUMES struct volumes volumes = {0};
	AUTO_STRINGS struct strings targets = {0};

	if (container_volumes_read(&container->config, &volumes, err) < 0)
		return -1;
	for (size_t i = 0; i < volumes.count; i++)
		if (volumes.items[i].type == VOLUME_TMPFS)
			strings_add(&targets, volumes.items[i].target);
	strings_add(&targets, "/proc");
	strings_add(&targets, "/sys");
	strings_add(&targets, "/dev");
	for (size_t i = 0; i < targets.count; i++) {
		trace("umount --lazy %q", targets.items[i]);
		/* EINVAL: the container has unmounted it. */
		if (umount2(targets.items[i], MNT_DETACH | UMOUNT_NOFOLLOW) < 0 &&
		    errno != EINVAL && errno != ENOENT)
			return error_sys(err, "unmount '%s' in our copy", targets.items[i]);
	}
	return 0;
}

/* Mounting its upper directory a second time would be undefined, so its own mounts are entered. The
 * root mount alone, copied, has nothing mounted in it. setns(2), open_tree(2) */
static int enter_running(const struct container *container, bool own_only, struct error *err)
{
	/* Held, it makes sure that the pid means this process; it is checked after it was opened. */
	AUTO_CLOSE int pidfd = container_open_process(container, err);
	AUTO_FREE char *path = memory_format("/proc/%d/ns/mnt", container->state.pid);
	AUTO_FREE char *users_path = memory_format("/proc/%d/ns/user", container->state.pid);
	AUTO_CLOSE int namespace = open(path, O_RDONLY | O_CLOEXEC), root = -1;
	AUTO_CLOSE int users = open(users_path, O_RDONLY | O_CLOEXEC);

	if (namespace < 0 || users < 0) {
		error_sys(err, "open '%s'", path);
		/* It has ended, and its monitor has not waited for it yet. */
		if (err->code == ENOENT)
			err->code = ESRCH;
		return -1;
	}
	trace("nsenter --mount=%q", path);
	if (setns(namespace, CLONE_NEWNS) < 0)
		return error_sys(err, "enter the mounts of container %s", container->id);
	/* What we made would have no owner in there otherwise. */
	if (container->config.sharing.ids.count &&
	    (setns(users, CLONE_NEWUSER) < 0 || id_map_become_root(err) < 0))
		return error_sys(err, "join the users of container %s", container->id);
	if (!own_only) {
		trace("unshare --mount");
		if (unshare(CLONE_NEWNS) < 0)
			return error_sys(err, "make a mount namespace");
		if (rootfs_isolate(err) < 0 || unmount_memory(container, err) < 0)
			return -1;
	}
	root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_sys(err, "open '/'");
	return own_only ? mount_clone(root, false, err) : take_fd(&root);
}

static int set_scene(const struct scene *scene, struct error *err)
{
	int root;

	trace("unshare --mount");
	if (unshare(CLONE_NEWNS) < 0)
		return error_sys(err, "make a mount namespace");
	/* Before the first mount, or it would show on the host. */
	if (rootfs_isolate(err) < 0 || overlay_mount(&scene->overlay, scene->root, err) < 0)
		return -1;
	if (scene->volumes && volumes_mount(scene->volumes, scene->root, err) < 0)
		return -1;
	root = open(scene->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? error_sys(err, "open '%s'", scene->root) : root;
}

static int receive(const struct scene *scene, const struct visitor *visitor, struct error *err)
{
	AUTO_CLOSE int root = -1;

	root = scene->running ? enter_running(scene->running, visitor->own_only, err)
			      : set_scene(scene, err);
	return root < 0 ? -1 : visitor->act(visitor->context, root, err);
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

		if (receive(scene, visitor, &answer) == 0)
			answer.code = 0;
		else if (answer.code == 0)
			answer.code = EIO; /* 0 would tell of success */
		send(theirs, &answer, sizeof(answer), MSG_NOSIGNAL);
		_exit(0);
	}
	cleanup_fd(&theirs);
	return await(pid, ours, err);
}

/* The monitor's lock: as long as we have it, nobody mounts the upper directory a second time.
 * Returns 0 if the container runs by now. Errors: EBUSY if it does not before long. */
static int lock_stopped(const struct engine *engine, const struct container *container,
			struct container *now, struct error *err)
{
	for (int tries = 0;; tries++) {
		int lock = record_lock_monitor(engine, container, err);

		if (lock >= 0 || err->code != RECORD_LOCKED)
			return lock;
		/* Another visitor, or its monitor, which starts it or has just recorded its end. */
		poll(NULL, 0, LOCK_POLL_MS);
		container_release(now);
		if (record_load(engine, container->id, now, err) < 0)
			return -1;
		if (now->state.status == CONTAINER_RUNNING)
			return 0;
		if (now->state.status == CONTAINER_RESTARTING && tries >= RESTARTING_TRIES)
			return error_set(
				err, EBUSY,
				"Container %s is restarting, wait until the container is running",
				container->id);
	}
}

/* As they were when it ran last; one that has never run has none. */
static void add_names(const struct container *container, struct volumes *volumes)
{
	AUTO_FREE char *hosts = path_join(container->dir, "hosts");

	if (access(hosts, F_OK) == 0)
		resolver_add_volumes(container->dir, container->config.read_only, volumes);
}

static int visit_stopped(const struct engine *engine, const struct container *container,
			 const struct visitor *visitor, struct error *err)
{
	AUTO_FREE char *upper = path_join(container->dir, "upper");
	AUTO_FREE char *work = path_join(container->dir, "work");
	AUTO_FREE char *root = path_join(container->dir, "rootfs");
	AUTO_VOLUMES struct volumes volumes = {0};
	AUTO_IMAGE struct image image = {0};
	struct scene scene = {.root = root};

	if (store_find(engine->root, container->config.image_id, &image, err) < 0)
		return -1;
	if (!visitor->own_only) {
		if (container_volumes(engine, &container->config, false, &volumes, err) < 0)
			return -1;
		add_names(container, &volumes);
		scene.volumes = &volumes;
	}
	scene.overlay = (struct overlay){image.layers, upper, work};
	return visit(&scene, visitor, err);
}

int visit_container(const struct engine *engine, const struct container *container,
		    const struct visitor *visitor, struct error *err)
{
	AUTO_CONTAINER struct container now = {0};
	bool running = container->state.status == CONTAINER_RUNNING;
	const struct container *latest = container;
	AUTO_CLOSE int lock = -1;

	for (;;) {
		int result = running ? visit(&(struct scene){.running = latest}, visitor, err) : -1;

		/* Unless it ran a moment ago. */
		if (running && (result == 0 || err->code != ESRCH))
			return result;
		lock = lock_stopped(engine, container, &now, err);
		if (lock < 0)
			return -1;
		if (lock > 0)
			return visit_stopped(engine, container, visitor, err);
		latest = &now;
		running = true;
	}
}

int visit_layers(const struct engine *engine, const struct strings *layers,
		 const struct visitor *visitor, struct error *err)
{
	AUTO_FREE char *root = path_join(engine->root, "volumes/.image");
	struct scene scene = {.overlay = {.layers = *layers}, .root = root};

	return path_make_dirs(root, 0700, err) < 0 ? -1 : visit(&scene, visitor, err);
}
