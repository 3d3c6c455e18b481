/* Restart policies, and the times that --since takes. */
#include <time.h>

#include "clock.h"
#include "restart.h"
#include "tap.h"

static void test_policies(void)
{
	const struct restart_policy no = {0}, always = {.kind = RESTART_ALWAYS},
				    twice = {RESTART_ON_FAILURE, 2};
	struct restart_history history = {0}, failures = {0};

	ok(!restart_decide(&no, 1, 0, &history), "no policy, no restart");
	ok(restart_decide(&always, 0, 5, &history) && history.delay_ms == 100, "first 100 ms");
	ok(restart_decide(&always, 0, 5, &history) && history.delay_ms == 200, "then twice that");
	for (int i = 0; i < 20; i++)
		restart_decide(&always, 0, 5, &history);
	is_number(history.delay_ms, 60000, "at most a minute");
	ok(restart_decide(&always, 0, 10000, &history) && history.delay_ms == 100,
	   "after ten seconds from the beginning");
	ok(!restart_decide(&twice, 0, 5, &failures), "success is no failure");
	ok(restart_decide(&twice, 1, 5, &failures) && restart_decide(&twice, 1, 5, &failures),
	   "two failures");
	ok(!restart_decide(&twice, 1, 5, &failures), "and no third");
	is_number((long long)failures.count, 2, "which are counted");
}

static void test_times(void)
{
	static const struct {
		const char *text;
		int64_t nanoseconds;
	} times[] = {
		{"1970-01-01T00:00:01Z", 1000000000},
		{"1970-01-01T00:00:01.5Z", 1500000000},
		{"1970-01-01T01:00:01+01:00", 1000000000},
		{"1970-01-02", 86400000000000},
		{"1970-01-01T00:01", 60000000000},
		{"12", 12000000000},
		{"12.25", 12250000000},
		{"9999-01-01", INT64_MAX},
		{"0001-01-01T00:00:00Z", INT64_MIN},
		{"99999999999.5", INT64_MAX},
	};
	static const char *const bad[] = {"",	 "x", "1970-01-01T00:00:01X", "5 minutes", "5y",
					  "1h2", "-5"};
	struct error err;
	int64_t got = 0;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		is_number(clock_read(times[i].text, &got, &err), 0, times[i].text);
		is_number(got, times[i].nanoseconds, times[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_number(clock_read(bad[i], &got, &err), -1, bad[i]);
	clock_read("1h30m", &got, &err);
	ok(time(NULL) - got / 1000000000 - 5400 <= 1, "an hour and a half ago");
}

int main(void)
{
	test_policies();
	test_times();
	return tap_done();
}
