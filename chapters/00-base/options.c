/* The option parser; see options.h. */
#include "options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

struct match {
	const struct option_row *row;
	void *target;
};

/* Finds a row by its name (of `length` bytes) or else its letter; later groups come first. */
static bool find_row(const struct option_group *groups, const char *name, size_t length,
		     char letter, struct match *match)
{
	bool found = false;

	for (; groups->rows; groups++)
		for (const struct option_row *row = groups->rows; row->name; row++) {
			bool same = name ? strlen(row->name) == length &&
						    strncmp(row->name, name, length) == 0
					 : row->letter == letter && letter;

			if (same) {
				*match = (struct match){row, groups->target};
				found = true;
			}
		}
	return found;
}

static int store(const struct match *match, const char *value, struct error *err)
{
	const struct option_row *row = match->row;
	char letter[8] = "";

	if (row->parse((char *)match->target + row->offset, value, err) == 0)
		return 0;
	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	return error_wrap(err, "invalid argument \"%s\" for \"%s--%s\" flag", value, letter,
			  row->name);
}

/* Parses "--name", "--name=value" or "--name value". Returns how many arguments it took. */
static int parse_long(const struct option_group *groups, char *const *argv, struct error *err)
{
	const char *name = argv[0] + 2, *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	struct match match;

	if (!find_row(groups, name, length, 0, &match))
		return error_set(err, EINVAL, "unknown flag: --%.*s", (int)length, name);
	if (equals)
		return store(&match, equals + 1, err) < 0 ? -1 : 1;
	if (!match.row->value)
		return store(&match, "true", err) < 0 ? -1 : 1;
	if (!argv[1])
		return error_set(err, EINVAL, "flag needs an argument: --%s", name);
	return store(&match, argv[1], err) < 0 ? -1 : 2;
}

/* Parses "-it", "-m 64m", "-m64m" or "-m=64m". Returns how many arguments it took. */
static int parse_short(const struct option_group *groups, char *const *argv, struct error *err)
{
	for (const char *at = argv[0] + 1; *at; at++) {
		struct match match;

		if (!find_row(groups, NULL, 0, *at, &match))
			return error_set(err, EINVAL, "unknown shorthand flag: '%c' in %s", *at,
					 argv[0]);
		if (at[1] == '=')
			return store(&match, at + 2, err) < 0 ? -1 : 1;
		if (match.row->value && at[1])
			return store(&match, at + 1, err) < 0 ? -1 : 1;
		if (match.row->value && !argv[1])
			return error_set(err, EINVAL, "flag needs an argument: '%c' in %s", *at,
					 argv[0]);
		if (match.row->value)
			return store(&match, argv[1], err) < 0 ? -1 : 2;
		if (store(&match, "true", err) < 0)
			return -1;
	}
	return 1;
}

int options_parse(const struct option_group *groups, int argc, char *const *argv, struct error *err)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-' && argv[i][1]) {
		int taken;

		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		taken = argv[i][1] == '-' ? parse_long(groups, argv + i, err)
					  : parse_short(groups, argv + i, err);
		if (taken < 0)
			return -1;
		i += taken;
	}
	return i;
}

static void help_row(const struct option_row *row, struct text *text)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s--%s%s%s", row->letter ? '-' : ' ',
		 row->letter ? row->letter : ' ', row->letter ? ", " : "  ", row->name,
		 row->value ? " " : "", row->value ? row->value : "");
	text_add_format(text, "  %-30s %s", left, row->help);
	if (row->kernel)
		text_add_format(text, " [%s]", row->kernel);
	text_add_string(text, "\n");
}

/* Whether no later group has another row of this name. */
static bool is_last(const struct option_group *groups, const struct option_row *row)
{
	struct match match = {0};

	find_row(groups, row->name, strlen(row->name), 0, &match);
	return match.row == row;
}

void options_help(const struct option_group *groups, struct text *text)
{
	for (const struct option_group *group = groups; group->rows; group++) {
		text_add_format(text, "\n%s\n", group->title);
		for (const struct option_row *row = group->rows; row->name; row++)
			if (is_last(groups, row))
				help_row(row, text);
	}
}

static const char *or_nothing(const char *string)
{
	return string ? string : "";
}

void options_rows(const struct option_group *groups, struct text *text)
{
	for (const struct option_group *group = groups; group->rows; group++)
		for (const struct option_row *row = group->rows; row->name; row++)
			if (is_last(groups, row))
				text_add_format(text, "option\t%s\t%.1s\t%s\t%s\t%s\t%s\t%s\n",
						row->name, &row->letter, or_nothing(row->value),
						row->help, or_nothing(row->kernel),
						or_nothing(row->manual), group->title);
}

int option_flag(void *field, const char *value, struct error *err)
{
	static const struct {
		const char *word;
		bool meaning;
	} words[] = {{"true", true}, {"t", true},      {"1", true},	 {"TRUE", true},
		     {"True", true}, {"T", true},      {"false", false}, {"f", false},
		     {"0", false},   {"FALSE", false}, {"False", false}, {"F", false}};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (strcmp(words[i].word, value) == 0) {
			*(bool *)field = words[i].meaning;
			return 0;
		}
	return error_set(err, EINVAL, "it is either true or false");
}

int option_string(void *field, const char *value, struct error *err)
{
	char **string = field;

	(void)err;
	cleanup_memory(string);
	*string = memory_string(value);
	return 0;
}

int option_strings(void *field, const char *value, struct error *err)
{
	(void)err;
	strings_add(field, value);
	return 0;
}

int option_bytes(void *field, const char *value, struct error *err)
{
	return text_to_bytes(value, field, err);
}
