/*
 * A directory as a tar archive, with all that is in it: docker export.
 */
#ifndef TREE_ARCHIVE_H
#define TREE_ARCHIVE_H

#include "error.h"

/* Writes everything below root_fd, sorted by name, to output_fd. Sockets are left out, as they mean
 * nothing elsewhere; a file that goes away meanwhile is, too. Links are not followed. */
int tree_archive_write(int root_fd, int output_fd, struct error *err);

#endif
