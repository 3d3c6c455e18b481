/* The archive's side of a copy: `coracle cp NAME:PATH -` and `coracle cp - NAME:PATH`. */
#ifndef COPY_ARCHIVE_H
#define COPY_ARCHIVE_H

#include <stdint.h>

#include "error.h"
#include "place.h"

/* Writes what is at a place, under its name, as a tar archive. */
int copy_archive_write(const struct place *from, int output_fd, struct error *err);

/* Unpacks a tar archive into the open directory. What is in the way is replaced, but for directories,
 * which are added to; owners and modes are the archive's. Links of the directory are followed as in the
 * container: the calling process's root becomes root_fd, so that none leads out. What was read is added to *bytes.
 * Errors: EINVAL, EBADMSG for what is refused; ENOTDIR, EISDIR with Docker's words. */
int copy_archive_read(int root_fd, int target_fd, int input_fd, uint64_t *bytes, struct error *err);

#endif
