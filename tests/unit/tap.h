/*
 * Unit tests in the Test Anything Protocol.
 *
 *	int main(void)
 *	{
 *		ok(1 + 1 == 2, "one and one is two");
 *		is(text, "abc", "the text is abc");
 *		return tap_done();
 *	}
 *
 * A failure prints where it is, and what was expected; tap_done is then 1.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

static inline bool tap_report(bool passed, const char *name, const char *file, int line)
{
	printf("%sok %d - %s\n", passed ? "" : "not ", ++tap_count, name);
	if (!passed) {
		tap_failed++;
		printf("# at %s:%d\n", file, line);
	}
	return passed;
}

static inline void tap_is(const char *got, const char *want, const char *name, const char *file,
			  int line)
{
	bool same = got && want ? strcmp(got, want) == 0 : got == want;

	if (!tap_report(same, name, file, line))
		printf("# got:      %s\n# expected: %s\n", got ? got : "NULL",
		       want ? want : "NULL");
}

static inline void tap_number(long long got, long long want, const char *name, const char *file,
			      int line)
{
	if (!tap_report(got == want, name, file, line))
		printf("# got:      %lld\n# expected: %lld\n", got, want);
}

#define ok(condition, name) tap_report(condition, name, __FILE__, __LINE__)
#define is(got, want, name) tap_is(got, want, name, __FILE__, __LINE__)
#define is_number(got, want, name) tap_number(got, want, name, __FILE__, __LINE__)

static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
