/* Restart policies; see restart.h. */
#include "restart.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define DELAY_FIRST_MS 100
#define DELAY_MOST_MS 60000
#define LASTING_MS 10000

bool restart_decide(const struct restart_policy *policy, int exit_code, int64_t lasted_ms,
		    struct restart_history *history)
{
	bool wanted = policy->kind == RESTART_ALWAYS || policy->kind == RESTART_UNLESS_STOPPED;

	if (policy->kind == RESTART_ON_FAILURE)
		wanted = exit_code != 0 && (!policy->most || history->count < policy->most);
	if (!wanted)
		return false;
	if (lasted_ms >= LASTING_MS || !history->delay_ms)
		history->delay_ms = DELAY_FIRST_MS;
	else
		history->delay_ms *= 2;
	if (history->delay_ms > DELAY_MOST_MS)
		history->delay_ms = DELAY_MOST_MS;
	history->count++;
	return true;
}

bool restart_after_boot(const struct container *container)
{
	const struct restart_policy *policy = &container->config.restart;
	const struct container_state *state = &container->state;

	if (state->status != CONTAINER_EXITED)
		return false;
	switch (policy->kind) {
	case RESTART_ALWAYS: return true;
	case RESTART_UNLESS_STOPPED: return !state->stopped;
	case RESTART_ON_FAILURE:
		return !state->stopped && state->exit_code != 0 &&
		       (!policy->most || state->restart_count < policy->most);
	default: return false;
	}
}

static char *mark_of(const struct engine *engine, const struct container *container)
{
	return memory_format("%s/%s/stopped", engine->run, container->id);
}

int restart_forbid(const struct engine *engine, const struct container *container,
		   struct error *err)
{
	AUTO_FREE char *path = mark_of(engine, container);
	AUTO_CLOSE int fd = -1;

	if (container->config.restart.kind == RESTART_NO)
		return 0;
	fd = open(path, O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? error_sys(err, "make '%s'", path) : 0;
}

void restart_allow(const struct engine *engine, const struct container *container)
{
	AUTO_FREE char *path = mark_of(engine, container);

	unlink(path);
}

bool restart_is_forbidden(const struct engine *engine, const struct container *container)
{
	AUTO_FREE char *path = mark_of(engine, container);

	return access(path, F_OK) == 0;
}

int64_t restart_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}
