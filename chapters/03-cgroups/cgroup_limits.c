/* What a container may use; see cgroup_limits.h. */
#include "cgroup_limits.h"

static char *copy_string(const char *from)
{
	return from && *from ? memory_string(from) : NULL;
}

void cgroup_rates_add(struct cgroup_rates *rates, enum cgroup_rate_kind kind, const char *device,
		      uint64_t per_second)
{
	rates->items = memory_resized(rates->items, rates->count + 1, sizeof(*rates->items));
	rates->items[rates->count++] = (struct cgroup_rate){.kind = kind,
							    .device = memory_string(device),
							    .per_second = per_second};
}

void cgroup_limits_copy(struct cgroup_limits *to, const struct cgroup_limits *from)
{
	cgroup_limits_release(to);
	*to = *from;
	to->cpuset_cpus = copy_string(from->cpuset_cpus);
	to->cpuset_mems = copy_string(from->cpuset_mems);
	to->parent = copy_string(from->parent);
	to->rates = (struct cgroup_rates){0};
	for (size_t i = 0; i < from->rates.count; i++)
		cgroup_rates_add(&to->rates, from->rates.items[i].kind, from->rates.items[i].device,
				 from->rates.items[i].per_second);
	to->devices = (struct device_rules){0};
	for (size_t i = 0; i < from->devices.count; i++)
		device_rules_add(&to->devices, from->devices.items[i]);
}

struct cgroup_quota cgroup_limits_quota(const struct cgroup_limits *limits)
{
	if (limits->nano_cpus)
		return (struct cgroup_quota){
			(int64_t)(limits->nano_cpus / (1000000000 / CGROUP_PERIOD_US)),
			CGROUP_PERIOD_US, "--cpus"};
	return (struct cgroup_quota){limits->cpu_quota_us, limits->cpu_period_us,
				     limits->cpu_quota_us ? "--cpu-quota" : "--cpu-period"};
}

int64_t cgroup_memory_and_swap(const struct cgroup_limits *limits)
{
	if (!limits->memory_bytes || limits->memory_swap_bytes)
		return limits->memory_swap_bytes;
	return limits->memory_bytes > INT64_MAX / 2 ? -1 : (int64_t)limits->memory_bytes * 2;
}

void cgroup_limits_release(struct cgroup_limits *limits)
{
	cleanup_memory(&limits->cpuset_cpus);
	cleanup_memory(&limits->cpuset_mems);
	cleanup_memory(&limits->parent);
	for (size_t i = 0; i < limits->rates.count; i++)
		cleanup_memory(&limits->rates.items[i].device);
	cleanup_memory(&limits->rates.items);
	device_rules_release(&limits->devices);
	*limits = (struct cgroup_limits){0};
}
