/* How a life of a container begins and ends; see monitor_life.h. */
#include "monitor_life.h"

#include <errno.h>

#include "cgroup_usage.h"
#include "clock.h"
#include "events.h"
#include "process.h"
#include "record.h"

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

int monitor_begin_life(struct monitor *monitor, struct error *err)
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
	container->state.stopped = false;
	cleanup_memory(&container->state.error);
	if (container_save_state(container, err) < 0)
		return -1;
	health_begin(&monitor->health, container);
	events_life_began(monitor->engine, container);
	return 0;
}

static bool is_restarted(struct monitor *monitor)
{
	const struct container *container = monitor->container;

	return !restart_is_forbidden(monitor->engine, container) &&
	       restart_decide(&container->config.restart, container->state.exit_code,
			      restart_clock_ms() - monitor->began_ms, &monitor->history);
}

void monitor_end_life(struct monitor *monitor)
{
	struct container_state *state = &monitor->container->state;
	char now[CLOCK_TEXT_SIZE];
	siginfo_t info = {0};
	struct error err;

	if (process_reap(&monitor->launch.process, &info, &err) < 0)
		monitor_note_error(monitor, &err);
	state->exit_code = process_exit_status(&info);
	health_end(&monitor->health, monitor->container);
	/* Step 7.3: before the cgroup goes, and the kernel's counter with it. */
	state->oom_killed = cgroup_oom_kills(monitor->launch.cgroup) > 0;
	/* Who takes a port back holds it anew. */
	ports_let_go(&monitor->launch.networks.ports);
	/* rename, update and network connect have changed the record while it ran. */
	if (record_reload_config(monitor->engine, monitor->container, &err) < 0 &&
	    err.code != ENOENT)
		monitor_note_error(monitor, &err);
	/* Step 7.4: cgroup, addresses and rules; nobody else would. */
	monitor->owes = launch_give_back(monitor->engine, monitor->container, &err) < 0;
	if (monitor->owes)
		monitor_note_error(monitor, &err);
	clock_now(now);
	cleanup_memory(&state->finished_at);
	state->finished_at = memory_string(now);
	state->stopped = restart_is_forbidden(monitor->engine, monitor->container);
	state->status = is_restarted(monitor) ? CONTAINER_RESTARTING : CONTAINER_EXITED;
	state->pid = 0;
	/* Before the state: who waits for that has stopped it, and says so next. */
	events_life_ended(monitor->engine, monitor->container,
			  (restart_clock_ms() - monitor->began_ms) / 1000);
	if (container_save_state(monitor->container, &err) < 0 && err.code != ENOENT)
		monitor_note_error(monitor, &err);
}

void monitor_record_failure(struct monitor *monitor, const struct error *why)
{
	struct container *container = monitor->container;
	int status = process_failure_status(why);
	struct error err;

	launch_release(&monitor->launch);
	monitor->owes = launch_give_back(monitor->engine, container, &err) < 0;
	if (container->config.auto_remove && !monitor->owes) {
		container_remove(monitor->engine, container, &err);
		return;
	}
	container->state.status =
		container->state.started_at ? CONTAINER_EXITED : CONTAINER_CREATED;
	container->state.exit_code = status == 125 ? 128 : status;
	monitor_note_error(monitor, why);
	container_save_state(container, &err);
}

void monitor_note_error(struct monitor *monitor, const struct error *err)
{
	cleanup_memory(&monitor->container->state.error);
	monitor->container->state.error = memory_string(err->text);
}
