/*
 * A directory as a tar archive, with all that is in it: docker export; also a part of it, and an
 * upper directory as a layer.
 */
#ifndef TREE_ARCHIVE_H
#define TREE_ARCHIVE_H

#include "error.h"

/* Writes everything below root_fd, sorted by name, to output_fd. Sockets are left out, as they mean
 * nothing elsewhere; a file that goes away meanwhile is, too. Links are not followed. */
int tree_archive_write(int root_fd, int output_fd, struct error *err);

/* Writes what NAME is in the directory dir_fd, with all that is in it, as `as`: docker cp. */
int tree_archive_write_one(int dir_fd, const char *name, const char *as, int output_fd,
			   struct error *err);

/* Writes the upper directory of an overlay as a layer: its whiteouts and opaque directories become
 * what they are in an archive, and places that were made to mount on are left out. */
int tree_archive_write_layer(int upper_fd, int output_fd, struct error *err);

#endif
