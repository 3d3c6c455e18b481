/* The text of --mount; see volume_mount.h. */
#include "volume_mount.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "volume_tmpfs.h"

/* What was said so far. */
struct reading {
	struct volume *volume;
	const char *key, *value; /* of the field at hand */
	uint64_t size_bytes;	 /* of a tmpfs; 0: not given */
	char *mode, *options;	 /* of a tmpfs */
	bool used[3];		 /* options of that type were given */
	bool read_only_inside;	 /* bind-recursive=readonly */
};

/* --- CSV ----------------------------------------------------------------------------------------- */

/* Cuts the next field off, without its quotes; in them "" is one quote. */
static char *next_field(char **rest)
{
	char *from = *rest, *to = *rest, *field = *rest;
	bool quoted = from && *from == '"';

	if (!from)
		return NULL;
	for (from += quoted; *from && (quoted || *from != ','); from++) {
		if (quoted && *from == '"' && from[1] != '"')
			quoted = false;
		else
			*to++ = quoted && *from == '"' ? *from++ : *from;
	}
	*rest = *from ? from + 1 : NULL;
	*to = '\0';
	return field;
}

static void write_field(const char *key, const char *value, struct text *text)
{
	bool quoted = strpbrk(value, ",\"\n\r") != NULL;

	text_add_string(text, text->length ? "," : "");
	text_add_format(text, "%s%s=", quoted ? "\"" : "", key);
	for (; *value; value++) {
		if (*value == '"')
			text_add_string(text, "\"");
		text_add(text, value, 1);
	}
	text_add_string(text, quoted ? "\"" : "");
}

/* --- the fields ---------------------------------------------------------------------------------- */

static int refuse(const struct reading *reading, struct error *err)
{
	return error_set(err, EINVAL, "invalid value for %s: %s", reading->key, reading->value);
}

static int replace(char **field, const char *value)
{
	cleanup_memory(field);
	*field = *value ? memory_string(value) : NULL;
	return 0;
}

/* The words of Go's strconv.ParseBool. */
static int read_bool(const struct reading *reading, bool *field, struct error *err)
{
	static const char *const words[2][6] = {{"0", "f", "F", "false", "FALSE", "False"},
						{"1", "t", "T", "true", "TRUE", "True"}};

	for (size_t i = 0; i < 12; i++)
		if (strcmp(words[i / 6][i % 6], reading->value) == 0) {
			*field = i / 6;
			return 0;
		}
	return refuse(reading, err);
}

static int read_type(struct reading *reading, struct error *err)
{
	static const char *const words[] = {"bind", "volume", "tmpfs"};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (strcasecmp(words[i], reading->value) == 0) {
			reading->volume->type = (enum volume_type)i;
			return 0;
		}
	return error_set(err, EINVAL, "invalid mount config for type \"%s\": mount type unknown",
			 reading->value);
}

static int read_source(struct reading *reading, struct error *err)
{
	(void)err;
	return replace(&reading->volume->source, reading->value);
}

static int read_target(struct reading *reading, struct error *err)
{
	(void)err;
	return replace(&reading->volume->target, reading->value);
}

static int read_read_only(struct reading *reading, struct error *err)
{
	return read_bool(reading, &reading->volume->read_only, err);
}

static int read_nothing(struct reading *reading, struct error *err)
{
	(void)reading, (void)err;
	return 0;
}

static int read_propagation(struct reading *reading, struct error *err)
{
	static const char *const words[] = {"private", "rprivate", "slave",
					    "rslave",  "shared",   "rshared"};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (strcasecmp(words[i], reading->value) == 0) {
			reading->volume->propagation = words[i];
			return 0;
		}
	return error_set(err, EINVAL,
			 "invalid mount config for type \"bind\": invalid propagation mode: %s",
			 reading->value);
}

static int read_recursive(struct reading *reading, struct error *err)
{
	static const char *const words[] = {"enabled", "disabled", "writable", "readonly"};
	size_t i = 0;

	while (i < ARRAY_LENGTH(words) && strcmp(words[i], reading->value) != 0)
		i++;
	if (i == ARRAY_LENGTH(words))
		return error_set(
			err, EINVAL,
			"invalid value for %s: %s (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")",
			reading->key, reading->value);
	reading->volume->flat = i == 1;
	reading->volume->writable_inside = i == 2;
	reading->read_only_inside = i == 3;
	return 0;
}

/* The old name of bind-recursive=disabled. */
static int read_non_recursive(struct reading *reading, struct error *err)
{
	return read_bool(reading, &reading->volume->flat, err);
}

static int read_no_copy(struct reading *reading, struct error *err)
{
	return read_bool(reading, &reading->volume->no_copy, err);
}

static int read_driver(struct reading *reading, struct error *err)
{
	return volume_check_driver(reading->value, err);
}

static int read_subpath(struct reading *reading, struct error *err)
{
	(void)err;
	return replace(&reading->volume->subpath, reading->value);
}

static int read_label(struct reading *reading, struct error *err)
{
	(void)err;
	strings_add(&reading->volume->labels, reading->value);
	return 0;
}

static int read_driver_option(struct reading *reading, struct error *err)
{
	(void)err;
	strings_add(&reading->volume->driver_options, reading->value);
	return 0;
}

static int read_size(struct reading *reading, struct error *err)
{
	if (text_to_bytes(reading->value, &reading->size_bytes, err) < 0)
		return refuse(reading, err);
	return 0;
}

static int read_mode(struct reading *reading, struct error *err)
{
	size_t length = strlen(reading->value);

	if (length == 0 || length > 7 || strspn(reading->value, "01234567") != length)
		return refuse(reading, err);
	return replace(&reading->mode, reading->value);
}

/* Of our own records: those of --tmpfs as they are. */
static int read_options(struct reading *reading, struct error *err)
{
	(void)err;
	return replace(&reading->options, reading->value);
}

static const struct {
	const char *key;
	int (*read)(struct reading *reading, struct error *err);
	bool flag; /* the key alone means true */
} fields[] = {
	{"type", read_type, false},
	{"source", read_source, false},
	{"src", read_source, false},
	{"target", read_target, false},
	{"dst", read_target, false},
	{"destination", read_target, false},
	{"readonly", read_read_only, true},
	{"ro", read_read_only, true},
	{"consistency", read_nothing, false},
	{"bind-propagation", read_propagation, false},
	{"bind-recursive", read_recursive, false},
	{"bind-nonrecursive", read_non_recursive, true},
	{"volume-nocopy", read_no_copy, true},
	{"volume-label", read_label, false},
	{"volume-driver", read_driver, false},
	{"volume-opt", read_driver_option, false},
	{"volume-subpath", read_subpath, false},
	{"tmpfs-size", read_size, false},
	{"tmpfs-mode", read_mode, false},
	{"tmpfs-options", read_options, false},
};

static int read_field(struct reading *reading, char *field, struct error *err)
{
	AUTO_FREE char *whole = memory_string(field);
	char *value = strchr(field, '=');
	size_t i = 0;

	if (value)
		*value++ = '\0';
	for (char *at = field; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	while (i < ARRAY_LENGTH(fields) && strcmp(fields[i].key, field) != 0)
		i++;
	if (!value && (i == ARRAY_LENGTH(fields) || !fields[i].flag))
		return error_set(err, EINVAL, "invalid field '%s' must be a key=value pair", whole);
	if (i == ARRAY_LENGTH(fields))
		return error_set(err, EINVAL, "unexpected key '%s' in '%s'", field, whole);
	reading->key = field;
	reading->value = value ? value : "true";
	reading->used[VOLUME_BIND] |= text_starts_with(field, "bind-");
	reading->used[VOLUME_NAMED] |= text_starts_with(field, "volume-");
	reading->used[VOLUME_TMPFS] |= text_starts_with(field, "tmpfs-");
	return fields[i].read(reading, err);
}

/* --- what they mean together --------------------------------------------------------------------- */

static int check(const struct reading *reading, struct error *err)
{
	static const char *const words[] = {"bind", "volume", "tmpfs"};
	const struct volume *volume = reading->volume;

	if (!volume->target)
		return error_set(err, EINVAL, "target is required");
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (reading->used[i] && i != volume->type)
			return error_set(err, EINVAL,
					 "cannot mix '%s-*' options with mount type '%s'", words[i],
					 words[volume->type]);
	if (reading->read_only_inside && !volume->read_only)
		return error_set(
			err, EINVAL,
			"option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction");
	if (reading->read_only_inside &&
	    (!volume->propagation || strcmp(volume->propagation, "rprivate") != 0))
		return error_set(
			err, EINVAL,
			"option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction");
	return 0;
}

static int join_tmpfs_options(const struct reading *reading, struct error *err)
{
	AUTO_TEXT struct text options = {0};
	AUTO_FREE char *checked = NULL;

	/* What is missing in them was left out on purpose. */
	if (reading->options) {
		reading->volume->tmpfs_options = memory_string(reading->options);
		return volume_tmpfs_options(reading->options, &checked, err);
	}
	if (reading->volume->read_only)
		text_add_string(&options, ",ro");
	if (reading->size_bytes)
		text_add_format(&options, ",size=%" PRIu64, reading->size_bytes);
	if (reading->mode)
		text_add_format(&options, ",mode=%s", reading->mode);
	return volume_tmpfs_options(text_string(&options), &reading->volume->tmpfs_options, err);
}

static int parse(struct reading *reading, char *rest, struct error *err)
{
	char *field;

	while ((field = next_field(&rest)))
		if (read_field(reading, field, err) < 0)
			return -1;
	if (check(reading, err) < 0)
		return -1;
	return reading->volume->type == VOLUME_TMPFS ? join_tmpfs_options(reading, err) : 0;
}

int volume_parse_mount(const char *text, struct volume *volume, struct error *err)
{
	AUTO_VOLUME struct volume parsed = {.type = VOLUME_NAMED, .by_mount = true};
	AUTO_FREE char *copy = memory_string(text);
	struct reading reading = {.volume = &parsed};
	int result = parse(&reading, copy, err);

	cleanup_memory(&reading.mode);
	cleanup_memory(&reading.options);
	if (result < 0)
		return -1;
	*volume = parsed;
	parsed = (struct volume){0};
	return 0;
}

void volume_write_mount(const struct volume *volume, struct text *text)
{
	static const char *const words[] = {"bind", "volume", "tmpfs"};
	AUTO_TEXT struct text line = {0};

	write_field("type", words[volume->type], &line);
	if (volume->source)
		write_field("source", volume->source, &line);
	write_field("target", volume->target, &line);
	if (volume->read_only)
		write_field("readonly", "true", &line);
	if (volume->propagation)
		write_field("bind-propagation", volume->propagation, &line);
	if (volume->flat || volume->writable_inside)
		write_field("bind-recursive", volume->flat ? "disabled" : "writable", &line);
	if (volume->no_copy)
		write_field("volume-nocopy", "true", &line);
	for (size_t i = 0; i < volume->labels.count; i++)
		write_field("volume-label", volume->labels.items[i], &line);
	for (size_t i = 0; i < volume->driver_options.count; i++)
		write_field("volume-opt", volume->driver_options.items[i], &line);
	if (volume->subpath)
		write_field("volume-subpath", volume->subpath, &line);
	if (volume->tmpfs_options)
		write_field("tmpfs-options", volume->tmpfs_options, &line);
	text_add(text, line.data, line.length);
}
