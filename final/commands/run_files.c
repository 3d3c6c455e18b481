/* Files of run and create; see run_files.h. */
#include "run_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "options.h"
#include "program.h"

#define FILE_BYTES_MAX (1 << 20)

/* Of either variables or labels. */
static int add_line(const char *path, char *line, struct strings *env, struct strings *labels,
		    struct error *err)
{
	const char *equals;

	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return 0;
	equals = strchr(line, '=');
	if (equals == line)
		return error_set(err, EINVAL, "no variable name on line '%s'", line);
	if (strcspn(line, " \t") < (equals ? (size_t)(equals - line) : strlen(line)))
		return error_set(err, EINVAL, "%s: variable '%.*s' contains whitespaces", path,
				 (int)strcspn(line, "="), line);
	/* A bare name that our environment lacks is none, as in Docker; and so is a bare label. */
	if (!equals && (labels || !getenv(line)))
		return 0;
	return labels ? option_strings(labels, line, err)
		      : program_option_environment(env, line, err);
}

static int read_lines(const char *path, struct strings *env, struct strings *labels,
		      struct error *err)
{
	AUTO_TEXT struct text text = {0};
	char *line, *rest;

	if (file_read(AT_FDCWD, path, FILE_BYTES_MAX, &text, err) < 0)
		return -1;
	for (rest = text.data; (line = strsep(&rest, "\n"));) {
		size_t length = strlen(line);

		if (length && line[length - 1] == '\r')
			line[length - 1] = '\0';
		if (add_line(path, line, env, labels, err) < 0)
			return -1;
	}
	return 0;
}

int run_read_env_files(const struct strings *paths, struct strings *env, struct error *err)
{
	for (size_t i = 0; i < paths->count; i++)
		if (read_lines(paths->items[i], env, NULL, err) < 0)
			return -1;
	return 0;
}

int run_option_label_file(void *field, const char *value, struct error *err)
{
	return read_lines(value, NULL, field, err);
}

int run_open_cidfile(const char *path, int *fd, struct error *err)
{
	if (!path)
		return 0;
	*fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (*fd < 0 && errno == EEXIST)
		return error_set(
			err, EEXIST,
			"container ID file found, make sure the other container isn't running or delete %s",
			path);
	return *fd < 0 ? error_sys(err, "create the container ID file '%s'", path) : 0;
}

int run_option_restart(void *field, const char *value, struct error *err)
{
	struct restart_policy *policy = field, read = {0};
	const char *most = strchr(value, ':');
	size_t length = strcspn(value, ":");

	if (strcmp(value, "no") == 0 || !*value)
		read.kind = RESTART_NO;
	else if (strcmp(value, "always") == 0)
		read.kind = RESTART_ALWAYS;
	else if (strcmp(value, "unless-stopped") == 0)
		read.kind = RESTART_UNLESS_STOPPED;
	else if (length == strlen("on-failure") && text_starts_with(value, "on-failure"))
		read.kind = RESTART_ON_FAILURE;
	else
		return error_set(
			err, EINVAL,
			most ? "maximum retry count can only be used with 'on-failure'"
			     : "unknown policy '%s'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
			value);
	if (most && text_to_number(most + 1, 1000000, &read.most, err) < 0)
		return error_set(err, EINVAL, "maximum retry count must be an integer");
	*policy = read;
	return 0;
}

int run_option_pull(void *field, const char *value, struct error *err)
{
	if (strcmp(value, "always") != 0 && strcmp(value, "missing") != 0 &&
	    strcmp(value, "never") != 0)
		return error_set(
			err, EINVAL,
			"invalid pull option: '%s': must be one of 'always', 'missing' or 'never'",
			value);
	return option_string(field, value, err);
}

static void set_label(struct strings *labels, const char *label)
{
	size_t length = strcspn(label, "=");
	AUTO_FREE char *whole = memory_format("%s%s", label, label[length] ? "" : "=");

	for (size_t i = 0; i < labels->count; i++)
		if (strncmp(labels->items[i], label, length) == 0 &&
		    labels->items[i][length] == '=') {
			free(labels->items[i]);
			labels->items[i] = take_ptr(&whole);
			return;
		}
	strings_add(labels, whole);
}

void run_merge_labels(const struct strings *image, const struct strings *options,
		      struct strings *labels)
{
	for (size_t i = 0; i < image->count; i++)
		set_label(labels, image->items[i]);
	for (size_t i = 0; i < options->count; i++)
		set_label(labels, options->items[i]);
	strings_sort(labels);
}
