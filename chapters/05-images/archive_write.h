/*
 * Tar archives, written as a stream: ustar, with PAX records where a value does not fit. tar(5)
 */
#ifndef ARCHIVE_WRITE_H
#define ARCHIVE_WRITE_H

#include "archive.h"
#include "error.h"

/* Writes an entry's header. The data of an ARCHIVE_FILE comes next, entry->size_bytes of it. Times
 * are cut to whole seconds, as Docker does. */
int archive_write_entry(int fd, const struct archive_entry *entry, struct error *err);

/* Writes data from memory; from the descriptor of a file, whose size may have changed since: what is
 * missing is zeros, what is more is left out. Both pad it to a whole block. */
int archive_write_bytes(int fd, const void *bytes, size_t count, struct error *err);
int archive_write_file(int fd, int from_fd, uint64_t size_bytes, struct error *err);

/* A directory and a whole file, root's and of 1970: the same content gives the same archive. */
int archive_write_plain_directory(int fd, const char *name, struct error *err);
int archive_write_plain_file(int fd, const char *name, const void *bytes, size_t count,
			     struct error *err);

/* Writes the end. */
int archive_write_end(int fd, struct error *err);

#endif
