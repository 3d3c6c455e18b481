/* Healthchecks as image configs write them; see healthcheck.h. */
#include "healthcheck.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	size_t offset;
} times[] = {
	{"Interval", offsetof(struct healthcheck, interval_ns)},
	{"Timeout", offsetof(struct healthcheck, timeout_ns)},
	{"StartPeriod", offsetof(struct healthcheck, start_period_ns)},
	{"StartInterval", offsetof(struct healthcheck, start_interval_ns)},
};

static int64_t *time_of(struct healthcheck *check, size_t i)
{
	return (int64_t *)((char *)check + times[i].offset);
}

int healthcheck_read(const cJSON *object, struct healthcheck *check, struct error *err)
{
	for (size_t i = 0; object && i < ARRAY_LENGTH(times); i++)
		if (json_get_number(object, times[i].name, (uint64_t *)time_of(check, i), err) < 0)
			return -1;
	if (object && (json_get_number(object, "Retries", &check->retries, err) < 0 ||
		       json_get_strings(object, "Test", &check->test, err) < 0))
		return -1;
	return 0;
}

void healthcheck_add(cJSON *object, const struct healthcheck *check)
{
	struct healthcheck view = *check;
	cJSON *to = cJSON_CreateObject();

	if (check->test.count)
		json_add_strings(to, "Test", &check->test);
	for (size_t i = 0; i < ARRAY_LENGTH(times); i++)
		if (*time_of(&view, i))
			json_add_number(to, times[i].name, *time_of(&view, i));
	if (check->retries)
		json_add_number(to, "Retries", (int64_t)check->retries);
	if (to->child)
		cJSON_AddItemToObject(object, "Healthcheck", to);
	else
		cJSON_Delete(to);
}

void healthcheck_complete(struct healthcheck *check, const struct healthcheck *image)
{
	struct healthcheck from = *image;

	for (size_t i = 0; i < ARRAY_LENGTH(times); i++)
		if (!*time_of(check, i))
			*time_of(check, i) = *time_of(&from, i);
	if (!check->retries)
		check->retries = image->retries;
	if (!check->test.count)
		strings_add_all(&check->test, &image->test);
}

int healthcheck_check(const struct healthcheck *check, struct error *err)
{
	struct healthcheck view = *check;

	for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
		int64_t time_ns = *time_of(&view, i);

		if (time_ns && time_ns < 1000000)
			return error_set(err, EINVAL, "%s in Healthcheck cannot be less than 1ms",
					 times[i].name);
		if (time_ns > INT64_C(1) << 53)
			return error_set(err, EINVAL, "%s in Healthcheck cannot be more than 2501h",
					 times[i].name);
	}
	return 0;
}

bool healthcheck_is_wanted(const struct healthcheck *check)
{
	return check->test.count > 1 && strcmp(check->test.items[0], "NONE") != 0;
}

void healthcheck_release(struct healthcheck *check)
{
	strings_release(&check->test);
	*check = (struct healthcheck){0};
}
