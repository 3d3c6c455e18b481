/* stop, restart, kill and rm: the end of a container. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "cleanup.h"
#include "container.h"
#include "events.h"
#include "lives.h"
#include "program.h"
#include "signals.h"
#include "subcommand.h"
#include "volume_store.h"

#define TIMEOUT_NOT_GIVEN INT_MIN

/* How many starts by others a forced removal runs after. */
#define STARTS_MOST 20

struct lifecycle_options {
	struct program_options program;
	char *signal;
	int timeout_s;
	bool force, volumes;
};

#define FIELD(name) offsetof(struct lifecycle_options, name)

static const struct option_row stop_rows[] = {
	{"signal", 's', "SIGNAL", option_string, FIELD(signal),
	 "Signal to send; the container's own stop signal if not given", "pidfd_send_signal",
	 "signal(7)"},
	{"timeout", 't', "SECONDS", subcommand_option_seconds, FIELD(timeout_s),
	 "Seconds to wait before SIGKILL (10); -1 waits for ever", NULL, NULL},
	{"time", 0, "SECONDS", subcommand_option_seconds, FIELD(timeout_s),
	 "The older name of --timeout", NULL, NULL},
	{0},
};

static const struct option_row kill_rows[] = {
	{"signal", 's', "SIGNAL", option_string, FIELD(signal), "Signal to send (KILL)",
	 "pidfd_send_signal", "signal(7)"},
	{0},
};

static const struct option_row rm_rows[] = {
	{"force", 'f', NULL, option_flag, FIELD(force),
	 "Remove a container that is running, by SIGKILL", NULL, NULL},
	{"volumes", 'v', NULL, option_flag, FIELD(volumes),
	 "Remove also the volumes without a name that were made for it", NULL, NULL},
	{0},
};

/* What to send to stop it. An image may name a signal that there isn't: then SIGTERM, as Docker. */
static int stop_signal(const struct container *container, const char *wanted, struct error *err)
{
	const char *own = container->config.stop_signal;
	struct error unknown;
	int number;

	if (wanted)
		return signal_number(wanted, err);
	number = signal_number(own ? own : "SIGTERM", &unknown);
	return number < 0 ? SIGTERM : number;
}

static int stop_timeout(const struct container *container, int wanted_s)
{
	if (wanted_s != TIMEOUT_NOT_GIVEN)
		return wanted_s;
	return container->config.has_stop_timeout ? (int)container->config.stop_timeout_s
						  : STOP_TIMEOUT_S;
}

static int stop_one(const struct engine *engine, const char *name, const void *context,
		    struct error *err)
{
	const struct lifecycle_options *options = context;
	AUTO_CONTAINER struct container container = {0};
	bool ran;
	int number;

	if (container_find(engine, name, &container, err) < 0)
		return -1;
	number = stop_signal(&container, options->signal, err);
	if (number < 0)
		return -1;
	ran = container.state.status == CONTAINER_RUNNING;
	if (container_stop(engine, &container, number, stop_timeout(&container, options->timeout_s),
			   err) < 0)
		return error_wrap(err, "cannot stop container: %s", name);
	if (ran)
		events_add_container(engine, &container, "stop", NULL);
	return 0;
}

static int restart_one(const struct engine *engine, const char *name, const void *context,
		       struct error *err)
{
	AUTO_CONTAINER struct container container = {0}, stopped = {0};

	if (container_find(engine, name, &container, err) < 0)
		return -1;
	if ((container.state.status == CONTAINER_RUNNING ||
	     container.state.status == CONTAINER_RESTARTING) &&
	    (container_keep(engine, &container, err) < 0 ||
	     stop_one(engine, container.id, context, err) < 0))
		return -1;
	if (container_find(engine, container.id, &stopped, err) < 0 ||
	    container_start(engine, &stopped, false, err) < 0)
		return error_wrap(err, "cannot restart container %s", name);
	events_add_container(engine, &stopped, "restart", NULL);
	return 0;
}

static int kill_one(const struct engine *engine, const char *name, const void *context,
		    struct error *err)
{
	const struct lifecycle_options *options = context;
	AUTO_CONTAINER struct container container = {0};
	bool given = options->signal && *options->signal;
	int number = signal_number(given ? options->signal : "SIGKILL", err);

	if (number < 0 || container_find(engine, name, &container, err) < 0 ||
	    container_kill(engine, &container, number, err) < 0)
		return error_wrap(err, "cannot kill container: %s", name);
	return 0;
}

static int refuse_running(const struct container *container, const char *name, struct error *err)
{
	if (container->state.status != CONTAINER_RUNNING &&
	    container->state.status != CONTAINER_RESTARTING)
		return 0;
	return error_set(
		err, EBUSY,
		"cannot remove container \"%s\": container is running: stop the container before removing or force remove",
		name);
}

/* Stops it first, and again if somebody starts it before it is gone. */
static int remove_by_force(const struct engine *engine, struct container *container,
			   struct error *err)
{
	for (int tries = 0;; tries++) {
		AUTO_CONTAINER struct container now = {0};

		if (container_find(engine, container->id, &now, err) < 0)
			return err->code == ENOENT && tries ? 0 : -1;
		if (container_stop(engine, &now, SIGKILL, STOP_TIMEOUT_S, err) < 0)
			return -1;
		if (container_remove_unused(engine, container, err) == 0)
			return 0;
		if (err->code != EBUSY || tries == STARTS_MOST)
			return -1;
	}
}

static int rm_one(const struct engine *engine, const char *name, const void *context,
		  struct error *err)
{
	const struct lifecycle_options *options = context;
	AUTO_CONTAINER struct container container = {0};

	if (container_find(engine, name, &container, err) < 0)
		return options->force && err->code == EINVAL
			       ? container_remove_damaged(engine, name, err)
			       : -1;
	if (!options->force && refuse_running(&container, name, err) < 0)
		return -1;
	if (options->force ? remove_by_force(engine, &container, err) < 0
			   : container_remove_unused(engine, &container, err) < 0)
		return error_wrap(err, "cannot remove container \"%s\"", name);
	if (options->volumes)
		volume_store_remove_made_for(engine, container.id, &container.config.volumes);
	return 0;
}

static int lifecycle(const struct call *call, const struct option_row *rows,
		     int (*act)(const struct engine *engine, const char *name, const void *context,
				struct error *err))
{
	struct lifecycle_options options = {.timeout_s = TIMEOUT_NOT_GIVEN};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	struct action action = {act, &options, options.force};
	int status = subcommand_each(call, operand, &action);

	cleanup_memory(&options.signal);
	return status;
}

int command_stop(const struct call *call)
{
	return lifecycle(call, stop_rows, stop_one);
}

int command_restart(const struct call *call)
{
	return lifecycle(call, stop_rows, restart_one);
}

int command_kill(const struct call *call)
{
	return lifecycle(call, kill_rows, kill_one);
}

int command_rm(const struct call *call)
{
	return lifecycle(call, rm_rows, rm_one);
}
