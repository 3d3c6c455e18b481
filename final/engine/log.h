/*
 * The log of a container: one JSON object for each line, in Docker's json-file format; in several
 * files if it is to be bounded.
 *
 *	{"log":"out\n","stream":"stdout","time":"2026-11-20T13:29:08.009079998Z"}
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "error.h"
#include "log_settings.h"
#include "rotated.h"
#include "text.h"

/* Lines that are longer are split into several records, without "\n", as Docker does. */
#define LOG_LINE_MAX 16384

struct log_writer {
	int fd; /* 0: none */
	char *path;
	uint64_t bytes, max_bytes, max_files;
	char *extra;	     /* a member of each record, `"attrs":{…},`; NULL: none */
	struct text part[3]; /* by stream: what has no newline yet */
};

/* Opens DIR/log.json for appending, 0640, as `settings` say. `attributes`, "name=value" each, go into
 * every record. If nothing is to be kept, nothing is opened, and what is written goes nowhere. */
int log_open(const char *dir, const struct log_settings *settings, const struct strings *attributes,
	     struct log_writer *writer, struct error *err);

/* Writes the complete lines of what was output on `stream` (1 or 2), and keeps the rest. */
int log_write(struct log_writer *writer, int stream, const char *bytes, size_t count,
	      struct error *err);

/* Writes what is left without a newline, and closes. Also after a failure. */
int log_close(struct log_writer *writer, struct error *err);

struct log_record {
	const char *text; /* of `length` bytes, valid during the call */
	size_t length;
	const char *time;
	const char *extra; /* the value of "attrs", `{"name":"value"}`; "" */
	int stream;	   /* 1 or 2 */
};

/* Reads what is there on, calls `record` for each whole record, and returns 0 at the end, or what
 * `record` returned if that was not 0. The reader's path is DIR/log.json. No log is an empty one.
 * Errors: EINVAL for a damaged record. */
int log_read(struct rotated_reader *reader, int (*record)(void *context, const struct log_record *),
	     void *context, struct error *err);

#endif
