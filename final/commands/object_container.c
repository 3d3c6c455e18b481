/* A container in the shape of `docker inspect`; see object.h. */
#include "object.h"

#include <string.h>
#include <sys/capability.h>

#include "cgroup_settings.h"
#include "health.h"
#include "json.h"
#include "path.h"
#include "privileges.h"

#define ZERO_TIME "0001-01-01T00:00:00Z"

static void add_string(cJSON *object, const char *name, const char *value)
{
	cJSON_AddStringToObject(object, name, value ? value : "");
}

static void add_time(cJSON *object, const char *name, const char *time)
{
	cJSON_AddStringToObject(object, name, time ? time : ZERO_TIME);
}

static void add_bool(cJSON *object, const char *name, bool value)
{
	cJSON_AddBoolToObject(object, name, value);
}

/* The path of a file in the container's directory. */
static void add_path(cJSON *object, const char *name, const struct container *container,
		     const char *file)
{
	AUTO_FREE char *path = path_join(container->dir, file);

	add_string(object, name, path);
}

static void add_state(cJSON *object, const struct container *container)
{
	const struct container_state *state = &container->state;
	cJSON *to = cJSON_AddObjectToObject(object, "State");
	cJSON *health = health_load(container);
	bool running = state->status == CONTAINER_RUNNING;
	bool restarting = state->status == CONTAINER_RESTARTING;

	add_string(to, "Status", container_status_word(container));
	add_bool(to, "Running", running || restarting);
	add_bool(to, "Paused", running && state->paused);
	add_bool(to, "Restarting", restarting);
	add_bool(to, "OOMKilled", state->oom_killed);
	add_bool(to, "Dead", false);
	json_add_number(to, "Pid", running ? state->pid : 0);
	json_add_number(to, "ExitCode", state->exit_code);
	add_string(to, "Error", state->error);
	add_time(to, "StartedAt", state->started_at);
	add_time(to, "FinishedAt", state->finished_at);
	if (health)
		cJSON_AddItemToObject(to, "Health", health);
}

/* The names of the bits as an array, or null for none. */
static void add_capabilities(cJSON *object, const char *name, uint64_t bits)
{
	AUTO_STRINGS struct strings names = {0};

	for (int number = 0; number < 64; number++) {
		char *word = bits & (UINT64_C(1) << number) ? cap_to_name(number) : NULL;

		for (char *at = word; at && *at; at++)
			if (*at >= 'a' && *at <= 'z')
				*at = (char)(*at - 'a' + 'A');
		if (word)
			strings_add(&names, word);
		cap_free(word);
	}
	if (names.count)
		json_add_strings(object, name, &names);
	else
		cJSON_AddNullToObject(object, name);
}

/* What was added to Docker's default set, and dropped from it. */
static void add_privileges(cJSON *to, uint64_t capabilities)
{
	const struct strings none = {0};
	uint64_t usual = 0;
	struct error ignored;

	privileges_capabilities(&none, &none, &usual, &ignored);
	add_capabilities(to, "CapAdd", capabilities & ~usual);
	add_capabilities(to, "CapDrop", usual & ~capabilities);
	add_bool(to, "Privileged", false);
}

static void add_rates(cJSON *to, const char *name, enum cgroup_rate_kind kind,
		      const struct cgroup_rates *rates)
{
	cJSON *list = cJSON_AddArrayToObject(to, name);

	for (size_t i = 0; i < rates->count; i++)
		if (rates->items[i].kind == kind) {
			cJSON *rate = cJSON_CreateObject();

			add_string(rate, "Path", rates->items[i].device);
			json_add_number(rate, "Rate", (int64_t)rates->items[i].per_second);
			cJSON_AddItemToArray(list, rate);
		}
}

static void add_limits(cJSON *to, const struct cgroup_limits *limits)
{
	json_add_number(to, "CpuShares", (int64_t)limits->cpu_shares);
	json_add_number(to, "Memory", (int64_t)limits->memory_bytes);
	json_add_number(to, "NanoCpus", (int64_t)limits->nano_cpus);
	json_add_number(to, "CpuPeriod", (int64_t)limits->cpu_period_us);
	json_add_number(to, "CpuQuota", limits->cpu_quota_us);
	add_string(to, "CpusetCpus", limits->cpuset_cpus);
	add_string(to, "CpusetMems", limits->cpuset_mems);
	json_add_number(to, "MemoryReservation", (int64_t)limits->memory_reservation_bytes);
	json_add_number(to, "MemorySwap", cgroup_memory_and_swap(limits));
	if (limits->has_swappiness)
		json_add_number(to, "MemorySwappiness", (int64_t)limits->memory_swappiness);
	else
		cJSON_AddNullToObject(to, "MemorySwappiness");
	add_bool(to, "OomKillDisable", limits->oom_kill_disable);
	json_add_number(to, "BlkioWeight", (int64_t)limits->blkio_weight);
	add_rates(to, "BlkioDeviceReadBps", CGROUP_READ_BPS, &limits->rates);
	add_rates(to, "BlkioDeviceWriteBps", CGROUP_WRITE_BPS, &limits->rates);
	add_rates(to, "BlkioDeviceReadIOps", CGROUP_READ_IOPS, &limits->rates);
	add_rates(to, "BlkioDeviceWriteIOps", CGROUP_WRITE_IOPS, &limits->rates);
	if (limits->pids)
		json_add_number(to, "PidsLimit", limits->pids);
	else
		cJSON_AddNullToObject(to, "PidsLimit");
}

static void add_restart_policy(cJSON *host_config, const struct restart_policy *policy)
{
	static const char *const names[] = {"no", "on-failure", "always", "unless-stopped"};
	cJSON *to = cJSON_AddObjectToObject(host_config, "RestartPolicy");

	add_string(to, "Name", names[policy->kind]);
	json_add_number(to, "MaximumRetryCount", (int64_t)policy->most);
}

static void add_host_config(cJSON *object, const struct container_config *config)
{
	cJSON *to = cJSON_AddObjectToObject(object, "HostConfig");

	object_add_volume_wishes(to, config);
	log_settings_add(to, &config->log);
	add_string(to, "NetworkMode", config->network);
	object_add_ports(to, "PortBindings", NULL, &config->connection.ports);
	add_string(to, "CgroupnsMode", config->cgroupns_private ? "private" : "host");
	object_add_sharing(to, &config->sharing);
	add_string(to, "CgroupParent", config->limits.parent);
	add_restart_policy(to, &config->restart);
	add_bool(to, "AutoRemove", config->auto_remove);
	add_privileges(to, config->capabilities);
	add_bool(to, "ReadonlyRootfs", config->read_only);
	object_add_attributes(to, config);
	add_bool(to, "Init", config->init);
	add_limits(to, &config->limits);
}

static void add_graph_driver(cJSON *object, const struct engine *engine,
			     const struct container *container)
{
	cJSON *to = cJSON_AddObjectToObject(object, "GraphDriver");
	cJSON *data = cJSON_AddObjectToObject(to, "Data");
	AUTO_IMAGE struct image image = {0};
	AUTO_TEXT struct text lower = {0};
	struct error gone;

	/* top first, as mount(8) wants it; the image may have been removed */
	if (store_find(engine->root, container->config.image_id, &image, &gone) == 0)
		for (size_t i = image.layers.count; i-- > 0;)
			text_add_format(&lower, "%s%s", image.layers.items[i], i ? ":" : "");
	add_string(data, "LowerDir", text_string(&lower));
	add_path(data, "MergedDir", container, "rootfs");
	add_path(data, "UpperDir", container, "upper");
	add_path(data, "WorkDir", container, "work");
	add_string(to, "Name", "overlay2");
}

/* Words as an array, or null for none. */
static void add_words(cJSON *to, const char *name, char **words, size_t count)
{
	const struct strings list = {words, count};

	if (count)
		json_add_strings(to, name, &list);
	else
		cJSON_AddNullToObject(to, name);
}

static void add_config(cJSON *object, const struct container_config *config)
{
	cJSON *to = cJSON_AddObjectToObject(object, "Config");
	size_t most = config->argv.count;
	size_t first = config->entrypoint_count < most ? config->entrypoint_count : most;

	add_string(to, "Hostname", config->hostname);
	add_string(to, "Domainname", "");
	add_string(to, "User", config->user);
	healthcheck_add(to, &config->healthcheck);
	add_bool(to, "Tty", config->terminal);
	add_bool(to, "OpenStdin", config->interactive);
	json_add_strings(to, "Env", &config->env);
	add_words(to, "Cmd", config->argv.items + first, config->argv.count - first);
	add_string(to, "Image", config->image);
	add_string(to, "WorkingDir", config->cwd);
	add_words(to, "Entrypoint", config->argv.items, first);
	object_add_labels(cJSON_AddObjectToObject(to, "Labels"), &config->labels);
	if (config->stop_signal)
		add_string(to, "StopSignal", config->stop_signal);
}

cJSON *object_of_container(const struct engine *engine, const struct container *container)
{
	const struct container_config *config = &container->config;
	AUTO_FREE char *slashed = memory_format("/%s", config->name);
	/* a view of all arguments but the command itself */
	const struct strings args = {config->argv.items + 1, config->argv.count - 1};
	cJSON *object = cJSON_CreateObject();

	add_string(object, "Id", container->id);
	add_time(object, "Created", container->state.created_at);
	add_string(object, "Path", config->argv.items[0]);
	json_add_strings(object, "Args", &args);
	add_state(object, container);
	add_string(object, "Image", config->image_id);
	add_path(object, "ResolvConfPath", container, "resolv.conf");
	add_path(object, "HostnamePath", container, "hostname");
	add_path(object, "HostsPath", container, "hosts");
	if (log_settings_keep_nothing(&config->log))
		add_string(object, "LogPath", "");
	else
		add_path(object, "LogPath", container, "log.json");
	add_string(object, "Name", slashed);
	json_add_number(object, "RestartCount", (int64_t)container->state.restart_count);
	add_string(object, "Driver", "overlay2");
	add_string(object, "Platform", "linux");
	add_host_config(object, config);
	add_graph_driver(object, engine, container);
	object_add_mounts(object, engine, config);
	add_config(object, config);
	object_add_network_settings(object, engine, container);
	return object;
}
