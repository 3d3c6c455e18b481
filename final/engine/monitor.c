/* The monitor of one container. Read run_monitor first; see monitor.h. */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach.h"
#include "cgroup_usage.h"
#include "clients.h"
#include "clock.h"
#include "forwarding.h"
#include "launch.h"
#include "log.h"
#include "process.h"
#include "record.h"
#include "restart.h"
#include "streams.h"
#include "terminal.h"
#include "trace.h"

struct monitor {
	const struct engine *engine;
	struct container *container;
	struct launch launch;
	struct log_writer log;
	int lock;	     /* held as long as we live */
	int client;	     /* who starts us; one of `clients` later */
	int listener;	     /* where others attach */
	struct winsize size; /* of the terminal that we were started from */
	struct streams streams;
	struct clients clients;
	struct restart_history history;
	int64_t began_ms; /* this life, by restart_clock_ms */
};

static void note_error(struct monitor *monitor, const struct error *err)
{
	cleanup_memory(&monitor->container->state.error);
	monitor->container->state.error = memory_string(err->text);
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

/* Only our ends of the pipes stay open here. */
static int start_with_pipes(struct monitor *monitor, struct error *err)
{
	int child[3] = {-1, -1, -1};
	int result = streams_open_pipes(&monitor->streams, monitor->container->config.interactive,
					child, err);

	if (result == 0)
		result = launch_start(
			&monitor->launch, monitor->engine, monitor->container,
			&(struct launch_streams){.stdio = {child[0], child[1], child[2]}}, err);
	for (int fd = 0; fd < 3; fd++)
		cleanup_fd(&child[fd]);
	return result;
}

static int start_command(struct monitor *monitor, struct error *err)
{
	const struct container_config *config = &monitor->container->config;
	struct launch_streams streams = {.size = monitor->size};

	if (!config->terminal)
		return start_with_pipes(monitor, err);
	if (launch_start(&monitor->launch, monitor->engine, monitor->container, &streams, err) < 0)
		return -1;
	return streams_open_terminal(&monitor->streams, config->interactive,
				     monitor->launch.process.terminal, err);
}

static int attach_address(const struct engine *engine, const struct container *container,
			  struct sockaddr_un *address, struct error *err)
{
	int length = snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s/attach",
			      engine->run, container->id);

	address->sun_family = AF_UNIX;
	if (length >= (int)sizeof(address->sun_path))
		return error_set(err, ENAMETOOLONG, "the run directory '%s' has too long a name",
				 engine->run);
	return 0;
}

/* In a directory that is root's alone: who can connect can type. */
static int listen_for_clients(struct monitor *monitor, struct error *err)
{
	struct sockaddr_un address;

	if (attach_address(monitor->engine, monitor->container, &address, err) < 0)
		return -1;
	unlink(address.sun_path);
	monitor->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (monitor->listener < 0 ||
	    bind(monitor->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(monitor->listener, CLIENTS_MAX) < 0)
		return error_sys(err, "listen on '%s'", address.sun_path);
	return 0;
}

/* One life: begun here, ended in record_end. */
static int begin_life(struct monitor *monitor, struct error *err)
{
	struct container *container = monitor->container;
	char now[CLOCK_TEXT_SIZE];

	if (start_command(monitor, err) < 0)
		return -1;
	monitor->began_ms = restart_clock_ms();
	container->state.restart_count = monitor->history.count;
	clock_now(now);
	cleanup_memory(&container->state.started_at);
	container->state.started_at = memory_string(now);
	container->state.status = CONTAINER_RUNNING;
	/* Of the life before. */
	container->state.exit_code = 0;
	container->state.oom_killed = false;
	cleanup_memory(&container->state.error);
	return container_save_state(container, err);
}

static int begin(struct monitor *monitor, struct error *err)
{
	restart_allow(monitor->engine, monitor->container);
	if (log_open(monitor->container->dir, &monitor->log, err) < 0 ||
	    listen_for_clients(monitor, err) < 0)
		return -1;
	return begin_life(monitor, err);
}

/* --- while it runs ------------------------------------------------------------------------- */

/* Reads what is there on one stream, logs it, and gives it to the clients. */
static void pass_output(struct monitor *monitor, int i)
{
	struct frame frame = {.type = FRAME_OUTPUT, .value = i + 1};
	struct error err;

	frame.length = (uint32_t)streams_read(&monitor->streams, i, frame.data, sizeof(frame.data));
	if (frame.length == 0)
		return;
	/* A full disk must not stop the container: the reason is kept in its state. */
	if (log_write(&monitor->log, i + 1, frame.data, frame.length, &err) < 0)
		note_error(monitor, &err);
	clients_send(&monitor->clients, &frame);
}

static void pass_input(struct monitor *monitor)
{
	streams_pass_input(&monitor->streams);
	if (!streams_have_input(&monitor->streams))
		clients_acknowledge(&monitor->clients);
}

static void take_input(struct monitor *monitor, const struct frame *frame)
{
	streams_type(&monitor->streams, frame->data, frame->length);
	/* The container may be out of reach already: then it is taken, by nobody. */
	if (!streams_have_input(&monitor->streams))
		clients_acknowledge(&monitor->clients);
}

/* As in Docker, a pipe ends with the client that the container was started for. */
static void end_input(struct monitor *monitor)
{
	if (monitor->streams.terminal < 0)
		streams_end_input(&monitor->streams);
}

static void hear_client(struct monitor *monitor, size_t i, short events)
{
	bool first = monitor->clients.items[i].first;
	const struct process *process = &monitor->launch.process;
	struct winsize size;
	struct frame frame;

	if (clients_turn(&monitor->clients, i, events, &frame) <= 0)
		return;
	if (frame.type == FRAME_INPUT) {
		take_input(monitor, &frame);
	} else if (frame.type == FRAME_INPUT_EOF && first) {
		end_input(monitor);
	} else if (frame.type == FRAME_RESIZE && monitor->streams.terminal >= 0) {
		memcpy(&size, frame.data, sizeof(size));
		terminal_resize(monitor->streams.terminal, &size);
	} else if (frame.type == FRAME_SIGNAL && process->pid > 0) {
		syscall(SYS_pidfd_send_signal, process->pidfd, frame.value, NULL, 0);
	}
}

static void accept_client(struct monitor *monitor)
{
	int socket = accept4(monitor->listener, NULL, NULL, SOCK_CLOEXEC);

	if (socket >= 0)
		clients_add(&monitor->clients, socket, false);
}

static bool is_restarted(struct monitor *monitor)
{
	const struct container *container = monitor->container;

	return !restart_is_forbidden(monitor->engine, container) &&
	       restart_decide(&container->config.restart, container->state.exit_code,
			      restart_clock_ms() - monitor->began_ms, &monitor->history);
}

/* The first process has ended, and with it all others of its pid namespace. */
static void record_end(struct monitor *monitor)
{
	struct container_state *state = &monitor->container->state;
	char now[CLOCK_TEXT_SIZE];
	siginfo_t info = {0};
	struct error err;

	if (process_reap(&monitor->launch.process, &info, &err) < 0)
		note_error(monitor, &err);
	state->exit_code = process_exit_status(&info);
	/* Before the cgroup goes, and the kernel's counter with it. */
	state->oom_killed = cgroup_oom_kills(monitor->launch.cgroup) > 0;
	/* Who takes a port back holds it anew. */
	ports_let_go(&monitor->launch.networks.ports);
	/* rename, update and network connect have changed the record while it ran. */
	if (record_reload_config(monitor->engine, monitor->container, &err) < 0 &&
	    err.code != ENOENT)
		note_error(monitor, &err);
	if (launch_give_back(monitor->engine, monitor->container, &err) < 0)
		note_error(monitor, &err);
	clock_now(now);
	cleanup_memory(&state->finished_at);
	state->finished_at = memory_string(now);
	state->status = is_restarted(monitor) ? CONTAINER_RESTARTING : CONTAINER_EXITED;
	state->pid = 0;
	if (container_save_state(monitor->container, &err) < 0 && err.code != ENOENT)
		note_error(monitor, &err);
}

/* One turn: waits until something happens, or the time is over (-1: none), and handles it. */
static void turn(struct monitor *monitor, int timeout_ms)
{
	enum { PROCESS, OUTPUT, ERRORS, INPUT, LISTENER, CLIENTS };
	struct streams *streams = &monitor->streams;
	/* What an ended process wrote last fits its pipes: no slow client may hold up its end. */
	bool reading = monitor->launch.process.pid == 0 || clients_have_room(&monitor->clients);
	size_t clients = monitor->clients.count;
	struct pollfd fds[CLIENTS + CLIENTS_MAX] = {
		{.fd = monitor->launch.process.pid ? monitor->launch.process.pidfd : -1,
		 .events = POLLIN},
		{.fd = reading ? streams->output[0] : -1, .events = POLLIN},
		{.fd = reading ? streams->output[1] : -1, .events = POLLIN},
		{.fd = streams_have_input(streams) ? streams->input : -1, .events = POLLOUT},
		{.fd = monitor->listener, .events = POLLIN},
	};

	clients_expect(&monitor->clients, fds + CLIENTS);
	if (poll(fds, CLIENTS + clients, timeout_ms) < 0)
		return;
	/* From the last: one that goes away leaves its place to the last, which has had its turn. */
	for (size_t i = clients; i-- > 0;)
		if (fds[CLIENTS + i].revents)
			hear_client(monitor, i, fds[CLIENTS + i].revents);
	if (fds[OUTPUT].revents)
		pass_output(monitor, 0);
	if (fds[ERRORS].revents)
		pass_output(monitor, 1);
	if (fds[INPUT].revents && streams->input >= 0)
		pass_input(monitor);
	if (monitor->clients.first_left)
		end_input(monitor);
	if (fds[LISTENER].revents)
		accept_client(monitor);
	if (fds[PROCESS].revents)
		record_end(monitor);
}

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
	container->state.status =
		container->state.started_at ? CONTAINER_EXITED : CONTAINER_CREATED;
	container->state.exit_code = status == 125 ? 128 : status;
	note_error(monitor, why);
	container_save_state(container, &err);
}

/* Waits for the next life. Who stops the container also connects to us, so that we look. Returns
 * false if there is to be none. */
static bool await_next_life(struct monitor *monitor)
{
	int64_t next_ms = restart_clock_ms() + monitor->history.delay_ms;

	for (;;) {
		int64_t left_ms = next_ms - restart_clock_ms();

		if (restart_is_forbidden(monitor->engine, monitor->container))
			return false;
		if (left_ms <= 0)
			return true;
		turn(monitor, (int)left_ms);
	}
}

/* As in Docker, who was attached to one life has seen its end. */
static bool start_again(struct monitor *monitor)
{
	struct container_state *state = &monitor->container->state;
	struct frame frame = {.type = FRAME_EXITED, .value = state->exit_code};
	struct error err;

	if (state->status != CONTAINER_RESTARTING)
		return false;
	clients_send(&monitor->clients, &frame);
	if (await_next_life(monitor)) {
		launch_release(&monitor->launch);
		streams_end_input(&monitor->streams);
		text_release(&monitor->streams.typed);
		monitor->streams = STREAMS_NONE;
		if (record_reload_config(monitor->engine, monitor->container, &err) < 0)
			note_error(monitor, &err);
		if (begin_life(monitor, &err) == 0)
			return true;
		record_failure(monitor, &err);
		return false;
	}
	state->status = CONTAINER_EXITED;
	if (container_save_state(monitor->container, &err) < 0)
		note_error(monitor, &err);
	return false;
}

/* Whether container_keep was called for this end. */
static bool is_kept(const struct monitor *monitor)
{
	AUTO_FREE char *path =
		memory_format("%s/%s/keep", monitor->engine->run, monitor->container->id);

	return unlink(path) == 0;
}

/* Nobody can attach any more; the others get what is left, each as fast as it reads. */
static void finish(struct monitor *monitor)
{
	struct frame frame = {.type = FRAME_EXITED, .value = monitor->container->state.exit_code};
	struct sockaddr_un address;
	struct error err;

	cleanup_fd(&monitor->listener);
	if (attach_address(monitor->engine, monitor->container, &address, &err) == 0)
		unlink(address.sun_path);
	log_close(&monitor->log, &err);
	if (monitor->container->config.auto_remove && !is_kept(monitor))
		container_remove(monitor->engine, monitor->container, &err);
	/* From here on it can be started again, however slow our clients are. */
	cleanup_fd(&monitor->lock);
	clients_send(&monitor->clients, &frame);
	while (clients_are_behind(&monitor->clients))
		turn(monitor, -1);
}

/* --- the two processes --------------------------------------------------------------------- */

static int take_lock(struct monitor *monitor, struct error *err)
{
	monitor->lock = record_lock_monitor(monitor->engine, monitor->container, err);
	return monitor->lock < 0 ? -1 : 0;
}

static void report_failure(const struct monitor *monitor, const struct error *why)
{
	struct frame frame = {.type = FRAME_FAILED, .length = sizeof(*why)};
	struct error err;

	memcpy(frame.data, why, sizeof(*why));
	attach_send(monitor->client, &frame, 0, &err);
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
		record_failure(monitor, &err);
		report_failure(monitor, &err);
		return;
	}
	if (attach_send(monitor->client, &frame, 0, &err) < 0 || !attached)
		cleanup_fd(&monitor->client);
	else
		clients_add(&monitor->clients, monitor->client, true);
	if (!attached)
		trace_close();
	do
		while (monitor->launch.process.pid > 0 || monitor->streams.output[0] >= 0 ||
		       monitor->streams.output[1] >= 0)
			turn(monitor, -1);
	while (start_again(monitor));
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
	if (attach_address(engine, container, &address, err) < 0)
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
