/* Docker's json-file log; see log.h. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "path.h"

/* The length of the UTF-8 sequence at `bytes`, 0 if it is not valid (RFC 3629). */
static size_t utf8_length(const unsigned char *bytes, size_t count)
{
	size_t length = bytes[0] < 0x80	  ? 1
			: bytes[0] < 0xc2 ? 0
			: bytes[0] < 0xe0 ? 2
			: bytes[0] < 0xf0 ? 3
			: bytes[0] < 0xf5 ? 4
					  : 0;

	if (length > count)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and above U+10FFFF. */
	if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] > 0x9f) ||
	    (bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] > 0x8f))
		return 0;
	return length;
}

static void add_escaped(struct text *record, unsigned char c)
{
	static const char escapes[] = "\"\"\\\\\nn\rr\tt";

	for (const char *at = escapes; *at; at += 2)
		if ((unsigned char)*at == c) {
			text_add_format(record, "\\%c", at[1]);
			return;
		}
	/* As Go's encoder does, so that a log can stand in a web page. */
	if (c < 0x20 || c == '<' || c == '>' || c == '&')
		text_add_format(record, "\\u%04x", c);
	else
		text_add(record, &c, 1);
}

static void add_json_string(struct text *record, const char *bytes, size_t count)
{
	const unsigned char *at = (const unsigned char *)bytes, *end = at + count;

	while (at < end) {
		size_t length = utf8_length(at, (size_t)(end - at));

		if (length == 1)
			add_escaped(record, *at);
		else if (length > 1)
			text_add(record, at, length);
		else
			text_add_string(record, "\\ufffd");
		at += length ? length : 1;
	}
}

static int open_file(struct log_writer *writer, struct error *err)
{
	int fd = open(writer->path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(err, "open log '%s'", writer->path);
	writer->fd = fd;
	writer->bytes = (uint64_t)st.st_size;
	return 0;
}

/* As Docker, before the write that comes after the one that has filled it. */
static int rotate(struct log_writer *writer, struct error *err)
{
	if (!writer->max_bytes || writer->bytes < writer->max_bytes)
		return 0;
	if (rotated_put_aside(writer->path, writer->max_files, err) < 0)
		return -1;
	close(writer->fd);
	writer->fd = 0;
	return open_file(writer, err);
}

static int write_record(struct log_writer *writer, int stream, const char *bytes, size_t count,
			struct error *err)
{
	AUTO_TEXT struct text record = {0};
	char now[CLOCK_TEXT_SIZE];

	if (rotate(writer, err) < 0)
		return -1;
	clock_now(now);
	text_add_string(&record, "{\"log\":\"");
	add_json_string(&record, bytes, count);
	text_add_format(&record, "\",\"stream\":\"%s\",%s\"time\":\"%s\"}\n",
			stream == 2 ? "stderr" : "stdout", writer->extra ? writer->extra : "", now);
	/* One write: a reader, or a crash, sees whole records and at most one cut one. */
	if (file_write_all(writer->fd, record.data, record.length, "log.json", err) < 0)
		return -1;
	writer->bytes += record.length;
	return 0;
}

/* Whole members in the middle of a record. */
static char *extra_member(const struct strings *attributes)
{
	AUTO_TEXT struct text text = {0};

	for (size_t i = 0; i < attributes->count; i++) {
		const char *item = attributes->items[i];
		size_t name = strcspn(item, "=");

		text_add_string(&text, i ? ",\"" : "\"attrs\":{\"");
		add_json_string(&text, item, name);
		text_add_string(&text, "\":\"");
		item += name + (item[name] == '=');
		add_json_string(&text, item, strlen(item));
		text_add_string(&text, "\"");
	}
	text_add_string(&text, text.length ? "}," : "");
	return text.length ? take_ptr(&text.data) : NULL;
}

int log_open(const char *dir, const struct log_settings *settings, const struct strings *attributes,
	     struct log_writer *writer, struct error *err)
{
	*writer = (struct log_writer){0};
	if (log_settings_keep_nothing(settings))
		return 0;
	log_settings_sizes(settings, &writer->max_bytes, &writer->max_files);
	writer->path = path_join(dir, "log.json");
	writer->extra = extra_member(attributes);
	return open_file(writer, err);
}

/* Writes the first `count` bytes of a part as a record and drops them. */
static int flush_part(struct log_writer *writer, int stream, size_t count, struct error *err)
{
	struct text *part = &writer->part[stream];
	int result = write_record(writer, stream, part->data, count, err);

	memmove(part->data, part->data + count, part->length - count + 1);
	part->length -= count;
	return result;
}

int log_write(struct log_writer *writer, int stream, const char *bytes, size_t count,
	      struct error *err)
{
	struct text *part = &writer->part[stream];

	/* Not kept; or the last rotation failed. */
	if (writer->fd <= 0 && (!writer->path || open_file(writer, err) < 0))
		return writer->path ? -1 : 0;
	while (count > 0) {
		const char *newline = memchr(bytes, '\n', count);
		size_t length = newline ? (size_t)(newline - bytes) + 1 : count;
		size_t room = LOG_LINE_MAX - part->length;

		if (length > room)
			length = room;
		text_add(part, bytes, length);
		bytes += length;
		count -= length;
		if ((part->data[part->length - 1] == '\n' || part->length == LOG_LINE_MAX) &&
		    flush_part(writer, stream, part->length, err) < 0)
			return -1;
	}
	return 0;
}

int log_close(struct log_writer *writer, struct error *err)
{
	int result = 0;

	for (int stream = 1; stream <= 2; stream++) {
		if (writer->fd > 0 && writer->part[stream].length > 0)
			result |= flush_part(writer, stream, writer->part[stream].length, err);
		text_release(&writer->part[stream]);
	}
	if (writer->fd > 0)
		close(writer->fd);
	writer->fd = 0;
	cleanup_memory(&writer->path);
	cleanup_memory(&writer->extra);
	return result;
}

/* The value of the four hex digits at `at`, or -1. */
static long four_digits(const char *at)
{
	char digits[5] = "";

	memcpy(digits, at, 4);
	return strspn(digits, "0123456789abcdefABCDEF") == 4 ? strtol(digits, NULL, 16) : -1;
}

/* Adds one escaped character, the one after a backslash at *at, which moves behind it. cJSON would
 * do, but its strings end at a NUL, and output may hold one. */
static int add_unescaped(struct text *text, const char **at)
{
	static const char plain[] = "\"\"\\\\//n\nr\rt\tb\bf\f";
	char c = *(*at)++;
	long code;

	for (const char *pair = plain; *pair; pair += 2)
		if (*pair == c) {
			text_add(text, pair + 1, 1);
			return 0;
		}
	if (c != 'u' || strlen(*at) < 4)
		return -1;
	code = four_digits(*at);
	*at += 4;
	/* We write only these two kinds of \u: ASCII, and what was not UTF-8. */
	if (code >= 0 && code < 0x80)
		text_add(text, &(char){(char)code}, 1);
	else
		text_add_string(text, "\xef\xbf\xbd");
	return code < 0 ? -1 : 0;
}

/* Reads the string at *at, which is behind its opening quote, and moves behind its closing one. */
static int unescape(const char **at, struct text *text)
{
	while (**at && **at != '"') {
		size_t length = strcspn(*at, "\"\\");

		text_add(text, *at, length);
		*at += length;
		if (**at != '\\')
			continue;
		(*at)++;
		if (add_unescaped(text, at) < 0)
			return -1;
	}
	return *(*at)++ == '"' ? 0 : -1;
}

/* The attributes of a record, which begin at *at, up to their end; they are flat. */
static void take_extra(const char **at, struct text *extra)
{
	static const char before[] = "\"attrs\":";
	const char *end = text_starts_with(*at, before) ? strstr(*at, "},\"time\":") : NULL;

	if (!end)
		return;
	*at += strlen(before);
	text_add(extra, *at, (size_t)(end + 1 - *at));
	*at = end + 2;
}

static int parse_record(const char *line, int (*record)(void *context, const struct log_record *),
			void *context, struct error *err)
{
	static const char before[] = "{\"log\":\"", after[] = ",\"stream\":\"std";
	AUTO_TEXT struct text text = {0}, extra = {0};
	char stream[4] = "", time[CLOCK_TEXT_SIZE] = "";
	const char *at = line + strlen(before);
	struct log_record parsed;
	int used = 0;

	if (!text_starts_with(line, before) || unescape(&at, &text) < 0 ||
	    !text_starts_with(at, after) ||
	    sscanf(at + strlen(after), "%3[a-z]\",%n", stream, &used) != 1 || !used)
		return error_set(err, EINVAL, "read a log record: damaged: %.80s", line);
	at += strlen(after) + (size_t)used;
	take_extra(&at, &extra);
	if (sscanf(at, "\"time\":\"%39[^\"]\"", time) != 1)
		return error_set(err, EINVAL, "read a log record: damaged: %.80s", line);
	parsed = (struct log_record){text_string(&text), text.length, time, text_string(&extra),
				     strcmp(stream, "err") == 0 ? 2 : 1};
	return record(context, &parsed);
}

int log_read(struct rotated_reader *reader, int (*record)(void *context, const struct log_record *),
	     void *context, struct error *err)
{
	char *line;
	ssize_t length;

	while ((length = rotated_read(reader, &line, err)) > 0) {
		int result = parse_record(line, record, context, err);

		if (result != 0)
			return result;
	}
	return (int)length;
}
