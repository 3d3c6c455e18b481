/*
 * The file system of a container as an archive: docker export.
 */
#ifndef EXPORT_H
#define EXPORT_H

#include "container.h"
#include "engine.h"
#include "error.h"

/* Writes what the container's own file system holds, running or not, to output_fd: without what is
 * mounted in it, such as volumes. */
int export_container(const struct engine *engine, const struct container *container, int output_fd,
		     struct error *err);

#endif
