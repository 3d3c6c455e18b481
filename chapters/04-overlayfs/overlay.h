/*
 * overlayfs: read-only layers and a writable directory seen as one tree.
 */
#ifndef OVERLAY_H
#define OVERLAY_H

#include <stdbool.h>

#include "error.h"
#include "text.h"

struct overlay {
	struct strings layers; /* directories, bottom first, as in an image's manifest; 1 to 128 */
	const char *upper;     /* takes what is written; NULL: a read-only view */
	const char *work;      /* empty, on the file system of `upper` */
};

/* Mounts the overlay on `target`, in the caller's mount namespace, with userxattr: opaque
 * directories are marked by user.overlay.opaque, here and in the layers. Paths may be of any length
 * and hold any character.
 * Errors: ENODEV if the kernel has no overlayfs; EINVAL among others if `upper` is itself on an
 * overlayfs; ENOENT naming the directory that is missing. mount(2), fsconfig(2) */
int overlay_mount(const struct overlay *overlay, const char *target, struct error *err);

/* Whether an extended attribute is overlayfs's own mark: it describes the place where it is, so it is
 * neither copied to another nor taken from an archive. */
bool overlay_owns_attribute(const char *name);

#endif
