/* Growing text and lists of strings; see text.h. */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static void text_reserve(struct text *text, size_t more)
{
	size_t need = text->length + more + 1;

	if (need <= text->capacity)
		return;
	text->capacity = need < 64 ? 64 : need + need / 2;
	text->data = memory_resized(text->data, text->capacity, 1);
}

void text_add(struct text *text, const void *bytes, size_t count)
{
	text_reserve(text, count);
	if (count)
		memcpy(text->data + text->length, bytes, count);
	text->length += count;
	text->data[text->length] = '\0';
}

void text_add_string(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void text_add_format(struct text *text, const char *format, ...)
{
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	text_reserve(text, (size_t)length);
	vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
	text->length += (size_t)length;
	va_end(again);
	va_end(args);
}

static bool needs_quotes(const char *word)
{
	if (!*word)
		return true;
	for (; *word; word++)
		if (!isalnum((unsigned char)*word) && !strchr("_-+=./:,@%^", *word))
			return true;
	return false;
}

static bool has_control(const char *word)
{
	for (; *word; word++)
		if (iscntrl((unsigned char)*word))
			return true;
	return false;
}

void text_add_shell(struct text *text, const char *word)
{
	/* $'…' is the one form in which a shell understands escapes of control characters. */
	bool control = has_control(word);

	if (!needs_quotes(word)) {
		text_add_string(text, word);
		return;
	}
	text_add_string(text, control ? "$'" : "'");
	for (; *word; word++) {
		if (iscntrl((unsigned char)*word))
			text_add_format(text, "\\x%02x", (unsigned char)*word);
		else if (control && (*word == '\\' || *word == '\''))
			text_add_format(text, "\\%c", *word);
		else if (*word == '\'')
			text_add_string(text, "'\\''");
		else
			text_add(text, word, 1);
	}
	text_add_string(text, "'");
}

const char *text_string(const struct text *text)
{
	return text->data ? text->data : "";
}

void text_release(struct text *text)
{
	cleanup_memory(&text->data);
	*text = (struct text){0};
}

void strings_add(struct strings *list, const char *item)
{
	list->items = memory_resized(list->items, list->count + 2, sizeof(*list->items));
	list->items[list->count++] = memory_string(item);
	list->items[list->count] = NULL;
}

void strings_add_format(struct strings *list, const char *format, ...)
{
	AUTO_FREE char *item = NULL;
	va_list args;

	va_start(args, format);
	item = memory_format_list(format, args);
	va_end(args);
	strings_add(list, item);
}

void strings_add_all(struct strings *list, const struct strings *from)
{
	for (size_t i = 0; i < from->count; i++)
		strings_add(list, from->items[i]);
}

void strings_add_argv(struct strings *list, char *const *argv)
{
	for (; *argv; argv++)
		strings_add(list, *argv);
}

bool strings_contain(const struct strings *list, const char *item)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], item) == 0)
			return true;
	return false;
}

static int by_text(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

void strings_sort(struct strings *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_text);
}

void strings_release(struct strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		cleanup_memory(&list->items[i]);
	cleanup_memory(&list->items);
	list->count = 0;
}

bool text_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

int text_to_number(const char *text, uint64_t most, uint64_t *number, struct error *err)
{
	uint64_t value = 0;

	if (!*text)
		return error_set(err, EINVAL, "an empty value is not a number");
	for (const char *at = text; *at; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		if (!isdigit((unsigned char)*at))
			return error_set(err, EINVAL, "'%s' is not a whole number", text);
		if (digit > most || value > (most - digit) / 10)
			return error_set(err, ERANGE, "'%s' is above the largest value, %llu", text,
					 (unsigned long long)most);
		value = value * 10 + digit;
	}
	*number = value;
	return 0;
}

/* The power of 1024 that a unit stands for: "", "b", "k", "kb", "kib", … -1 if it is none. */
static int unit_power(const char *unit)
{
	static const char units[] = "bkmgtp";
	const char *found;

	if (!*unit)
		return 0;
	found = strchr(units, tolower((unsigned char)*unit));
	if (!found)
		return -1;
	if (!unit[1])
		return (int)(found - units);
	if (found == units || (strcasecmp(unit + 1, "b") != 0 && strcasecmp(unit + 1, "ib") != 0))
		return -1;
	return (int)(found - units);
}

int text_to_bytes(const char *text, uint64_t *bytes, struct error *err)
{
	double value;
	char *unit;
	int power;

	value = strtod(text, &unit);
	/* No sign, exponent or hexadecimal number, which strtod would take. */
	if (unit == text || unit != text + strspn(text, "0123456789."))
		return error_set(err, EINVAL, "invalid size: '%s'", text);
	if (*unit == ' ')
		unit++;
	power = unit_power(unit);
	if (power < 0)
		return error_set(err, EINVAL, "invalid suffix: '%s'", unit);
	value = ldexp(value, 10 * power);
	if (value > 0x1p53)
		return error_set(err, ERANGE, "invalid size: '%s' is too large", text);
	*bytes = (uint64_t)value;
	return 0;
}
