/* The monitor of one container: the fork. Read run_monitor first; see monitor.h. */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach.h"
#include "forwarding.h"
#include "monitor_life.h"
#include "monitor_loop.h"
#include "path.h"
#include "record.h"
#include "terminal.h"
#include "trace.h"

/* A fork of a command has its terminal, its directory and whatever its caller left open: none of it
 * may be held, for nobody knows how long. */
static int leave_caller(int client, struct error *err)
{
	int trace = trace_fd() < 0 ? client : trace_fd();
	unsigned low = (unsigned)(client < trace ? client : trace);
	unsigned high = (unsigned)(client < trace ? trace : client);
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* Step 7.1: whoever reads what the command prints waits for the last who could write it. */
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return error_sys(err, "open '/dev/null' for the monitor");
	syscall(SYS_close_range, 3, low - 1, 0);
	if (low + 1 < high)
		syscall(SYS_close_range, low + 1, high - 1, 0);
	syscall(SYS_close_range, high + 1, ~0U, 0);
	null = -1; /* closed with the rest */
	setsid();
	prctl(PR_SET_NAME, "coracle-monitor");
	if (chdir("/") < 0)
		return error_sys(err, "change to '/'");
	return 0;
}

static int take_lock(struct monitor *monitor, struct error *err)
{
	const struct container *container = monitor->container;
	AUTO_FREE char *run = path_join(monitor->engine->run, container->id);
	struct error ignored;

	monitor->lock = record_lock_monitor(monitor->engine, container, err);
	if (monitor->lock < 0)
		return -1;
	if (access(container->dir, F_OK) == 0)
		return 0;
	/* Removed since it was read: the directory of our lock goes too. */
	path_remove_tree(run, &ignored);
	return error_set(err, ENOENT, "No such container: %s", container->id);
}

static void report_failure(const struct monitor *monitor, const struct error *why)
{
	struct frame frame = {.type = FRAME_FAILED, .length = sizeof(*why)};
	struct error err;

	memcpy(frame.data, why, sizeof(*why));
	attach_send(monitor->client, &frame, 0, &err);
}

static int begin(struct monitor *monitor, struct error *err)
{
	const struct container_config *config = &monitor->container->config;
	AUTO_STRINGS struct strings attributes = {0};

	restart_allow(monitor->engine, monitor->container);
	log_settings_attributes(&config->log, &config->labels, &config->env, &attributes);
	if (log_open(monitor->container->dir, &config->log, &attributes, &monitor->log, err) < 0 ||
	    monitor_listen(monitor, err) < 0)
		return -1;
	return monitor_begin_life(monitor, err);
}

static void run_monitor(struct monitor *monitor, bool attached)
{
	struct frame frame = {.type = FRAME_STARTED};
	struct error err;

	/* Whoever has the lock has the container: without it nothing of it may be touched. */
	if (leave_caller(monitor->client, &err) < 0 || take_lock(monitor, &err) < 0) {
		report_failure(monitor, &err);
		return;
	}
	if (begin(monitor, &err) < 0) {
		monitor_record_failure(monitor, &err);
		monitor_forget_address(monitor);
		report_failure(monitor, &err);
		return;
	}
	if (attach_send(monitor->client, &frame, 0, &err) < 0 || !attached)
		cleanup_fd(&monitor->client);
	else
		clients_add(&monitor->clients, monitor->client, true);
	if (!attached)
		trace_close();
	monitor_serve(monitor);
}

/* Returns 0 once the command executes, or -1 with the monitor's reason. */
static int await_start(int client, struct error *err)
{
	struct frame frame;
	int got = attach_receive(client, &frame, err);

	if (got < 0)
		return -1;
	if (got == 0)
		return error_set(err, EPIPE, "the container's monitor was killed during the start");
	if (frame.type == FRAME_STARTED)
		return 0;
	memcpy(err, frame.data, sizeof(*err));
	return -1;
}

static int start_blocked(const struct engine *engine, struct container *container, bool attached,
			 struct error *err)
{
	AUTO_CLOSE int ours = -1, theirs = -1;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_sys(err, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	trace("# fork the monitor of container %s", container->id);
	pid = fork();
	if (pid < 0)
		return error_sys(err, "fork the container's monitor");
	if (pid == 0) {
		struct monitor monitor = {.engine = engine,
					  .container = container,
					  .client = take_fd(&theirs),
					  .listener = -1,
					  .size = terminal_size(),
					  .streams = STREAMS_NONE,
					  .lock = -1};

		run_monitor(&monitor, attached);
		_exit(0);
	}
	cleanup_fd(&theirs);
	if (await_start(ours, err) < 0) {
		/* It has recorded the failure and given all back when it is gone. */
		waitpid(pid, NULL, 0);
		return -1;
	}
	return attached ? take_fd(&ours) : 0;
}

int monitor_connect(const struct engine *engine, const struct container *container,
		    struct error *err)
{
	AUTO_CLOSE int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	if (connection < 0)
		return error_sys(err, "make a socket");
	if (monitor_address(engine, container, &address, err) < 0)
		return -1;
	if (connect(connection, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_sys(err, "connect to the monitor of container %s", container->id);
	return take_fd(&connection);
}

int monitor_start(const struct engine *engine, struct container *container, bool attached,
		  struct error *err)
{
	sigset_t before;
	int result;

	if (forwarding_block(&before, err) < 0)
		return -1;
	result = start_blocked(engine, container, attached, err);
	if (result < 0 || !attached)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}
