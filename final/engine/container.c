/* Containers: made, found, listed, removed; see container.h. */
#include "container.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "events.h"
#include "launch.h"
#include "leftovers.h"
#include "names.h"
#include "path.h"
#include "record.h"
#include "trace.h"
#include "volume_store.h"

/* Fills the directory of a container with its record; nothing refers to it yet. */
static int fill_directory(const struct container *container, const char *dir, struct error *err)
{
	static const char *const parts[] = {"upper", "work", "rootfs"};
	bool durable = !container->config.auto_remove;

	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		AUTO_FREE char *part = path_join(dir, parts[i]);

		/* The root of the container is `upper`, and others than root live in it. */
		if (mkdir(part, 0755) < 0 || chmod(part, 0755) < 0)
			return error_sys(err, "make directory '%s'", part);
	}
	if (record_save_config(container, dir, durable, err) < 0)
		return -1;
	return record_save_state(container, dir, durable, err);
}

static int put_in_place(const struct engine *engine, struct container *container, struct error *err)
{
	struct container_config *config = &container->config;
	AUTO_FREE char *staged = NULL;
	struct error ignored;

	if (leftovers_begin(engine, &staged, err) < 0)
		return -1;
	if (names_take(engine, config->name, container->id, err) == 0) {
		if (sharing_claim_ids(engine, container->id, &config->sharing, err) == 0 &&
		    fill_directory(container, staged, err) == 0) {
			if (rename(staged, container->dir) == 0)
				return 0;
			error_sys(err, "rename '%s' to '%s'", staged, container->dir);
		}
		names_drop(engine, config->name, container->id);
	}
	path_remove_tree(staged, &ignored);
	return -1;
}

int container_config_begin(struct container_config *config, const char *network,
			   const char *hostname, struct error *err)
{
	char host[256];

	if (engine_make_id(config->id, err) < 0)
		return -1;
	config->network = memory_string(network);
	if (hostname)
		config->hostname = memory_string(hostname);
	else if (strcmp(network, "host") == 0 && gethostname(host, sizeof(host)) == 0)
		config->hostname = memory_string(host);
	else
		config->hostname = memory_format("%.12s", config->id);
	return 0;
}

int container_create(const struct engine *engine, struct container_config *config,
		     struct container *container, struct error *err)
{
	AUTO_CLOSE int lock = engine_lock(engine, err);
	struct container made = {0};
	char now[CLOCK_TEXT_SIZE];

	if (lock < 0)
		return -1;
	if (!config->name && names_make(engine, &config->name, err) < 0)
		return -1;
	made.config = *config;
	memcpy(made.id, config->id, sizeof(made.id));
	made.dir = memory_format("%s/containers/%s", engine->root, made.id);
	clock_now(now);
	made.state.created_at = memory_string(now);
	trace("mkdir -p %q", made.dir);
	if (put_in_place(engine, &made, err) < 0) {
		sharing_give_back_ids(engine, made.id, &made.config.sharing);
		*config = made.config;
		made.config = (struct container_config){0};
		container_release(&made);
		return -1;
	}
	*config = (struct container_config){0};
	*container = made;
	events_add_container(engine, container, "create", NULL);
	return 0;
}

/* --- finding ------------------------------------------------------------------------------- */

/* How long an end that is not recorded yet is waited for: a second. */
#define SETTLE_POLL_MS 5
#define SETTLE_TRIES 200

bool container_is_id(const char *name)
{
	return strlen(name) == CONTAINER_ID_LENGTH &&
	       strspn(name, "0123456789abcdef") == CONTAINER_ID_LENGTH;
}

/* Adds the ids of all containers; what a killed command left beside them is cleared away. */
static int list_ids(const struct engine *engine, struct strings *ids, struct error *err)
{
	AUTO_FREE char *path = path_join(engine->root, "containers");
	AUTO_CLOSE_DIR DIR *dir = opendir(path);
	AUTO_STRINGS struct strings left = {0};
	struct dirent *entry;

	if (!dir)
		return error_sys(err, "read directory '%s'", path);
	while ((entry = readdir(dir)))
		if (container_is_id(entry->d_name))
			strings_add(ids, entry->d_name);
		else if (*entry->d_name == '.')
			strings_add(&left, entry->d_name);
	leftovers_clear(engine, &left);
	return 0;
}

static int id_by_prefix(const struct engine *engine, const char *prefix,
			char id[CONTAINER_ID_LENGTH + 1], struct error *err)
{
	AUTO_STRINGS struct strings ids = {0};
	size_t found = 0;

	if (list_ids(engine, &ids, err) < 0)
		return -1;
	for (size_t i = 0; *prefix && i < ids.count; i++)
		if (text_starts_with(ids.items[i], prefix)) {
			snprintf(id, CONTAINER_ID_LENGTH + 1, "%s", ids.items[i]);
			found++;
		}
	if (found > 1)
		return error_set(err, EINVAL, "Multiple IDs found with provided prefix: %s",
				 prefix);
	if (found == 0)
		return error_set(err, ENOENT, "No such container: %s", prefix);
	return 0;
}

/* Reads a record. One that says "running" of a process that is no more is about to be written: so that
 * whoever has heard of the end does not read that it runs. */
static int load_settled(const struct engine *engine, const char *id, struct container *container,
			struct error *err)
{
	for (int tries = 0;; tries++) {
		if (record_load(engine, id, container, err) < 0)
			return -1;
		if (container->state.status != CONTAINER_RUNNING || tries == SETTLE_TRIES ||
		    record_pid_start(container->state.pid) == container->state.pid_start ||
		    !record_monitor_lives(engine, container))
			return record_repair(engine, container, err);
		container_release(container);
		poll(NULL, 0, SETTLE_POLL_MS);
	}
}

static int find_id(const struct engine *engine, const char *name, char id[CONTAINER_ID_LENGTH + 1],
		   struct error *err)
{
	if (*name == '/')
		name++;
	if (!container_is_id(name))
		return names_look_up(engine, name, id) < 0 ? id_by_prefix(engine, name, id, err)
							   : 0;
	snprintf(id, CONTAINER_ID_LENGTH + 1, "%s", name);
	return 0;
}

int container_find(const struct engine *engine, const char *name, struct container *container,
		   struct error *err)
{
	AUTO_CONTAINER struct container found = {0};
	char id[CONTAINER_ID_LENGTH + 1] = "";

	if (find_id(engine, name, id, err) < 0)
		return -1;
	if (load_settled(engine, id, &found, err) < 0) {
		if (err->code == ENOENT)
			return error_set(err, ENOENT, "No such container: %s", name);
		return error_hint(err, EINVAL, "'rm -f' removes it");
	}
	container_observe(engine, &found);
	*container = found;
	found = (struct container){0};
	return 0;
}

static int by_creation(const void *left, const void *right)
{
	const struct container *a = left, *b = right;
	const char *at = a->state.created_at, *bt = b->state.created_at;

	return strcmp(bt ? bt : "", at ? at : "");
}

/* What is to be read, and what could not be: NULL if that is an error. */
struct loading {
	const struct strings *ids;
	struct strings *damaged;
};

static int load_all(const struct engine *engine, const struct loading *loading,
		    struct container **containers, size_t *count, struct error *err)
{
	struct container *list = memory_zeroed(loading->ids->count, sizeof(*list));
	size_t used = 0;

	for (size_t i = 0; i < loading->ids->count; i++) {
		/* ENOENT: removed since the directory was read. */
		if (record_load(engine, loading->ids->items[i], &list[used], err) == 0 &&
		    record_repair(engine, &list[used], err) == 0) {
			container_observe_pause(engine, &list[used]);
			used++;
			continue;
		}
		container_release(&list[used]);
		if (err->code == ENOENT)
			continue;
		error_hint(err, EINVAL, "'rm -f' removes it");
		if (loading->damaged) {
			strings_add(loading->damaged, err->text);
			continue;
		}
		for (size_t j = 0; j < used; j++)
			container_release(&list[j]);
		free(list);
		return -1;
	}
	qsort(list, used, sizeof(*list), by_creation);
	*containers = list;
	*count = used;
	return 0;
}

int container_list(const struct engine *engine, struct container **containers, size_t *count,
		   struct strings *damaged, struct error *err)
{
	AUTO_STRINGS struct strings ids = {0};
	const struct loading all = {&ids, damaged};

	return list_ids(engine, &ids, err) < 0 ? -1
					       : load_all(engine, &all, containers, count, err);
}

int container_list_alive(const struct engine *engine, struct container **containers, size_t *count,
			 struct strings *damaged, struct error *err)
{
	AUTO_CLOSE int run = open(engine->run, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_STRINGS struct strings ids = {0}, alive = {0};
	const struct loading living = {&alive, damaged};
	char socket[CONTAINER_ID_LENGTH + sizeof("/attach")];

	/* After a reboot there is no such directory: what is recorded is still to be repaired. */
	if (run < 0)
		return container_list(engine, containers, count, damaged, err);
	if (list_ids(engine, &ids, err) < 0)
		return -1;
	/* Where its monitor listens; see record_repair. It is asked of a thousand that have ended, too. */
	for (size_t i = 0; i < ids.count; i++) {
		snprintf(socket, sizeof(socket), "%s/attach", ids.items[i]);
		if (faccessat(run, socket, F_OK, 0) == 0)
			strings_add(&alive, ids.items[i]);
	}
	return load_all(engine, &living, containers, count, err);
}

int container_save_state(const struct container *container, struct error *err)
{
	bool durable =
		container->state.status == CONTAINER_EXITED && !container->config.auto_remove;

	return record_save_state(container, container->dir, durable, err);
}

/* As it is recorded now: it may have been renamed since the record was read. */
static void drop_name(const struct engine *engine, const struct container *container,
		      const char *dir)
{
	AUTO_FREE char *name = record_name(dir);

	names_drop(engine, name ? name : container->config.name, container->id);
}

int container_remove(const struct engine *engine, struct container *container, struct error *err)
{
	AUTO_FREE char *gone = memory_format("%s/containers/.gone-%s", engine->root, container->id);
	AUTO_FREE char *run = path_join(engine->run, container->id);
	AUTO_CLOSE int held = -1;

	/* One rename decides which of two commands removes it, and that it is no longer listed. */
	if (rename(container->dir, gone) == 0)
		events_add_container(engine, container, "destroy", NULL);
	else if (errno != ENOENT)
		return error_sys(err, "remove container %s", container->id);
	/* Who lists containers would go on with it, as if we had been killed. Of one that another is
	 * removing, only the directory of a lock can be ours. */
	held = open(gone, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (held >= 0 && flock(held, LOCK_EX | LOCK_NB) < 0)
		return path_remove_tree(run, err);
	drop_name(engine, container, gone);
	sharing_give_back_ids(engine, container->id, &container->config.sharing);
	if (container->config.auto_remove)
		volume_store_remove_made_for(engine, container->id, &container->config.volumes);
	if (path_remove_tree(run, err) < 0)
		return -1;
	return path_remove_tree(gone, err);
}

/* Takes the monitor's lock: whoever has it has the container. Returns 0 if it is gone already. */
static int lock_unused(const struct engine *engine, const struct container *container,
		       struct error *err)
{
	int lock;

	while ((lock = record_lock_monitor(engine, container, err)) < 0) {
		AUTO_CONTAINER struct container now = {0};

		if (err->code != RECORD_LOCKED)
			return -1;
		if (record_load(engine, container->id, &now, err) < 0)
			return err->code == ENOENT ? 0 : -1;
		if (now.state.status == CONTAINER_RUNNING ||
		    now.state.status == CONTAINER_RESTARTING)
			return error_set(err, EBUSY, "container %s is running", container->id);
		poll(NULL, 0, 5); /* its monitor has recorded the end, and is about to end itself */
	}
	return lock;
}

int container_remove_unused(const struct engine *engine, struct container *container,
			    struct error *err)
{
	int lock = lock_unused(engine, container, err), result;
	struct error ignored;

	if (lock <= 0)
		return lock;
	launch_give_back(engine, container, &ignored);
	result = container_remove(engine, container, err);
	close(lock);
	return result;
}

int container_remove_damaged(const struct engine *engine, const char *name, struct error *err)
{
	AUTO_CONTAINER struct container bare = {0};
	AUTO_CLOSE int lock = -1;

	if (find_id(engine, name, bare.id, err) < 0)
		return -1;
	bare.dir = memory_format("%s/containers/%s", engine->root, bare.id);
	bare.config.name = memory_string(name);
	lock = record_lock_monitor(engine, &bare, err);
	return lock < 0 ? -1 : container_remove(engine, &bare, err);
}

const char *container_status_word(const struct container *container)
{
	static const char *const words[] = {"created", "running", "exited", "restarting"};

	if (container->state.status == CONTAINER_RUNNING && container->state.paused)
		return "paused";
	return words[container->state.status];
}

int container_image_ids(const struct engine *engine, struct strings *ids, struct error *err)
{
	struct container *list;
	size_t count;

	if (container_list(engine, &list, &count, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (list[i].config.image_id && !strings_contain(ids, list[i].config.image_id))
			strings_add(ids, list[i].config.image_id);
		container_release(&list[i]);
	}
	free(list);
	return 0;
}

void container_config_release(struct container_config *config)
{
	char *owned[] = {config->name, config->image,	 config->image_id, config->user,
			 config->cwd,  config->hostname, config->network,  config->stop_signal};

	for (size_t i = 0; i < ARRAY_LENGTH(owned); i++)
		free(owned[i]);
	strings_release(&config->argv);
	strings_release(&config->env);
	strings_release(&config->labels);
	strings_release(&config->volumes);
	strings_release(&config->sysctls);
	sharing_release(&config->sharing);
	strings_release(&config->wishes.devices);
	healthcheck_release(&config->healthcheck);
	log_settings_release(&config->log);
	attributes_release(&config->attributes);
	connection_release(&config->connection);
	cgroup_limits_release(&config->limits);
	*config = (struct container_config){0};
}

void container_release(struct container *container)
{
	struct container_state *state = &container->state;
	char *owned[] = {container->dir,    state->error,	state->created_at,
			 state->started_at, state->finished_at, state->cgroup};

	for (size_t i = 0; i < ARRAY_LENGTH(owned); i++)
		free(owned[i]);
	strings_release(&state->ports);
	container_config_release(&container->config);
	*container = (struct container){0};
}
