/* Filters of lists; see filter.h. */
#include "filter.h"

#include <errno.h>
#include <regex.h>
#include <string.h>

int filter_option(void *field, const char *value, struct error *err)
{
	const char *equals = strchr(value, '=');

	if (!equals || equals == value)
		return error_set(err, EINVAL, "bad format of filter (expected name=value)");
	strings_add(field, value);
	return 0;
}

static bool has_name(const char *filter, const char *name)
{
	size_t length = strlen(name);

	return strncmp(filter, name, length) == 0 && filter[length] == '=';
}

int filter_check(const struct strings *filters, const char *const *names, struct error *err)
{
	for (size_t i = 0; i < filters->count; i++) {
		const char *const *name = names;

		while (*name && !has_name(filters->items[i], *name))
			name++;
		if (!*name)
			return error_set(err, EINVAL, "invalid filter '%.*s'",
					 (int)strcspn(filters->items[i], "="), filters->items[i]);
	}
	return 0;
}

const char *filter_value(const struct strings *filters, const char *name, size_t *next)
{
	while (*next < filters->count) {
		const char *filter = filters->items[(*next)++];

		if (has_name(filter, name))
			return filter + strlen(name) + 1;
	}
	return NULL;
}

bool filter_equal(const struct strings *filters, const char *name, const char *text)
{
	size_t next = 0;
	const char *value = filter_value(filters, name, &next);

	for (; value; value = filter_value(filters, name, &next))
		if (strcmp(value, text) == 0)
			return true;
	next = 0;
	return !filter_value(filters, name, &next);
}

/* What is no regular expression is looked for as it is. */
static bool found(const char *pattern, const char *text)
{
	regex_t compiled;
	bool match;

	if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return strstr(text, pattern);
	match = regexec(&compiled, text, 0, NULL, 0) == 0;
	regfree(&compiled);
	return match;
}

bool filter_found(const struct strings *filters, const char *name, const char *text)
{
	size_t next = 0;
	const char *value = filter_value(filters, name, &next);

	for (; value; value = filter_value(filters, name, &next))
		if (found(value, text))
			return true;
	next = 0;
	return !filter_value(filters, name, &next);
}

static bool has_label(const struct strings *labels, const char *wanted)
{
	for (size_t i = 0; i < labels->count; i++)
		if (strcmp(labels->items[i], wanted) == 0 || has_name(labels->items[i], wanted))
			return true;
	return false;
}

bool filter_labels(const struct strings *filters, const struct strings *labels)
{
	size_t next = 0;
	const char *value = filter_value(filters, "label", &next);

	for (; value; value = filter_value(filters, "label", &next))
		if (!has_label(labels, value))
			return false;
	next = 0;
	value = filter_value(filters, "label!", &next);
	for (; value; value = filter_value(filters, "label!", &next))
		if (has_label(labels, value))
			return false;
	return true;
}

int filter_bool(const struct strings *filters, const char *name, int absent, struct error *err)
{
	size_t next = 0;
	const char *value = filter_value(filters, name, &next);

	if (!value)
		return absent;
	if (strcmp(value, "1") == 0 || strcmp(value, "true") == 0)
		return 1;
	if (strcmp(value, "0") == 0 || strcmp(value, "false") == 0)
		return 0;
	return error_set(err, EINVAL, "invalid filter '%s=[%s]'", name, value);
}
