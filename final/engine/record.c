/* The record of a container on the disk; see record.h. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "file.h"
#include "json.h"
#include "launch.h"
#include "path.h"
#include "record_limits.h"

#define RECORD_BYTES_MAX (4 << 20)

static const char *const status_words[] = {"created", "running", "exited", "restarting"};

/* --- writing ------------------------------------------------------------------------------- */

static void add_string(cJSON *json, const char *name, const char *value)
{
	if (value)
		cJSON_AddStringToObject(json, name, value);
}

static int write_json(const cJSON *json, const char *dir, const char *name, bool durable,
		      struct error *err)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_TEXT struct text text = {0};

	json_print(json, true, &text);
	return file_replace(path, &text, 0600, durable, err);
}

int record_save_config(const struct container *container, const char *dir, bool durable,
		       struct error *err)
{
	const struct container_config *config = &container->config;
	AUTO_JSON cJSON *json = cJSON_CreateObject();

	add_string(json, "id", container->id);
	add_string(json, "name", config->name);
	add_string(json, "image", config->image);
	add_string(json, "image_id", config->image_id);
	add_string(json, "created_at", container->state.created_at);
	json_add_strings(json, "argv", &config->argv);
	json_add_number(json, "entrypoint_count", (int64_t)config->entrypoint_count);
	json_add_strings(json, "env", &config->env);
	json_add_strings(json, "labels", &config->labels);
	json_add_number(json, "restart", config->restart.kind);
	json_add_number(json, "restart_most", (int64_t)config->restart.most);
	if (config->has_stop_timeout)
		json_add_number(json, "stop_timeout_s", config->stop_timeout_s);
	add_string(json, "user", config->user);
	add_string(json, "cwd", config->cwd);
	add_string(json, "hostname", config->hostname);
	add_string(json, "network", config->network);
	add_string(json, "stop_signal", config->stop_signal);
	json_add_strings(json, "volumes", &config->volumes);
	healthcheck_add(json, &config->healthcheck);
	log_settings_add(json, &config->log);
	connection_add(json, &config->connection);
	record_limits_add(json, &config->limits);
	json_add_number(json, "capabilities", (int64_t)config->capabilities);
	json_add_strings(json, "groups", &config->attributes.groups);
	json_add_strings(json, "ulimits", &config->attributes.ulimits);
	json_add_strings(json, "security", &config->attributes.security);
	json_add_number(json, "oom_score_adj", config->attributes.oom_score_adj);
	cJSON_AddBoolToObject(json, "privileged", config->attributes.privileged);
	json_add_strings(json, "sysctls", &config->sysctls);
	json_add_strings(json, "devices", &config->wishes.devices);
	json_add_number(json, "shm_bytes", (int64_t)config->wishes.shm_bytes);
	sharing_add(json, &config->sharing);
	cJSON_AddBoolToObject(json, "init", config->init);
	cJSON_AddBoolToObject(json, "cgroupns_private", config->cgroupns_private);
	cJSON_AddBoolToObject(json, "read_only", config->read_only);
	cJSON_AddBoolToObject(json, "auto_remove", config->auto_remove);
	cJSON_AddBoolToObject(json, "interactive", config->interactive);
	cJSON_AddBoolToObject(json, "terminal", config->terminal);
	return write_json(json, dir, "config.json", durable, err);
}

int record_save_state(const struct container *container, const char *dir, bool durable,
		      struct error *err)
{
	const struct container_state *state = &container->state;
	AUTO_JSON cJSON *json = cJSON_CreateObject();

	add_string(json, "status", status_words[state->status]);
	json_add_number(json, "pid", state->pid);
	json_add_number(json, "pid_start", (int64_t)state->pid_start);
	json_add_number(json, "exit_code", state->exit_code);
	json_add_number(json, "restart_count", (int64_t)state->restart_count);
	cJSON_AddBoolToObject(json, "oom_killed", state->oom_killed);
	cJSON_AddBoolToObject(json, "stopped", state->stopped);
	add_string(json, "error", state->error);
	add_string(json, "started_at", state->started_at);
	add_string(json, "finished_at", state->finished_at);
	json_add_strings(json, "ports", &state->ports);
	add_string(json, "cgroup", state->cgroup);
	return write_json(json, dir, "state.json", durable, err);
}

/* --- reading ------------------------------------------------------------------------------- */

static int get_string(const cJSON *json, const char *name, char **value, struct error *err)
{
	const char *found = NULL;

	if (json_get_string(json, name, &found, err) < 0)
		return -1;
	*value = found ? memory_string(found) : NULL;
	return 0;
}

static void read_stops(const cJSON *json, struct container_config *config)
{
	config->has_stop_timeout = cJSON_GetObjectItemCaseSensitive(json, "stop_timeout_s");
	config->stop_timeout_s = json_get_signed(json, "stop_timeout_s");
	config->restart.kind = (enum restart_kind)json_get_signed(json, "restart");
	config->restart.most = (uint64_t)json_get_signed(json, "restart_most");
}

static int read_config(const cJSON *json, struct container *container, struct error *err)
{
	struct container_config *config = &container->config;
	const struct {
		const char *name;
		char **value;
	} strings[] = {
		{"name", &config->name},
		{"image", &config->image},
		{"image_id", &config->image_id},
		{"created_at", &container->state.created_at},
		{"user", &config->user},
		{"cwd", &config->cwd},
		{"hostname", &config->hostname},
		{"network", &config->network},
		{"stop_signal", &config->stop_signal},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(strings); i++)
		if (get_string(json, strings[i].name, strings[i].value, err) < 0)
			return -1;
	if (json_get_strings(json, "argv", &config->argv, err) < 0 ||
	    json_get_number(json, "entrypoint_count", &config->entrypoint_count, err) < 0 ||
	    json_get_strings(json, "env", &config->env, err) < 0 ||
	    json_get_strings(json, "labels", &config->labels, err) < 0 ||
	    json_get_strings(json, "volumes", &config->volumes, err) < 0 ||
	    connection_read(json, &config->connection, err) < 0 ||
	    json_get_number(json, "capabilities", &config->capabilities, err) < 0 ||
	    json_get_strings(json, "groups", &config->attributes.groups, err) < 0 ||
	    json_get_strings(json, "ulimits", &config->attributes.ulimits, err) < 0 ||
	    json_get_strings(json, "security", &config->attributes.security, err) < 0 ||
	    json_get_bool(json, "privileged", &config->attributes.privileged, err) < 0 ||
	    json_get_strings(json, "sysctls", &config->sysctls, err) < 0 ||
	    json_get_strings(json, "devices", &config->wishes.devices, err) < 0 ||
	    json_get_number(json, "shm_bytes", &config->wishes.shm_bytes, err) < 0 ||
	    sharing_read(json, &config->sharing, err) < 0 ||
	    json_get_bool(json, "init", &config->init, err) < 0 ||
	    json_get_bool(json, "cgroupns_private", &config->cgroupns_private, err) < 0 ||
	    json_get_bool(json, "read_only", &config->read_only, err) < 0 ||
	    json_get_bool(json, "auto_remove", &config->auto_remove, err) < 0 ||
	    json_get_bool(json, "interactive", &config->interactive, err) < 0 ||
	    json_get_bool(json, "terminal", &config->terminal, err) < 0)
		return -1;
	config->attributes.oom_score_adj = (int)json_get_signed(json, "oom_score_adj");
	config->wishes.no_shm = config->sharing.ipc && strcmp(config->sharing.ipc, "none") == 0;
	config->wishes.privileged = config->attributes.privileged;
	config->wishes.unmasked = attributes_unmasked(&config->attributes);
	read_stops(json, config);
	if (healthcheck_read(cJSON_GetObjectItemCaseSensitive(json, "Healthcheck"),
			     &config->healthcheck, err) < 0 ||
	    log_settings_read(cJSON_GetObjectItemCaseSensitive(json, "LogConfig"), &config->log,
			      err) < 0)
		return -1;
	return record_limits_read(cJSON_GetObjectItemCaseSensitive(json, "limits"), &config->limits,
				  err);
}

static enum container_status status_by_word(const char *word)
{
	for (size_t i = 0; i < ARRAY_LENGTH(status_words); i++)
		if (strcmp(status_words[i], word) == 0)
			return (enum container_status)i;
	return CONTAINER_CREATED;
}

static int read_state(const cJSON *json, struct container_state *state, struct error *err)
{
	const char *status = "created";

	if (json_get_string(json, "status", &status, err) < 0 ||
	    json_get_bool(json, "oom_killed", &state->oom_killed, err) < 0 ||
	    json_get_bool(json, "stopped", &state->stopped, err) < 0 ||
	    get_string(json, "error", &state->error, err) < 0 ||
	    get_string(json, "started_at", &state->started_at, err) < 0 ||
	    get_string(json, "finished_at", &state->finished_at, err) < 0 ||
	    json_get_strings(json, "ports", &state->ports, err) < 0 ||
	    get_string(json, "cgroup", &state->cgroup, err) < 0)
		return -1;
	state->status = status_by_word(status);
	state->pid = (pid_t)json_get_signed(json, "pid");
	state->pid_start = (uint64_t)json_get_signed(json, "pid_start");
	state->exit_code = (int)json_get_signed(json, "exit_code");
	state->restart_count = (uint64_t)json_get_signed(json, "restart_count");
	return 0;
}

static cJSON *read_json(const char *dir, const char *name, struct error *err)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_TEXT struct text text = {0};

	if (file_read(AT_FDCWD, path, RECORD_BYTES_MAX, &text, err) < 0)
		return NULL;
	return json_parse(path, text.data, text.length, err);
}

int record_load(const struct engine *engine, const char *id, struct container *container,
		struct error *err)
{
	AUTO_CONTAINER struct container loaded = {0};
	AUTO_JSON cJSON *config = NULL, *state = NULL;

	snprintf(loaded.id, sizeof(loaded.id), "%s", id);
	loaded.dir = memory_format("%s/containers/%s", engine->root, id);
	config = read_json(loaded.dir, "config.json", err);
	state = config ? read_json(loaded.dir, "state.json", err) : NULL;
	/* Not synced while it runs: a power cut may have emptied it. Then it ran, and is repaired. */
	if (config && !state && err->code == EINVAL)
		state = cJSON_Parse("{\"status\":\"running\"}");
	if (!state || read_config(config, &loaded, err) < 0 ||
	    read_state(state, &loaded.state, err) < 0)
		return error_wrap(err, "read the record of container %s", id);
	*container = loaded;
	loaded = (struct container){0};
	return 0;
}

int record_reload_config(const struct engine *engine, struct container *container,
			 struct error *err)
{
	AUTO_CONTAINER struct container now = {0};
	struct container_config stale = container->config;

	if (record_load(engine, container->id, &now, err) < 0)
		return -1;
	container->config = now.config;
	now.config = stale;
	return 0;
}

int record_begin_change(const struct engine *engine, struct container *container, struct error *err)
{
	AUTO_CLOSE int lock = engine_lock(engine, err);

	if (lock < 0)
		return -1;
	if (record_reload_config(engine, container, err) == 0)
		return take_fd(&lock);
	return err->code != ENOENT ? -1
				   : error_set(err, ENOENT, "No such container: %s", container->id);
}

char *record_name(const char *dir)
{
	struct error ignored;
	AUTO_JSON cJSON *config = read_json(dir, "config.json", &ignored);
	const char *name = NULL;

	if (!config || json_get_string(config, "name", &name, &ignored) <= 0)
		return NULL;
	return memory_string(name);
}

/* --- the monitor's lock, and repair -------------------------------------------------------- */

uint64_t record_pid_start(pid_t pid)
{
	AUTO_FREE char *path = memory_format("/proc/%d/stat", pid);
	AUTO_TEXT struct text stat = {0};
	struct error ignored;
	uint64_t start = 0;
	char *at;

	if (pid <= 0 || file_read(AT_FDCWD, path, 4096, &stat, &ignored) < 0)
		return 0;
	/* The command's name, in parentheses, may hold anything: count fields from its end. */
	at = strrchr(stat.data, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, " %" SCNu64, &start) == 1 ? start : 0;
}

int record_lock_monitor(const struct engine *engine, const struct container *container,
			struct error *err)
{
	AUTO_FREE char *dir = path_join(engine->run, container->id);
	AUTO_FREE char *path = path_join(dir, "monitor");
	AUTO_CLOSE int fd = -1;

	if (path_make_dirs(dir, 0700, err) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, "open lock '%s'", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		error_sys(err, "lock '%s'", path);
		if (err->code == EWOULDBLOCK)
			err->code = RECORD_LOCKED;
		return -1;
	}
	return take_fd(&fd);
}

bool record_monitor_lives(const struct engine *engine, const struct container *container)
{
	AUTO_FREE char *path = memory_format("%s/%s/monitor", engine->run, container->id);
	AUTO_CLOSE int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	/* Shared: who only asks must not be taken for a monitor by another who asks. */
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* Reads a record again. */
static int reload(const struct engine *engine, struct container *container, struct error *err)
{
	AUTO_CONTAINER struct container stale = {0};
	struct container now;

	if (record_load(engine, container->id, &now, err) < 0)
		return -1;
	stale = *container;
	*container = now;
	return 0;
}

static bool is_recorded_alive(const struct container *container)
{
	return container->state.status == CONTAINER_RUNNING ||
	       container->state.status == CONTAINER_RESTARTING;
}

/* A monitor listens there from before its first step until after its last. */
static char *socket_of(const struct engine *engine, const char *id)
{
	return memory_format("%s/%s/attach", engine->run, id);
}

static bool has_monitor(const struct engine *engine, const char *id)
{
	AUTO_FREE char *socket = socket_of(engine, id);

	return access(socket, F_OK) == 0;
}

static bool is_cut(const struct engine *engine, const struct container *container)
{
	return is_recorded_alive(container) || has_monitor(engine, container->id);
}

static void note_end(struct container_state *state)
{
	char now[CLOCK_TEXT_SIZE];

	clock_now(now);
	cleanup_memory(&state->finished_at);
	state->finished_at = memory_string(now);
	state->status = CONTAINER_EXITED;
	state->exit_code = 128 + SIGKILL;
	state->pid = 0;
	cleanup_memory(&state->error);
	state->error = memory_string("its monitor was killed, or the machine went down");
}

static int put_right(const struct engine *engine, struct container *container, struct error *err)
{
	if (launch_give_back(engine, container, err) < 0)
		return error_wrap(err, "repair container %s", container->id);
	if (container->config.auto_remove) {
		if (container_remove(engine, container, err) < 0)
			return -1;
		return error_set(err, ENOENT, "No such container: %s", container->id);
	}
	if (!is_recorded_alive(container))
		return 0;
	note_end(&container->state);
	return record_save_state(container, container->dir, true, err);
}

/* With its lock held. One that was killed while it started leaves the record as it was before. */
static int repair_locked(const struct engine *engine, struct container *container,
			 struct error *err)
{
	AUTO_FREE char *socket = socket_of(engine, container->id);

	/* The kernel's counter goes with the cgroup. */
	container_observe(engine, container);
	if (put_right(engine, container, err) == 0) {
		unlink(socket);
		return 0;
	}
	/* A disk that is full, or read-only by now, must not keep anybody from looking. The socket stays:
	 * whoever comes next tries again. */
	if (err->code != ENOSPC && err->code != EDQUOT && err->code != EROFS)
		return -1;
	if (is_recorded_alive(container))
		note_end(&container->state);
	return 0;
}

int record_repair(const struct engine *engine, struct container *container, struct error *err)
{
	AUTO_CLOSE int lock = -1;

	if (!is_cut(engine, container) || record_monitor_lives(engine, container))
		return 0;
	lock = record_lock_monitor(engine, container, err);
	if (lock < 0) /* Another command repairs it at this moment. */
		return err->code == RECORD_LOCKED ? 0 : -1;
	/* Its monitor may have recorded the end, and ended, since it was read. */
	if (reload(engine, container, err) < 0) {
		struct error ignored;

		/* Removed even: the directory of our lock goes too. */
		if (err->code == ENOENT)
			container_remove(engine, container, &ignored);
		return -1;
	}
	return is_cut(engine, container) ? repair_locked(engine, container, err) : 0;
}
