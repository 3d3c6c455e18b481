/* Times as text; see clock.h. */
#include "clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void clock_now(char text[CLOCK_TEXT_SIZE])
{
	struct timespec now;
	struct tm utc;
	size_t used;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	used = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	used += (size_t)snprintf(text + used, CLOCK_TEXT_SIZE - used, ".%09ld", now.tv_nsec);
	while (text[used - 1] == '0')
		used--;
	if (text[used - 1] == '.')
		used--;
	snprintf(text + used, CLOCK_TEXT_SIZE - used, "Z");
}

int64_t clock_seconds(const char *text)
{
	struct tm utc = {0};

	if (!text || !strptime(text, "%Y-%m-%dT%H:%M:%S", &utc))
		return 0;
	return timegm(&utc);
}

#define SECOND INT64_C(1000000000)

/* What is out of reach, before 1677 or after 2262, is the nearest time that is not. */
static int64_t from_seconds(int64_t seconds, int64_t nanoseconds)
{
	int64_t sum;

	if (__builtin_mul_overflow(seconds, SECOND, &sum) ||
	    __builtin_add_overflow(sum, nanoseconds, &sum))
		return seconds < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

/* ".5" and the like; *end is behind it. */
static int64_t fraction(const char *text, const char **end)
{
	int64_t value = 0, unit = SECOND;

	*end = text;
	if (*text != '.')
		return 0;
	for (text++; *text >= '0' && *text <= '9'; text++) {
		unit /= 10;
		value += unit * (*text - '0');
	}
	*end = text;
	return value;
}

int64_t clock_nanoseconds(const char *text)
{
	int64_t seconds = clock_seconds(text);
	const char *dot = seconds ? strchr(text, '.') : NULL, *end;

	return from_seconds(seconds, dot ? fraction(dot, &end) : 0);
}

/* "1h30m", "90s", "1.5h", "200ms". */
static bool read_span(const char *text, int64_t *nanoseconds)
{
	static const struct {
		const char *name;
		double nanoseconds;
	} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
	double sum = 0;

	while (*text >= '0' && *text <= '9') {
		char *unit;
		double value = strtod(text, &unit);
		size_t length = strcspn(unit, "0123456789."), i = 0;

		while (i < 6 && (strlen(units[i].name) != length ||
				 strncmp(units[i].name, unit, length) != 0))
			i++;
		if (i == 6)
			return false;
		sum += value * units[i].nanoseconds;
		text = unit + length;
	}
	*nanoseconds = (int64_t)sum;
	return !*text && sum < 9e18;
}

/* The zone at the end: "Z", "+01:00" or none. Returns seconds east of Greenwich; *good tells. */
static int zone(const char *text, bool *good)
{
	int hours = 0, minutes = 0, used = 0;

	*good = !*text || strcmp(text, "Z") == 0;
	if (*good)
		return 0;
	*good = (*text == '+' || *text == '-') &&
		sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) == 2 && !text[1 + used];
	return (*text == '-' ? -60 : 60) * (60 * hours + minutes);
}

static bool read_date(const char *text, int64_t *nanoseconds)
{
	static const char *const shapes[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H",
					     "%Y-%m-%d"};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct tm utc = {0};
		const char *rest = strptime(text, shapes[i], &utc);
		int64_t part = rest ? fraction(rest, &rest) : 0;
		bool good = false;
		int east = rest ? zone(rest, &good) : 0;

		if (good) {
			*nanoseconds = from_seconds(timegm(&utc) - east, part);
			return true;
		}
	}
	return false;
}

int clock_read(const char *text, int64_t *nanoseconds, struct error *err)
{
	const char *end = text + strspn(text, "0123456789");
	struct timespec now;
	int64_t span;

	if (read_date(text, nanoseconds))
		return 0;
	if (end > text && end - text < 12 && (!*end || *end == '.')) {
		*nanoseconds = from_seconds(strtoll(text, NULL, 10), fraction(end, &end));
		if (!*end)
			return 0;
	}
	if (!*text || !read_span(text, &span))
		return error_set(err, EINVAL, "it is no time: '%s'", text);
	clock_gettime(CLOCK_REALTIME, &now);
	*nanoseconds = from_seconds(now.tv_sec, now.tv_nsec) - span;
	return 0;
}

int clock_read_duration(const char *text, int64_t *nanoseconds, struct error *err)
{
	if (strcmp(text, "0") == 0 || (*text && read_span(text, nanoseconds)))
		return 0;
	if (*text == '-')
		return error_set(err, EINVAL, "it cannot be negative");
	return error_set(err, EINVAL, "time: %s duration \"%s\"",
			 *text && strspn(text, "0123456789.") == strlen(text) ? "missing unit in"
									      : "invalid",
			 text);
}

void clock_duration(int64_t nanoseconds, char text[CLOCK_TEXT_SIZE])
{
	int64_t minutes = nanoseconds / (60 * SECOND);
	char hours[24] = "", whole[24] = "";

	if (nanoseconds && nanoseconds < SECOND) {
		bool milli = nanoseconds >= 1000000, micro = nanoseconds >= 1000;

		snprintf(text, CLOCK_TEXT_SIZE, "%.10g%s",
			 (double)nanoseconds / (milli	? 1e6
						: micro ? 1e3
							: 1),
			 milli	 ? "ms"
			 : micro ? "\u00b5s"
				 : "ns");
		return;
	}
	if (minutes >= 60)
		snprintf(hours, sizeof(hours), "%lldh", (long long)(minutes / 60));
	if (minutes)
		snprintf(whole, sizeof(whole), "%lldm", (long long)(minutes % 60));
	snprintf(text, CLOCK_TEXT_SIZE, "%s%s%.10gs", hours, whole,
		 (double)(nanoseconds - minutes * 60 * SECOND) / 1e9);
}
