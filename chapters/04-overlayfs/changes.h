/*
 * What changed: the upper directory of an overlay, compared with the layers below it. Nothing is
 * mounted; it may be in use.
 */
#ifndef CHANGES_H
#define CHANGES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "error.h"
#include "text.h"

/* Adds a line for each change, in the order of the paths, as `docker diff` does: "A /path" for what
 * was added, "C /path" for what was changed (of a directory: also what is in it), "D /path" for
 * what was deleted, of a tree only its top. `layers` are directories, bottom first. What was copied
 * up and is the same as before is no change, nor are the places that are made for every container
 * to mount on. */
int changes_list(const char *upper, const struct strings *layers, struct strings *changes,
		 struct error *err);

/* Whether what is at the absolute path is one of the places that are made for every container to
 * mount on: an empty file, or a directory; or one of Docker's signs, /.dockerenv and the link
 * /etc/mtab. Docker has these in a layer of their own, below the container's; what somebody puts
 * into one is a change. */
bool changes_is_place_to_mount(const char *path, const struct stat *st);

#endif
