/* Times as text; see clock.h. */
#include "clock.h"

#include <stdio.h>
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
