/*
 * The log of a container: one JSON object for each line, in Docker's json-file format.
 *
 *	{"log":"out\n","stream":"stdout","time":"2026-11-20T13:29:08.009079998Z"}
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "error.h"
#include "text.h"

/* Lines that are longer are split into several records, without "\n", as Docker does. */
#define LOG_LINE_MAX 16384

struct log_writer {
	int fd;		     /* 0: none */
	struct text part[3]; /* by stream: what has no newline yet */
};

/* Opens DIR/log.json for appending, 0640. */
int log_open(const char *dir, struct log_writer *writer, struct error *err);

/* Writes the complete lines of what was output on `stream` (1 or 2), and keeps the rest. */
int log_write(struct log_writer *writer, int stream, const char *bytes, size_t count,
	      struct error *err);

/* Writes what is left without a newline, and closes. Also after a failure. */
int log_close(struct log_writer *writer, struct error *err);

struct log_record {
	const char *text; /* of `length` bytes, valid during the call */
	size_t length;
	const char *time;
	int stream; /* 1 or 2 */
};

/* Reads the log of DIR from *offset on, calls `record` for each whole record, and moves *offset
 * behind it; a record of which the end is missing is left for the next time. Returns 0 at the end,
 * or what `record` returned if that was not 0. Errors: ENOENT; EINVAL for a damaged record. */
int log_read(const char *dir, long *offset, int (*record)(void *context, const struct log_record *),
	     void *context, struct error *err);

#endif
