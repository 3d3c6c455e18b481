/* How a log is kept; see log_settings.h. */
#include "log_settings.h"

#include <errno.h>
#include <string.h>

#define DRIVER "json-file"
#define FILES_MAX 1000

/* The value of the last option of this name; NULL if there is none. */
static const char *value_of(const struct log_settings *settings, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = settings->options.count; i-- > 0;) {
		const char *option = settings->options.items[i];

		if (strncmp(option, name, length) == 0 && option[length] == '=')
			return option + length + 1;
	}
	return NULL;
}

static int check_names(const struct log_settings *settings, struct error *err)
{
	static const char *const known[] = {"max-size", "max-file", "labels", "env"};

	for (size_t i = 0; i < settings->options.count; i++) {
		const char *option = settings->options.items[i];
		int length = (int)strcspn(option, "=");
		size_t k = 0;

		while (k < ARRAY_LENGTH(known) && (strlen(known[k]) != (size_t)length ||
						   strncmp(known[k], option, (size_t)length) != 0))
			k++;
		if (!option[length])
			return error_set(err, EINVAL, "invalid logging opts format");
		if (k == ARRAY_LENGTH(known))
			return error_set(err, EINVAL,
					 "unknown log opt '%.*s' for " DRIVER " log driver", length,
					 option);
	}
	return 0;
}

int log_settings_check(const struct log_settings *settings, struct error *err)
{
	const char *size = value_of(settings, "max-size"), *files = value_of(settings, "max-file");
	uint64_t bytes = 1, count = 1;

	if (log_settings_keep_nothing(settings))
		return 0;
	if (settings->driver && strcmp(settings->driver, DRIVER) != 0)
		return error_set(err, EINVAL,
				 "error looking up logging plugin %s: plugin \"%s\" not found",
				 settings->driver, settings->driver);
	if (check_names(settings, err) < 0)
		return -1;
	if (size && text_to_bytes(size, &bytes, err) < 0)
		return error_wrap(err, "invalid value for max-size");
	if (bytes == 0)
		return error_set(err, EINVAL, "max-size must be a positive number");
	if (files && text_to_number(files, FILES_MAX, &count, err) < 0)
		return error_wrap(err, "invalid value for max-file");
	return count == 0 ? error_set(err, EINVAL, "max-file cannot be less than 1") : 0;
}

bool log_settings_keep_nothing(const struct log_settings *settings)
{
	return settings->driver && strcmp(settings->driver, "none") == 0;
}

void log_settings_sizes(const struct log_settings *settings, uint64_t *max_bytes,
			uint64_t *max_files)
{
	const char *size = value_of(settings, "max-size"), *files = value_of(settings, "max-file");
	struct error checked;

	*max_bytes = 0;
	*max_files = 1;
	if (size)
		text_to_bytes(size, max_bytes, &checked);
	if (files)
		text_to_number(files, FILES_MAX, max_files, &checked);
}

/* Adds those of `pairs` whose name is in "NAME,NAME". */
static void choose(const char *names, const struct strings *pairs, struct strings *chosen)
{
	while (names && *names) {
		size_t length = strcspn(names, ",");

		for (size_t i = 0; length && i < pairs->count; i++)
			if (strncmp(pairs->items[i], names, length) == 0 &&
			    pairs->items[i][length] == '=')
				strings_add(chosen, pairs->items[i]);
		names += length + (names[length] == ',');
	}
}

void log_settings_attributes(const struct log_settings *settings, const struct strings *labels,
			     const struct strings *env, struct strings *attributes)
{
	choose(value_of(settings, "labels"), labels, attributes);
	choose(value_of(settings, "env"), env, attributes);
	strings_sort(attributes);
}

void log_settings_add(cJSON *object, const struct log_settings *settings)
{
	cJSON *to = cJSON_AddObjectToObject(object, "LogConfig"), *options;

	cJSON_AddStringToObject(to, "Type", settings->driver ? settings->driver : DRIVER);
	options = cJSON_AddObjectToObject(to, "Config");
	for (size_t i = 0; i < settings->options.count; i++) {
		const char *option = settings->options.items[i];
		AUTO_FREE char *name = memory_format("%.*s", (int)strcspn(option, "="), option);

		cJSON_DeleteItemFromObjectCaseSensitive(options, name);
		cJSON_AddStringToObject(options, name, option + strlen(name) + 1);
	}
}

int log_settings_read(const cJSON *object, struct log_settings *settings, struct error *err)
{
	const cJSON *options = NULL, *option;
	const char *driver = NULL;

	if (!object)
		return 0;
	if (json_get_string(object, "Type", &driver, err) < 0 ||
	    json_get_object(object, "Config", &options, err) < 0)
		return -1;
	settings->driver = driver ? memory_string(driver) : NULL;
	cJSON_ArrayForEach(option, options) {
		AUTO_FREE char *text = memory_format(
			"%s=%s", option->string, cJSON_IsString(option) ? option->valuestring : "");

		strings_add(&settings->options, text);
	}
	return 0;
}

void log_settings_release(struct log_settings *settings)
{
	cleanup_memory(&settings->driver);
	strings_release(&settings->options);
}
