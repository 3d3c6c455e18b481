/* Times, sizes and commands for people; see human.h. */
#include "human.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "table.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static void count(int64_t number, const char *unit, char text[HUMAN_SIZE])
{
	snprintf(text, HUMAN_SIZE, "%" PRId64 " %s", number, unit);
}

void human_duration(int64_t seconds, char text[HUMAN_SIZE])
{
	/* hours are rounded, all else is cut */
	int64_t hours = (seconds + HOUR / 2) / HOUR;

	if (seconds < 1)
		snprintf(text, HUMAN_SIZE, "Less than a second");
	else if (seconds == 1)
		snprintf(text, HUMAN_SIZE, "1 second");
	else if (seconds < MINUTE)
		count(seconds, "seconds", text);
	else if (seconds < 2 * MINUTE)
		snprintf(text, HUMAN_SIZE, "About a minute");
	else if (seconds < HOUR)
		count(seconds / MINUTE, "minutes", text);
	else if (hours == 1)
		snprintf(text, HUMAN_SIZE, "About an hour");
	else if (hours < 48)
		count(hours, "hours", text);
	else if (hours < 24 * 7 * 2)
		count(hours / 24, "days", text);
	else if (hours < 24 * 30 * 2)
		count(hours / 24 / 7, "weeks", text);
	else if (hours < 24 * 365 * 2)
		count(hours / 24 / 30, "months", text);
	else
		count(seconds / DAY / 365, "years", text);
}

void human_ago(const char *time_text, char text[HUMAN_SIZE])
{
	int64_t then = time_text ? clock_seconds(time_text) : 0;

	if (then == 0) {
		snprintf(text, HUMAN_SIZE, "N/A");
		return;
	}
	human_duration((int64_t)time(NULL) - then, text);
	strncat(text, " ago", HUMAN_SIZE - strlen(text) - 1);
}

/* Divides by `base` until it is less, at most six times; returns how often. */
static size_t scale(double *value, double base)
{
	size_t unit = 0;

	for (; *value >= base && unit < 6; unit++)
		*value /= base;
	return unit;
}

static void decimal_bytes(uint64_t bytes, int digits, char text[HUMAN_SIZE])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)bytes;
	size_t unit = scale(&value, 1000);

	snprintf(text, HUMAN_SIZE, "%.*g%s", digits, value, units[unit]);
}

void human_bytes(uint64_t bytes, char text[HUMAN_SIZE])
{
	decimal_bytes(bytes, 3, text);
}

void human_total_bytes(uint64_t bytes, char text[HUMAN_SIZE])
{
	decimal_bytes(bytes, 4, text);
}

void human_binary_bytes(uint64_t bytes, char text[HUMAN_SIZE])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = scale(&value, 1024);

	snprintf(text, HUMAN_SIZE, "%.4g%s", value, units[unit]);
}

/* The words, with those that hold a space in single quotes. */
static void join(const struct strings *argv, struct text *text)
{
	for (size_t i = 0; i < argv->count; i++) {
		const char *quote = i && strchr(argv->items[i], ' ') ? "'" : "";

		text_add_format(text, "%s%s%s%s", i ? " " : "", quote, argv->items[i], quote);
	}
}

/* Cuts a text to `most` characters, the last of which is then an ellipsis. */
static void shorten(struct text *text, size_t most)
{
	const char *whole = text_string(text);
	size_t keep = 0, characters = 0;

	if (!most || table_width(whole) <= most)
		return;
	for (; characters + 1 < most; characters++)
		do
			keep++;
		while (((unsigned char)whole[keep] & 0xc0) == 0x80);
	text->length = keep;
	text_add_string(text, "…");
}

static void add_escaped(char c, struct text *text)
{
	static const char from[] = "\a\b\f\n\r\t\v\"\\", to[] = "abfnrtv\"\\";
	const char *found = strchr(from, c);

	if (found)
		text_add_format(text, "\\%c", to[found - from]);
	else if (iscntrl((unsigned char)c))
		text_add_format(text, "\\x%02x", (unsigned char)c);
	else
		text_add(text, &c, 1);
}

void human_add_command(const struct strings *argv, size_t most, struct text *text)
{
	AUTO_TEXT struct text command = {0};

	join(argv, &command);
	shorten(&command, most);
	text_add_string(text, "\"");
	for (size_t i = 0; i < command.length; i++)
		add_escaped(command.data[i], text);
	text_add_string(text, "\"");
}
