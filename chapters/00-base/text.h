/*
 * Text that grows, and lists of strings.
 *
 * Invariants: a zeroed struct is empty and valid. `data` of a text that was added to ends in a NUL
 * that `length` does not count; it may hold other NULs. `items` of a list ends in a NULL that
 * `count` does not count, so that it can be an argv.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "error.h"

struct text {
	char *data;
	size_t length, capacity;
};

/* Add bytes, a string, or formatted text at the end. */
void text_add(struct text *text, const void *bytes, size_t count);
void text_add_string(struct text *text, const char *string);
__attribute__((format(printf, 2, 3))) void text_add_format(struct text *text, const char *format,
							   ...);
/* Adds `word` so that a shell reads it as one word: bare where that is safe, else in quotes. */
void text_add_shell(struct text *text, const char *word);
/* The text as a string, "" if nothing was added; valid until the next change. */
const char *text_string(const struct text *text);
/* Frees what the text holds and empties it. */
void text_release(struct text *text);

struct strings {
	char **items;
	size_t count;
};

/* Adds a copy of `item`. */
void strings_add(struct strings *list, const char *item);
/* Adds formatted text. */
__attribute__((format(printf, 2, 3))) void strings_add_format(struct strings *list,
							      const char *format, ...);
/* Adds a copy of each item of `from`. */
void strings_add_all(struct strings *list, const struct strings *from);
/* Adds a copy of each string of an argv-like array that ends in NULL. */
void strings_add_argv(struct strings *list, char *const *argv);
bool strings_contain(const struct strings *list, const char *item);
/* Sorts by strcmp(3). */
void strings_sort(struct strings *list);
void strings_release(struct strings *list);

#define AUTO_TEXT CLEANUP(text_release)
#define AUTO_STRINGS CLEANUP(strings_release)

/* True if `text` begins with `prefix`, or is the same. */
bool text_starts_with(const char *text, const char *prefix);

/* Reads a whole decimal number with nothing around it. -1 with EINVAL otherwise, ERANGE if it is
 * above `most`; `*number` is then untouched. The error says only what is wrong with the value. */
int text_to_number(const char *text, uint64_t most, uint64_t *number, struct error *err);

/* Reads a size as Docker does: a decimal number (a fraction is allowed) with an optional unit b, k,
 * m, g, t or p of either case, as "512m", "1.5GiB" or "64kb": powers of 1024. -1 with EINVAL;
 * with ERANGE above 2^53, the most that json_get_number reads. */
int text_to_bytes(const char *text, uint64_t *bytes, struct error *err);

#endif
