/*
 * Volumes: directories and files of the host, mounted into a container.
 */
#ifndef VOLUME_H
#define VOLUME_H

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "error.h"

struct volume {
	char *source; /* absolute path on the host */
	char *target; /* absolute path in the container */
	bool read_only;
};

struct volumes {
	struct volume *items;
	size_t count;
};

/* Adds "SRC:DST[:ro|rw]", Docker's -v. Errors: EINVAL and EEXIST, with
 * Docker's words; ENOTSUP for a volume without a host path. */
int volumes_add(struct volumes *volumes, const char *text, struct error *err);

/* Adds a bind of one file of ours, such as resolv.conf. */
void volumes_add_file(struct volumes *volumes, const char *source, const char *target,
		      bool read_only);

/* Makes the sources that are missing, as directories, like docker -v. In the parent or the child,
 * before volumes_mount. */
int volumes_prepare(const struct volumes *volumes, struct error *err);

/* Binds them below the directory `root`, those with fewer path components first, recursively and
 * private. A target that is missing is made, a directory for a directory, a file for a file.
 * Targets are resolved inside the root: a link of the image can't lead out.
 * Errors: ENOTDIR for a file on a directory and the reverse, as Docker says it. */
int volumes_mount(const struct volumes *volumes, const char *root, struct error *err);

void volumes_release(struct volumes *volumes);
#define AUTO_VOLUMES CLEANUP(volumes_release)

#endif
