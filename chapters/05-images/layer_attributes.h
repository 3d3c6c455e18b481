/*
 * Owner, mode, extended attributes and time of what a layer's entry describes.
 *
 * The order matters: chown(2) takes setuid bits and file capabilities away, so the mode comes after
 * it, and the extended attributes after that; the time comes last. What is right already is left
 * alone, since each change costs a write to the file system's journal.
 */
#ifndef LAYER_ATTRIBUTES_H
#define LAYER_ATTRIBUTES_H

#include "archive.h"
#include "error.h"

/* All of them, on a file. Extended attributes of overlayfs itself are left out; others that the
 * file system or the kernel does not allow are too, except security.capability.
 * Errors: those of the calls. xattr(7) */
int layer_attributes_set(int fd, const struct archive_entry *entry, struct error *err);

/* Owner and extended attributes of a directory. */
int layer_attributes_set_owner(int fd, const struct archive_entry *entry, struct error *err);

/* Owner and time of a symbolic link, a device or a fifo, which was just made with its mode. */
int layer_attributes_set_at(int parent, const char *name, const struct archive_entry *entry,
			    struct error *err);

/* Marks a directory so that overlayfs, mounted with userxattr, shows nothing from below in it. */
int layer_attributes_make_opaque(int fd, struct error *err);

#endif
