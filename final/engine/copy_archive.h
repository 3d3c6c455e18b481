/* The archive's side of a copy: `coracle cp NAME:PATH -` and `coracle cp - NAME:PATH`. */
#ifndef COPY_ARCHIVE_H
#define COPY_ARCHIVE_H

#include "error.h"
#include "place.h"

/* Writes what is at a place, under the name it was asked for by, as a tar archive. */
int copy_archive_write(const struct place *from, int output_fd, struct error *err);

/* Unpacks a tar archive into the open directory. What is in the way is replaced, but for directories,
 * which are added to; owners are the archive's. No name and no link of the archive or of the directory leads out of it.
 * Errors: EINVAL, EBADMSG for what is refused. */
int copy_archive_read(int target_fd, int input_fd, struct error *err);

#endif
