/*
 * Files of lines that only grow, and are put aside when they are full: PATH is the one that is
 * written, PATH.1 the one before, PATH.2 the one before that.
 *
 * Who reads sees every line once, in order, however often the files are renamed meanwhile: files are
 * told apart by what they are, not by what they are called.
 */
#ifndef ROTATED_H
#define ROTATED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cleanup.h"
#include "error.h"

/* Renames PATH to PATH.1, that one to PATH.2, and so on, so that there are at most `files` with the
 * one that is made next; with 1, it goes. Whoever has it open can read it to its end. */
int rotated_put_aside(const char *path, uint64_t files, struct error *err);

/* A zeroed struct with a path is at the beginning of the oldest file. */
struct rotated_reader {
	char *path; /* its own */
	bool once;  /* it never goes back: what was read is closed */
	FILE **files;
	size_t count, current; /* oldest first; those before `current` were read, or never opened */
	long offset;	       /* of the next line in the current one */
	char *line;
	size_t line_size;
};

/* Reads the next whole line: returns its length, with the newline, and sets *line to it, valid until
 * the next call. Returns 0 if there is none now; a line whose end is missing is left for later.
 * Errors: EACCES, EIO, … */
ssize_t rotated_read(struct rotated_reader *reader, char **line, struct error *err);

/* Goes back to the first line that it has read. */
void rotated_rewind(struct rotated_reader *reader);

void rotated_release(struct rotated_reader *reader);
#define AUTO_ROTATED_READER CLEANUP(rotated_release)

#endif
