/* Stop and kill; see signals.h. */
#include "signals.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "events.h"
#include "monitor.h"
#include "record.h"
#include "restart.h"
#include "trace.h"

/* How often a stop looks whether the monitor has recorded the exit. */
#define RECORD_POLL_MS 5

static int real_time_signal(const char *name)
{
	struct error ignored;
	uint64_t offset = 0;

	if (strcasecmp(name, "RTMIN") == 0)
		return SIGRTMIN;
	if (strcasecmp(name, "RTMAX") == 0)
		return SIGRTMAX;
	if (strncasecmp(name, "RTMIN+", 6) == 0 &&
	    text_to_number(name + 6, (uint64_t)(SIGRTMAX - SIGRTMIN), &offset, &ignored) == 0)
		return SIGRTMIN + (int)offset;
	if (strncasecmp(name, "RTMAX-", 6) == 0 &&
	    text_to_number(name + 6, (uint64_t)(SIGRTMAX - SIGRTMIN), &offset, &ignored) == 0)
		return SIGRTMAX - (int)offset;
	return -1;
}

int signal_number(const char *name, struct error *err)
{
	const char *bare = strncasecmp(name, "SIG", 3) == 0 ? name + 3 : name;
	struct error ignored;
	uint64_t value = 0;
	int number;

	if (text_to_number(name, NSIG - 1, &value, &ignored) == 0 && value > 0)
		return (int)value;
	for (number = 1; number < NSIG; number++) {
		const char *known = sigabbrev_np(number);

		if (known && strcasecmp(known, bare) == 0)
			return number;
	}
	number = real_time_signal(bare);
	if (number < 0)
		return error_set(err, EINVAL, "Invalid signal: %s", name);
	return number;
}

/* A descriptor of the first process, which can't come to mean another one: the pid is checked to
 * be the same process after it was opened. */
int container_open_process(const struct container *container, struct error *err)
{
	AUTO_CLOSE int pidfd = -1;

	if (container->state.status == CONTAINER_RUNNING)
		pidfd = (int)syscall(SYS_pidfd_open, container->state.pid, 0);
	if (pidfd < 0 || record_pid_start(container->state.pid) != container->state.pid_start)
		return error_set(err, ESRCH, "container %s is not running", container->id);
	return take_fd(&pidfd);
}

static int send_signal(const struct engine *engine, int pidfd, const struct container *container,
		       int signal, struct error *err)
{
	trace("kill -%s %d", sigabbrev_np(signal) ? sigabbrev_np(signal) : "RT",
	      container->state.pid);
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0) {
		events_add_number(engine, container, "kill", "signal", signal);
		return 0;
	}
	if (errno == ESRCH)
		return error_set(err, ESRCH, "container %s is not running", container->id);
	return error_sys(err, "send signal %d to container %s", signal, container->id);
}

/* A paused process can't act on a signal, nor die of it on version 1: as Docker, we let it go on. */
static void wake(const struct engine *engine, const struct container *container)
{
	struct error ignored;

	if (container->state.paused)
		container_unpause(engine, container, &ignored);
}

/* Waits until the monitor has written the end, or is itself no more; then repairs. */
static int await_record(const struct engine *engine, struct container *container, struct error *err)
{
	while (record_monitor_lives(engine, container)) {
		AUTO_CONTAINER struct container now = {0};

		if (record_load(engine, container->id, &now, err) < 0)
			return err->code == ENOENT ? 0 : -1;
		if (now.state.status != CONTAINER_RUNNING)
			return 0;
		poll(NULL, 0, RECORD_POLL_MS);
	}
	return record_repair(engine, container, err) < 0 && err->code != ENOENT ? -1 : 0;
}

static int await_end(int pidfd, int timeout_ms, struct error *err)
{
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};
	int result;

	do
		result = poll(&fd, 1, timeout_ms);
	while (result < 0 && errno == EINTR);
	if (result < 0)
		return error_sys(err, "wait for the end of a container");
	return result;
}

int container_kill(const struct engine *engine, struct container *container, int signal,
		   struct error *err)
{
	AUTO_CLOSE int pidfd = container_open_process(container, err);

	if (pidfd < 0)
		return -1;
	/* Who ends it so means it: no policy starts it again. */
	if ((signal == SIGKILL || signal == SIGTERM) && restart_forbid(engine, container, err) < 0)
		return -1;
	if (send_signal(engine, pidfd, container, signal, err) < 0)
		return -1;
	wake(engine, container);
	if (signal != SIGKILL)
		return 0;
	return await_end(pidfd, -1, err) < 0 ? -1 : await_record(engine, container, err);
}

/* Between two lives: its monitor is made to look, until it is neither there nor back. */
static int leave_restarting(const struct engine *engine, struct container *container,
			    struct error *err)
{
	while (container->state.status == CONTAINER_RESTARTING) {
		AUTO_CONTAINER struct container stale = {0};
		AUTO_CLOSE int nudge = monitor_connect(engine, container, err);
		struct container now;

		if (record_load(engine, container->id, &now, err) < 0)
			return -1;
		stale = *container;
		*container = now;
		if (record_repair(engine, container, err) < 0)
			return -1;
		if (container->state.status == CONTAINER_RESTARTING)
			poll(NULL, 0, RECORD_POLL_MS);
	}
	return 0;
}

int container_stop(const struct engine *engine, struct container *container, int signal,
		   int timeout_s, struct error *err)
{
	AUTO_CLOSE int pidfd = -1;
	int ended;

	/* Before the signal: the monitor must know when it sees the end. */
	if (restart_forbid(engine, container, err) < 0 && err->code != ENOENT)
		return -1;
	if (leave_restarting(engine, container, err) < 0)
		return err->code == ENOENT ? 0 : -1;
	pidfd = container_open_process(container, err);
	if (pidfd < 0)
		return await_record(engine, container, err);
	if (send_signal(engine, pidfd, container, signal, err) < 0 && err->code != ESRCH)
		return -1;
	wake(engine, container);
	ended = await_end(pidfd, timeout_s < 0 ? -1 : timeout_s * 1000, err);
	if (ended == 0) {
		if (send_signal(engine, pidfd, container, SIGKILL, err) < 0 && err->code != ESRCH)
			return -1;
		ended = await_end(pidfd, -1, err);
	}
	return ended < 0 ? -1 : await_record(engine, container, err);
}
