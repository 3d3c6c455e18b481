/* A container's cgroup while it runs; see control.h. */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_freeze.h"
#include "events.h"
#include "file.h"
#include "launch.h"
#include "record.h"

static int open_cgroup(const struct engine *engine, const struct container *container,
		       struct cgroup **cgroup, struct error *err)
{
	AUTO_FREE char *name = launch_cgroup_name(engine, container);

	if (container->state.status == CONTAINER_RUNNING && cgroup_open(name, cgroup, err) == 0)
		return 0;
	if (container->state.status == CONTAINER_RUNNING && err->code != ENOENT)
		return -1;
	return error_set(err, ESRCH, "container %s is not running", container->id);
}

void container_observe(const struct engine *engine, struct container *container)
{
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	struct error ignored;

	if (container->state.status != CONTAINER_RUNNING ||
	    open_cgroup(engine, container, &cgroup, &ignored) < 0)
		return;
	container->state.paused = cgroup_is_frozen(cgroup);
	container->state.oom_killed = cgroup_oom_kills(cgroup) > 0;
}

/* It says only that the kernel is to be asked, so nothing is wrong if it is left. */
static char *pause_mark(const struct engine *engine, const struct container *container)
{
	return memory_format("%s/%s/paused", engine->run, container->id);
}

void container_observe_pause(const struct engine *engine, struct container *container)
{
	AUTO_FREE char *mark = pause_mark(engine, container);

	if (container->state.status == CONTAINER_RUNNING && access(mark, F_OK) == 0)
		container_observe(engine, container);
}

/* --- pause --------------------------------------------------------------------------------- */

int container_pause(const struct engine *engine, const struct container *container,
		    struct error *err)
{
	AUTO_FREE char *path = pause_mark(engine, container);
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	AUTO_CLOSE int mark = -1;

	if (open_cgroup(engine, container, &cgroup, err) < 0)
		return -1;
	if (cgroup_is_frozen(cgroup))
		return error_set(err, EALREADY, "Container %s is already paused", container->id);
	mark = open(path, O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (mark < 0)
		return error_sys(err, "make '%s'", path);
	if (cgroup_freeze(cgroup, true, err) < 0)
		return -1;
	events_add_container(engine, container, "pause", NULL);
	return 0;
}

int container_unpause(const struct engine *engine, const struct container *container,
		      struct error *err)
{
	AUTO_FREE char *mark = pause_mark(engine, container);
	AUTO_CGROUP struct cgroup *cgroup = NULL;

	if (open_cgroup(engine, container, &cgroup, err) < 0)
		return -1;
	if (!cgroup_is_frozen(cgroup))
		return error_set(err, EALREADY, "Container %s is not paused", container->id);
	if (cgroup_freeze(cgroup, false, err) < 0)
		return -1;
	unlink(mark);
	events_add_container(engine, container, "unpause", NULL);
	return 0;
}

/* --- update -------------------------------------------------------------------------------- */

/* --cpus is a period and a quota, so one way of saying it can't be mixed with the other. */
static int check_cpus(const struct cgroup_limits *old, const struct cgroup_limits *new,
		      struct error *err)
{
	if (new->nano_cpus && old->cpu_quota_us > 0)
		return error_set(
			err, EINVAL,
			"Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
	if (new->nano_cpus && old->cpu_period_us)
		return error_set(
			err, EINVAL,
			"Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
	if (new->cpu_quota_us > 0 && old->nano_cpus)
		return error_set(
			err, EINVAL,
			"Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
	if (new->cpu_period_us && old->nano_cpus)
		return error_set(
			err, EINVAL,
			"Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
	return 0;
}

static int check_memory(const struct cgroup_limits *old, const struct cgroup_limits *new,
			struct error *err)
{
	if (!new->memory_bytes || new->memory_swap_bytes ||
	    (int64_t) new->memory_bytes <= cgroup_memory_and_swap(old))
		return 0;
	return error_set(
		err, EINVAL,
		"Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time");
}

static void replace_string(char **to, const char *from)
{
	if (!from || !*from)
		return;
	cleanup_memory(to);
	*to = memory_string(from);
}

static void replace_number(uint64_t *to, uint64_t from)
{
	if (from)
		*to = from;
}

/* What is given in `new` replaces what is in `to`. */
static void merge(struct cgroup_limits *to, const struct cgroup_limits *new)
{
	/* That of before counts on, even if it was only implied. */
	to->memory_swap_bytes =
		new->memory_swap_bytes ? new->memory_swap_bytes : cgroup_memory_and_swap(to);
	replace_number(&to->memory_bytes, new->memory_bytes);
	replace_number(&to->memory_reservation_bytes, new->memory_reservation_bytes);
	replace_number(&to->nano_cpus, new->nano_cpus);
	replace_number(&to->cpu_period_us, new->cpu_period_us);
	replace_number(&to->cpu_shares, new->cpu_shares);
	replace_number(&to->blkio_weight, new->blkio_weight);
	if (new->cpu_quota_us)
		to->cpu_quota_us = new->cpu_quota_us;
	if (new->pids)
		to->pids = new->pids;
	replace_string(&to->cpuset_cpus, new->cpuset_cpus);
	replace_string(&to->cpuset_mems, new->cpuset_mems);
}

/* The limits to write: what is given, and what only means something together with it. */
static void complete(struct cgroup_limits *change, const struct cgroup_limits *merged)
{
	if (change->memory_bytes || change->memory_swap_bytes) {
		change->memory_bytes = merged->memory_bytes;
		change->memory_swap_bytes = merged->memory_swap_bytes;
	}
	if (change->cpu_quota_us || change->cpu_period_us) {
		change->cpu_quota_us = merged->cpu_quota_us;
		change->cpu_period_us = merged->cpu_period_us;
	}
}

int container_update(const struct engine *engine, struct container *container,
		     const struct cgroup_limits *limits, const struct restart_policy *restart,
		     struct error *err)
{
	AUTO_CGROUP_LIMITS struct cgroup_limits change = {0};
	struct cgroup_limits *old = &container->config.limits;
	AUTO_CLOSE int lock = record_begin_change(engine, container, err);
	AUTO_CGROUP struct cgroup *cgroup = NULL;

	if (lock < 0)
		return -1;
	if (restart && restart->kind != RESTART_NO && container->config.auto_remove)
		return error_set(
			err, EINVAL,
			"Restart policy cannot be updated because AutoRemove is enabled for the container");
	if (restart)
		container->config.restart = *restart;
	if (check_cpus(old, limits, err) < 0 || check_memory(old, limits, err) < 0)
		return error_wrap(err, "Cannot update container %s", container->id);
	cgroup_limits_copy(&change, limits);
	merge(old, limits);
	complete(&change, old);
	if (open_cgroup(engine, container, &cgroup, err) < 0) {
		if (err->code != ESRCH)
			return -1;
	} else if (cgroup_update(cgroup, &change, err) < 0) {
		return error_wrap(err, "Cannot update container %s", container->id);
	}
	if (record_save_config(container, container->dir, true, err) < 0)
		return -1;
	events_add_container(engine, container, "update", NULL);
	return 0;
}

/* --- usage --------------------------------------------------------------------------------- */

/* Lines as "  eth0: RECEIVED-BYTES 7 more fields SENT-BYTES …", after two of titles. proc_pid_net(5) */
static void read_network(pid_t pid, struct container_usage *usage)
{
	AUTO_FREE char *path = memory_format("/proc/%d/net/dev", pid);
	AUTO_TEXT struct text text = {0};
	struct error ignored;
	char *rest;

	if (file_read(AT_FDCWD, path, 1 << 20, &text, &ignored) < 0)
		return;
	rest = text.data;
	for (const char *line; (line = strsep(&rest, "\n"));) {
		unsigned long long received, sent;
		char name[32];

		if (sscanf(line, " %31[^:]: %llu %*u %*u %*u %*u %*u %*u %*u %llu", name, &received,
			   &sent) != 3 ||
		    strcmp(name, "lo") == 0)
			continue;
		usage->received_bytes += received;
		usage->sent_bytes += sent;
	}
}

void container_read_usage(const struct engine *engine, const struct container *container,
			  struct container_usage *usage)
{
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	struct error ignored;

	*usage = (struct container_usage){0};
	if (open_cgroup(engine, container, &cgroup, &ignored) < 0)
		return;
	cgroup_usage_read(cgroup, &usage->cgroup);
	/* The host's interfaces are not the container's. */
	if (strcmp(container->config.network, "host") != 0)
		read_network(container->state.pid, usage);
}

int container_pids(const struct engine *engine, const struct container *container,
		   struct strings *pids, struct error *err)
{
	AUTO_CGROUP struct cgroup *cgroup = NULL;

	if (open_cgroup(engine, container, &cgroup, err) < 0)
		return -1;
	return cgroup_pids(cgroup, pids, err);
}
