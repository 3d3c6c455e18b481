/* Start again, wait, rename; see lives.h. */
#include "lives.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "events.h"
#include "forwarding.h"
#include "leftovers.h"
#include "monitor.h"
#include "names.h"
#include "path.h"
#include "record.h"

/* How often a start looks whether the monitor of the last life is gone. */
#define LOCK_POLL_MS 5

static int connect_running(const struct engine *engine, const struct container *container,
			   bool attached, struct error *err)
{
	sigset_t before;
	int socket;

	if (!attached)
		return 0;
	if (forwarding_block(&before, err) < 0)
		return -1;
	socket = monitor_connect(engine, container, err);
	if (socket < 0)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return socket;
}

static bool is_started(const struct engine *engine, const struct container *container)
{
	AUTO_CONTAINER struct container now = {0};
	struct error ignored;

	return record_load(engine, container->id, &now, &ignored) == 0 &&
	       (now.state.status == CONTAINER_RUNNING || now.state.status == CONTAINER_RESTARTING);
}

int container_start(const struct engine *engine, struct container *container, bool attached,
		    struct error *err)
{
	int result;

	if (attached)
		events_add_container(engine, container, "attach", NULL);
	if (container->state.paused)
		return error_set(err, EBUSY,
				 "cannot start a paused container, try unpause instead");
	if (container->state.status == CONTAINER_RUNNING ||
	    container->state.status == CONTAINER_RESTARTING)
		return connect_running(engine, container, attached, err);
	/* Who holds the lock is the monitor of another command, which was faster; or that of the last
	 * life, which has recorded the end, and ends itself now. */
	while ((result = monitor_start(engine, container, attached, err)) < 0 &&
	       err->code == RECORD_LOCKED) {
		if (is_started(engine, container))
			return connect_running(engine, container, attached, err);
		poll(NULL, 0, LOCK_POLL_MS);
	}
	return result;
}

int container_keep(const struct engine *engine, const struct container *container,
		   struct error *err)
{
	AUTO_FREE char *path = memory_format("%s/%s/keep", engine->run, container->id);
	AUTO_CLOSE int fd = open(path, O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? error_sys(err, "make '%s'", path) : 0;
}

/* The exit status as it is recorded now. */
static int recorded_status(const struct engine *engine, const struct container *container,
			   int *status, struct error *err)
{
	AUTO_CONTAINER struct container now = {0};

	if (container_find(engine, container->id, &now, err) < 0)
		return -1;
	*status = now.state.exit_code;
	return 0;
}

int container_wait(const struct engine *engine, const struct container *container, int *status,
		   struct error *err)
{
	AUTO_CLOSE int socket = -1;
	struct frame frame;
	int got;

	if (container->state.status == CONTAINER_RUNNING)
		socket = monitor_connect(engine, container, err);
	if (socket < 0) /* it does not run, or has just ended */
		return recorded_status(engine, container, status, err);
	do
		got = attach_receive(socket, &frame, err);
	while (got > 0 && frame.type != FRAME_EXITED);
	if (got < 0)
		return -1;
	if (got == 0)
		return recorded_status(engine, container, status, err);
	*status = frame.value;
	return 0;
}

/* Killed in between, it has both names: drop_untrue_names knows which is right. */
static int rename_locked(const struct engine *engine, struct container *container, const char *name,
			 struct error *err)
{
	AUTO_STRINGS struct strings more = {0};
	AUTO_FREE char *old = NULL, *attribute = NULL;

	if (names_take(engine, name, container->id, err) < 0)
		return -1;
	old = container->config.name;
	container->config.name = memory_string(name);
	if (record_save_config(container, container->dir, true, err) < 0) {
		names_drop(engine, name, container->id);
		return -1;
	}
	names_drop(engine, old, container->id);
	attribute = memory_format("oldName=/%s", old);
	strings_add(&more, attribute);
	events_add_container(engine, container, "rename", &more);
	return 0;
}

int container_rename(const struct engine *engine, struct container *container, const char *name,
		     struct error *err)
{
	AUTO_CLOSE int lock = record_begin_change(engine, container, err);
	AUTO_FREE char *mark = NULL;
	int result;

	if (lock < 0)
		return -1;
	if (*name == '/')
		name++;
	if (strcmp(name, container->config.name) == 0)
		return error_set(err, EINVAL,
				 "Renaming a container with the same name as its current name");
	if (leftovers_begin(engine, &mark, err) < 0)
		return -1;
	result = rename_locked(engine, container, name, err);
	rmdir(mark);
	return result;
}
