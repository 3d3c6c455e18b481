/* The monitor of one container. Read run_monitor first; see monitor.h. */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach.h"
#include "clock.h"
#include "forwarding.h"
#include "launch.h"
#include "log.h"
#include "process.h"
#include "record.h"
#include "trace.h"

struct monitor {
	const struct engine *engine;
	struct container *container;
	struct launch launch;
	struct log_writer log;
	int lock;      /* held as long as we live */
	int client;    /* -1: none, or gone */
	int output[2]; /* read ends of the container's stdout and stderr; -1: at their end */
	bool pending;  /* `frame` waits for a client that is slow to read */
	struct frame frame;
};

static void note_error(struct monitor *monitor, const struct error *err)
{
	cleanup_memory(&monitor->container->state.error);
	monitor->container->state.error = memory_string(err->text);
}

static void drop_client(struct monitor *monitor)
{
	cleanup_fd(&monitor->client);
	monitor->pending = false;
}

/* --- what is set up ------------------------------------------------------------------------ */

/* A fork of a command has its terminal, its directory and whatever its caller left open: none of it
 * may be held, for nobody knows how long. */
static int leave_caller(int client, struct error *err)
{
	int trace = trace_fd() < 0 ? client : trace_fd();
	unsigned low = (unsigned)(client < trace ? client : trace);
	unsigned high = (unsigned)(client < trace ? trace : client);
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

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

/* Starts the command with pipes for its output; only their read ends stay open here. */
static int start_command(struct monitor *monitor, struct error *err)
{
	AUTO_CLOSE int out = -1, errors = -1, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int pipes[2][2];

	if (null < 0)
		return error_sys(err, "open '/dev/null' for the container");
	for (int i = 0; i < 2; i++) {
		if (pipe2(pipes[i], O_CLOEXEC) < 0)
			return error_sys(err, "make a pipe for the container's output");
		monitor->output[i] = pipes[i][0];
		*(i ? &errors : &out) = pipes[i][1];
	}
	return launch_start(&monitor->launch, monitor->engine, monitor->container,
			    (int[]){null, out, errors}, err);
}

static int begin(struct monitor *monitor, struct error *err)
{
	struct container *container = monitor->container;
	char now[CLOCK_TEXT_SIZE];

	monitor->lock = record_lock_monitor(monitor->engine, container, err);
	if (monitor->lock < 0)
		return -1;
	if (log_open(container->dir, &monitor->log, err) < 0)
		return -1;
	if (start_command(monitor, err) < 0)
		return -1;
	clock_now(now);
	container->state.started_at = memory_string(now);
	container->state.status = CONTAINER_RUNNING;
	return container_save_state(container, err);
}

/* --- while it runs ------------------------------------------------------------------------- */

static void send_pending(struct monitor *monitor)
{
	struct error err;

	if (attach_send(monitor->client, &monitor->frame, MSG_DONTWAIT, &err) == 0)
		monitor->pending = false;
	else if (err.code != EAGAIN)
		drop_client(monitor);
}

/* Reads what is there on one stream, logs it, and offers it to the client. */
static void pass_output(struct monitor *monitor, int i)
{
	struct frame *frame = &monitor->frame;
	ssize_t count = read(monitor->output[i], frame->data, sizeof(frame->data));
	struct error err;

	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (count <= 0) {
		cleanup_fd(&monitor->output[i]);
		return;
	}
	/* A full disk must not stop the container: the reason is kept in its state. */
	if (log_write(&monitor->log, i + 1, frame->data, (size_t)count, &err) < 0)
		note_error(monitor, &err);
	if (monitor->client < 0)
		return;
	frame->type = FRAME_OUTPUT;
	frame->value = i + 1;
	frame->length = (uint32_t)count;
	monitor->pending = true;
	send_pending(monitor);
}

static void hear_client(struct monitor *monitor)
{
	struct frame frame;
	struct error err;

	if (attach_receive(monitor->client, &frame, &err) <= 0)
		drop_client(monitor);
	else if (frame.type == FRAME_SIGNAL && monitor->launch.process.pid > 0)
		syscall(SYS_pidfd_send_signal, monitor->launch.process.pidfd, frame.value, NULL, 0);
}

/* The first process has ended, and with it all others of its pid namespace. */
static void record_end(struct monitor *monitor)
{
	struct container_state *state = &monitor->container->state;
	char now[CLOCK_TEXT_SIZE];
	struct error err;

	if (process_wait(&monitor->launch.process, &state->exit_code, &err) < 0)
		note_error(monitor, &err);
	/* Before the cgroup goes, and the kernel's counter with it. */
	state->oom_killed = cgroup_oom_kills(monitor->launch.cgroup) > 0;
	if (launch_give_back(monitor->engine, monitor->container, &err) < 0)
		note_error(monitor, &err);
	clock_now(now);
	state->finished_at = memory_string(now);
	state->status = CONTAINER_EXITED;
	state->pid = 0;
	if (container_save_state(monitor->container, &err) < 0 && err.code != ENOENT)
		note_error(monitor, &err);
}

/* One turn: waits until something happens, and handles it. */
static void turn(struct monitor *monitor)
{
	bool ended = monitor->launch.process.pid == 0;
	/* A client that is slow to read slows the container down, as a pipe would. */
	bool reading = !monitor->pending;
	struct pollfd fds[] = {
		{.fd = ended ? -1 : monitor->launch.process.pidfd, .events = POLLIN},
		{.fd = reading ? monitor->output[0] : -1, .events = POLLIN},
		{.fd = reading ? monitor->output[1] : -1, .events = POLLIN},
		{.fd = monitor->client,
		 .events = (short)(monitor->pending ? POLLIN | POLLOUT : POLLIN)},
	};

	if (poll(fds, ARRAY_LENGTH(fds), -1) < 0)
		return;
	if (fds[1].revents)
		pass_output(monitor, 0);
	else if (fds[2].revents)
		pass_output(monitor, 1);
	if (fds[3].revents & POLLOUT)
		send_pending(monitor);
	if (fds[3].revents & (POLLIN | POLLHUP | POLLERR))
		hear_client(monitor);
	if (fds[0].revents)
		record_end(monitor);
}

static void finish(struct monitor *monitor)
{
	struct frame frame = {.type = FRAME_EXITED, .value = monitor->container->state.exit_code};
	struct error err;

	log_close(&monitor->log, &err);
	if (monitor->container->config.auto_remove)
		container_remove(monitor->engine, monitor->container, &err);
	if (monitor->client >= 0)
		attach_send(monitor->client, &frame, 0, &err);
}

/* --- the two processes --------------------------------------------------------------------- */

/* The command never ran: Docker leaves such a container as created, with the reason. */
static void record_failure(struct monitor *monitor, const struct error *why)
{
	struct container *container = monitor->container;
	int status = process_failure_status(why);
	struct error err;

	launch_release(&monitor->launch);
	launch_give_back(monitor->engine, container, &err);
	if (container->config.auto_remove) {
		container_remove(monitor->engine, container, &err);
		return;
	}
	container->state.status = CONTAINER_CREATED;
	container->state.exit_code = status == 125 ? 128 : status;
	note_error(monitor, why);
	container_save_state(container, &err);
}

static void run_monitor(struct monitor *monitor, bool attached)
{
	struct frame frame = {.type = FRAME_STARTED};
	struct error err;

	if (leave_caller(monitor->client, &err) < 0 || begin(monitor, &err) < 0) {
		record_failure(monitor, &err);
		frame.type = FRAME_FAILED;
		frame.length = sizeof(err);
		memcpy(frame.data, &err, sizeof(err));
		attach_send(monitor->client, &frame, 0, &err);
		return;
	}
	if (attach_send(monitor->client, &frame, 0, &err) < 0 || !attached)
		drop_client(monitor);
	if (!attached)
		trace_close();
	while (monitor->launch.process.pid > 0 || monitor->output[0] >= 0 ||
	       monitor->output[1] >= 0 || monitor->pending)
		turn(monitor);
	finish(monitor);
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
					  .output = {-1, -1},
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
