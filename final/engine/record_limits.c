/* The limits of a container in its record; see record_limits.h. */
#include "record_limits.h"

#include <errno.h>
#include <string.h>

static const char *const rate_words[CGROUP_RATE_KINDS] = {"read_bps", "write_bps", "read_iops",
							  "write_iops"};

/* --- writing ------------------------------------------------------------------------------- */

static void add_rates(cJSON *to, const struct cgroup_rates *rates)
{
	cJSON *list = cJSON_AddArrayToObject(to, "rates");

	for (size_t i = 0; i < rates->count; i++) {
		cJSON *rate = cJSON_CreateObject();

		cJSON_AddStringToObject(rate, "kind", rate_words[rates->items[i].kind]);
		cJSON_AddStringToObject(rate, "device", rates->items[i].device);
		json_add_number(rate, "per_second", (int64_t)rates->items[i].per_second);
		cJSON_AddItemToArray(list, rate);
	}
}

static void add_devices(cJSON *to, const struct device_rules *devices)
{
	AUTO_STRINGS struct strings lines = {0};

	for (size_t i = 0; i < devices->count; i++) {
		char line[64];

		device_rule_format(&devices->items[i], line, sizeof(line));
		strings_add(&lines, line);
	}
	json_add_strings(to, "devices", &lines);
}

void record_limits_add(cJSON *json, const struct cgroup_limits *limits)
{
	cJSON *to = cJSON_AddObjectToObject(json, "limits");

	json_add_number(to, "memory_bytes", (int64_t)limits->memory_bytes);
	json_add_number(to, "memory_swap_bytes", limits->memory_swap_bytes);
	json_add_number(to, "memory_reservation_bytes", (int64_t)limits->memory_reservation_bytes);
	if (limits->has_swappiness)
		json_add_number(to, "memory_swappiness", (int64_t)limits->memory_swappiness);
	cJSON_AddBoolToObject(to, "oom_kill_disable", limits->oom_kill_disable);
	json_add_number(to, "nano_cpus", (int64_t)limits->nano_cpus);
	json_add_number(to, "cpu_quota_us", limits->cpu_quota_us);
	json_add_number(to, "cpu_period_us", (int64_t)limits->cpu_period_us);
	json_add_number(to, "cpu_shares", (int64_t)limits->cpu_shares);
	json_add_number(to, "pids", limits->pids);
	json_add_number(to, "blkio_weight", (int64_t)limits->blkio_weight);
	if (limits->cpuset_cpus)
		cJSON_AddStringToObject(to, "cpuset_cpus", limits->cpuset_cpus);
	if (limits->cpuset_mems)
		cJSON_AddStringToObject(to, "cpuset_mems", limits->cpuset_mems);
	if (limits->parent)
		cJSON_AddStringToObject(to, "parent", limits->parent);
	add_rates(to, &limits->rates);
	add_devices(to, &limits->devices);
}

/* --- reading ------------------------------------------------------------------------------- */

static int read_string(const cJSON *json, const char *name, char **value, struct error *err)
{
	const char *found = NULL;

	if (json_get_string(json, name, &found, err) < 0)
		return -1;
	*value = found ? memory_string(found) : NULL;
	return 0;
}

static int read_rate(const cJSON *json, struct cgroup_rates *rates, struct error *err)
{
	const char *kind = "", *device = NULL;

	if (json_get_string(json, "kind", &kind, err) < 0 ||
	    json_get_string(json, "device", &device, err) < 0)
		return -1;
	for (int i = 0; i < CGROUP_RATE_KINDS; i++)
		if (device && strcmp(kind, rate_words[i]) == 0) {
			cgroup_rates_add(rates, (enum cgroup_rate_kind)i, device,
					 (uint64_t)json_get_signed(json, "per_second"));
			return 0;
		}
	return error_set(err, EINVAL, "read a container's limits: bad rate of a device");
}

static int read_lists(const cJSON *json, struct cgroup_limits *limits, struct error *err)
{
	AUTO_STRINGS struct strings lines = {0};
	const cJSON *rates = NULL, *rate;

	if (json_get_array(json, "rates", &rates, err) < 0 ||
	    json_get_strings(json, "devices", &lines, err) < 0)
		return -1;
	cJSON_ArrayForEach(rate, rates)
		if (read_rate(rate, &limits->rates, err) < 0)
			return -1;
	for (size_t i = 0; i < lines.count; i++)
		if (device_rules_parse(&limits->devices, lines.items[i], err) < 0)
			return -1;
	return 0;
}

int record_limits_read(const cJSON *json, struct cgroup_limits *limits, struct error *err)
{
	limits->memory_bytes = (uint64_t)json_get_signed(json, "memory_bytes");
	limits->memory_swap_bytes = json_get_signed(json, "memory_swap_bytes");
	limits->memory_reservation_bytes =
		(uint64_t)json_get_signed(json, "memory_reservation_bytes");
	limits->has_swappiness = cJSON_GetObjectItemCaseSensitive(json, "memory_swappiness");
	limits->memory_swappiness = (uint64_t)json_get_signed(json, "memory_swappiness");
	limits->nano_cpus = (uint64_t)json_get_signed(json, "nano_cpus");
	limits->cpu_quota_us = json_get_signed(json, "cpu_quota_us");
	limits->cpu_period_us = (uint64_t)json_get_signed(json, "cpu_period_us");
	limits->cpu_shares = (uint64_t)json_get_signed(json, "cpu_shares");
	limits->pids = json_get_signed(json, "pids");
	limits->blkio_weight = (uint64_t)json_get_signed(json, "blkio_weight");
	if (json_get_bool(json, "oom_kill_disable", &limits->oom_kill_disable, err) < 0 ||
	    read_string(json, "cpuset_cpus", &limits->cpuset_cpus, err) < 0 ||
	    read_string(json, "cpuset_mems", &limits->cpuset_mems, err) < 0 ||
	    read_string(json, "parent", &limits->parent, err) < 0)
		return -1;
	return read_lists(json, limits, err);
}
