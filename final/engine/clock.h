/* Times as Docker writes them: RFC 3339, UTC, nanoseconds with trailing zeros cut. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

#include "error.h"

#define CLOCK_TEXT_SIZE 40

/* Writes the current time into `text`. */
void clock_now(char text[CLOCK_TEXT_SIZE]);

/* Seconds since 1970 of such a text; 0 if it is none. */
int64_t clock_seconds(const char *text);

/* Nanoseconds since 1970 of such a text; 0 if it is none. */
int64_t clock_nanoseconds(const char *text);

/* Reads a time as --since takes it: RFC 3339 in part or whole (UTC without a zone), seconds since
 * 1970, or how long ago, as "1h30m". -1 with EINVAL. */
int clock_read(const char *text, int64_t *nanoseconds, struct error *err);

/* Reads how long something takes, as Go writes it: "1h30m", "500ms", "0"; not negative.
 * -1 with EINVAL, in Docker's words. */
int clock_read_duration(const char *text, int64_t *nanoseconds, struct error *err);

/* Writes one as Go does: "1m30s", "1.5s", "500ms". */
void clock_duration(int64_t nanoseconds, char text[CLOCK_TEXT_SIZE]);

#endif
