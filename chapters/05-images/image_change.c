/* Lines of a Dockerfile; see image_change.h. */
#include "image_change.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "json.h"
#include "text.h"

/* Puts a value in the place of the field of that name, or adds it. */
static void replace(cJSON *object, const char *name, cJSON *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, name);
	cJSON_AddItemToObject(object, name, value);
}

static cJSON *child(cJSON *config, const char *name, cJSON *(*create)(void))
{
	cJSON *found = cJSON_GetObjectItemCaseSensitive(config, name);

	if (found && !cJSON_IsNull(found))
		return found;
	replace(config, name, create());
	return cJSON_GetObjectItemCaseSensitive(config, name);
}

/* Words as a shell separates them: quotes and backslashes keep a space. Returns false at the end. */
static bool next_word(const char **at, struct text *word)
{
	char quote = 0;

	*at += strspn(*at, " \t");
	word->length = 0;
	if (!**at)
		return false;
	for (; **at && (quote || !strchr(" \t", **at)); (*at)++) {
		if (quote ? **at == quote : strchr("'\"", **at) != NULL)
			quote = quote ? 0 : **at;
		else if (**at == '\\' && quote != '\'' && (*at)[1])
			text_add(word, ++*at, 1);
		else
			text_add(word, *at, 1);
	}
	return true;
}

/* ["a", "b"] is a command, anything else a line for the shell. */
static int change_command(cJSON *config, const char *name, const char *value, struct error *err)
{
	AUTO_FREE char *object = memory_format("{\"argv\":%s}", value);
	AUTO_JSON cJSON *document = NULL;
	AUTO_STRINGS struct strings argv = {0};
	struct error ignored;

	if (*value == '[')
		document = json_parse("command", object, strlen(object), &ignored);
	if (!document || json_get_strings(document, "argv", &argv, &ignored) < 0) {
		strings_release(&argv);
		strings_add(&argv, "/bin/sh");
		strings_add(&argv, "-c");
		strings_add(&argv, value);
	}
	cJSON_DeleteItemFromObjectCaseSensitive(config, name);
	json_add_strings(config, name, &argv);
	(void)err;
	return 0;
}

static int change_string(cJSON *config, const char *name, const char *value, struct error *err)
{
	(void)err;
	replace(config, name, cJSON_CreateString(value));
	return 0;
}

static int change_working_dir(cJSON *config, const char *name, const char *value, struct error *err)
{
	if (*value != '/')
		return error_set(err, EINVAL, "WORKDIR '%s' is not an absolute path", value);
	return change_string(config, name, value, err);
}

/* An older value of the variable goes. */
static void set_variable(cJSON *env, const char *assignment, size_t name_length)
{
	for (int i = cJSON_GetArraySize(env) - 1; i >= 0; i--) {
		const char *old = cJSON_GetStringValue(cJSON_GetArrayItem(env, i));

		if (old && strncmp(old, assignment, name_length + 1) == 0)
			cJSON_DeleteItemFromArray(env, i);
	}
	cJSON_AddItemToArray(env, cJSON_CreateString(assignment));
}

/* "A=1 B='2 3'", or "A the rest of the line". */
static int change_env(cJSON *config, const char *name, const char *value, struct error *err)
{
	cJSON *env = child(config, name, cJSON_CreateArray);
	size_t length = strcspn(value, "= \t");
	AUTO_TEXT struct text word = {0};

	if (!length)
		return error_set(err, EINVAL, "ENV names can not be blank");
	if (value[length] != '=') {
		const char *rest = value + length + strspn(value + length, " \t");
		AUTO_FREE char *assignment = memory_format("%.*s=%s", (int)length, value, rest);

		if (!*rest)
			return error_set(err, EINVAL, "ENV must have two arguments");
		set_variable(env, assignment, length);
		return 0;
	}
	while (next_word(&value, &word)) {
		const char *equals = strchr(text_string(&word), '=');

		if (!equals || equals == word.data)
			return error_set(err, EINVAL, "ENV can't make sense of '%s': NAME=VALUE",
					 text_string(&word));
		set_variable(env, word.data, (size_t)(equals - word.data));
	}
	return 0;
}

static int change_labels(cJSON *config, const char *name, const char *value, struct error *err)
{
	cJSON *labels = child(config, name, cJSON_CreateObject);
	AUTO_TEXT struct text word = {0};

	while (next_word(&value, &word)) {
		char *equals = word.length ? strchr(word.data, '=') : NULL;

		if (!equals)
			return error_set(err, EINVAL, "LABEL can't make sense of '%s': NAME=VALUE",
					 text_string(&word));
		*equals = '\0';
		replace(labels, word.data, cJSON_CreateString(equals + 1));
	}
	return 0;
}

static int change_ports(cJSON *config, const char *name, const char *value, struct error *err)
{
	cJSON *ports = child(config, name, cJSON_CreateObject);
	AUTO_TEXT struct text word = {0};

	while (next_word(&value, &word)) {
		size_t digits = strspn(text_string(&word), "0123456789-");

		if (!digits || (word.data[digits] && word.data[digits] != '/'))
			return error_set(err, EINVAL, "invalid containerPort: %s",
					 text_string(&word));
		if (!word.data[digits])
			text_add_string(&word, "/tcp");
		replace(ports, word.data, cJSON_CreateObject());
	}
	return 0;
}

/* Words, or an array of JSON. */
static int change_volumes(cJSON *config, const char *name, const char *value, struct error *err)
{
	cJSON *volumes = child(config, name, cJSON_CreateObject);
	AUTO_FREE char *object = memory_format("{\"paths\":%s}", value);
	AUTO_JSON cJSON *document = NULL;
	AUTO_STRINGS struct strings paths = {0};
	AUTO_TEXT struct text word = {0};

	if (*value == '[') {
		document = json_parse("VOLUME", object, strlen(object), err);
		if (!document || json_get_strings(document, "paths", &paths, err) < 0)
			return -1;
	} else {
		while (next_word(&value, &word))
			strings_add(&paths, text_string(&word));
	}
	for (size_t i = 0; i < paths.count; i++)
		replace(volumes, paths.items[i], cJSON_CreateObject());
	return 0;
}

static const struct {
	const char *word, *field;
	int (*change)(cJSON *config, const char *field, const char *value, struct error *err);
} instructions[] = {
	{"CMD", "Cmd", change_command},
	{"ENTRYPOINT", "Entrypoint", change_command},
	{"ENV", "Env", change_env},
	{"EXPOSE", "ExposedPorts", change_ports},
	{"LABEL", "Labels", change_labels},
	{"STOPSIGNAL", "StopSignal", change_string},
	{"USER", "User", change_string},
	{"VOLUME", "Volumes", change_volumes},
	{"WORKDIR", "WorkingDir", change_working_dir},
};

int image_change_apply(cJSON *config, const char *line, struct error *err)
{
	size_t length = strcspn(line, " \t");
	const char *value = line + length + strspn(line + length, " \t");
	AUTO_FREE char *word = memory_format("%.*s", (int)length, line);

	for (size_t i = 0; i < ARRAY_LENGTH(instructions); i++) {
		if (strcasecmp(instructions[i].word, word) != 0)
			continue;
		if (!*value)
			return error_set(err, EINVAL, "%s requires at least one argument",
					 instructions[i].word);
		return instructions[i].change(config, instructions[i].field, value, err);
	}
	return error_set(err, EINVAL, "%s is not a valid change command", word);
}
