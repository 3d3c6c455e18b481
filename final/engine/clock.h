/* Times as Docker writes them: RFC 3339, UTC, nanoseconds with trailing zeros cut. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_SIZE 40

/* Writes the current time into `text`. */
void clock_now(char text[CLOCK_TEXT_SIZE]);

/* Seconds since 1970 of such a text; 0 if it is none. */
int64_t clock_seconds(const char *text);

#endif
