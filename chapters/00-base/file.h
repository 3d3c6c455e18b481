/*
 * Whole files: read with a limit, written in one call, replaced at a stroke.
 */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "text.h"

/* Reads the whole file, below the directory `dir_fd` (AT_FDCWD for the current one). The result
 * ends in a NUL. Errors: EFBIG if it is larger than `most` bytes. `text` is untouched on failure,
 * else replaced; the caller releases it. */
int file_read(int dir_fd, const char *path, size_t most, struct text *text, struct error *err);

/* The same for a descriptor, from its offset to its end; `path` is for the error. */
int file_read_fd(int fd, const char *path, size_t most, struct text *text, struct error *err);

/* Writes a value to an existing file in one write(2), as the files of /proc and of cgroups want. */
int file_write_value(int dir_fd, const char *path, const char *value, struct error *err);

/* Writes all of the bytes, going on after a short write or EINTR. */
int file_write_all(int fd, const void *bytes, size_t count, const char *path, struct error *err);

/* Makes `path` hold exactly these bytes, by a temporary file beside it and rename(2): a reader, or
 * a crash, sees the old content or the new. With `durable` it is on the disk when this returns. */
int file_replace(const char *path, const struct text *content, mode_t mode, bool durable,
		 struct error *err);

#endif
