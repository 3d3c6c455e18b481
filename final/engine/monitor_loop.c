/* The loop of a monitor; see monitor_loop.h. Read turn first. */
#include "monitor_loop.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "attach.h"
#include "monitor.h"
#include "record.h"
#include "terminal.h"

/* Reads what is there on one stream, logs it, and gives it to the clients. */
static void pass_output(struct monitor *monitor, int i)
{
	struct frame frame = {.type = FRAME_OUTPUT, .value = i + 1};
	struct error err;

	frame.length = (uint32_t)streams_read(&monitor->streams, i, frame.data, sizeof(frame.data));
	if (frame.length == 0)
		return;
	/* Step 7.2: a full disk must not stop the container: the reason is kept in its state. */
	if (log_write(&monitor->log, i + 1, frame.data, frame.length, &err) < 0)
		monitor_note_error(monitor, &err);
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

/* One turn: waits until something happens, or the time is over (-1: none), and handles it. */
static void turn(struct monitor *monitor, int timeout_ms)
{
	enum { PROCESS, OUTPUT, ERRORS, INPUT, LISTENER, PROBE, CLIENTS };
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
		{.fd = health_descriptor(&monitor->health), .events = POLLIN},
	};

	clients_expect(&monitor->clients, fds + CLIENTS);
	if (poll(fds, CLIENTS + clients, health_timeout_ms(&monitor->health, timeout_ms)) < 0)
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
		monitor_end_life(monitor);
	health_turn(&monitor->health, monitor->engine, monitor->container);
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
			monitor_note_error(monitor, &err);
		if (monitor_begin_life(monitor, &err) == 0)
			return true;
		monitor_record_failure(monitor, &err);
		return false;
	}
	state->status = CONTAINER_EXITED;
	state->stopped = true;
	if (container_save_state(monitor->container, &err) < 0)
		monitor_note_error(monitor, &err);
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
	struct error err;

	cleanup_fd(&monitor->listener);
	log_close(&monitor->log, &err);
	/* Step 7.5: with --rm nothing stays. */
	if (monitor->container->config.auto_remove && !monitor->owes && !is_kept(monitor))
		container_remove(monitor->engine, monitor->container, &err);
	monitor_forget_address(monitor);
	/* From here on it can be started again, however slow our clients are. */
	cleanup_fd(&monitor->lock);
	clients_send(&monitor->clients, &frame);
	while (clients_are_behind(&monitor->clients))
		turn(monitor, -1);
}

int monitor_address(const struct engine *engine, const struct container *container,
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

int monitor_listen(struct monitor *monitor, struct error *err)
{
	struct sockaddr_un address;

	if (monitor_address(monitor->engine, monitor->container, &address, err) < 0)
		return -1;
	unlink(address.sun_path);
	monitor->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (monitor->listener < 0 ||
	    bind(monitor->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(monitor->listener, CLIENTS_MAX) < 0)
		return error_sys(err, "listen on '%s'", address.sun_path);
	return 0;
}

void monitor_forget_address(const struct monitor *monitor)
{
	struct sockaddr_un address;
	struct error ignored;

	if (!monitor->owes &&
	    monitor_address(monitor->engine, monitor->container, &address, &ignored) == 0)
		unlink(address.sun_path);
}

void monitor_serve(struct monitor *monitor)
{
	do
		while (monitor->launch.process.pid > 0 || monitor->streams.output[0] >= 0 ||
		       monitor->streams.output[1] >= 0)
			turn(monitor, -1);
	while (start_again(monitor));
	finish(monitor);
}
