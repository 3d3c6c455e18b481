/*
 * The volumes of one container: from what was asked for to what is mounted.
 */
#ifndef CONTAINER_VOLUMES_H
#define CONTAINER_VOLUMES_H

#include <stdbool.h>

#include "container.h"
#include "engine.h"
#include "error.h"
#include "store.h"
#include "text.h"
#include "volume.h"

/* Before a container is made: config->volumes says what the options ask for. Added are the volumes
 * of other containers (`from`: "NAME[:ro|rw]") and those that the image wants. Each named volume that
 * is missing is made, those without a name get one, and empty ones are filled with what the image has
 * at their place. On failure, those that were made for it are removed.
 * Errors: ENOENT for an unknown container; EEXIST; those of the copy. */
int container_claim_volumes(const struct engine *engine, const struct image *image,
			    const struct strings *from, struct container_config *config,
			    struct error *err);

/* What is to be mounted: named volumes have become binds of their directories, which are made again
 * if somebody has removed them; all sources are there. `with_tmpfs`: also the tmpfs ones. In the
 * mount namespace of the host. The caller releases *volumes. */
int container_volumes(const struct engine *engine, const struct container_config *config,
		      bool with_tmpfs, struct volumes *volumes, struct error *err);

/* What the record says, as it is. The caller releases *volumes. */
int container_volumes_read(const struct container_config *config, struct volumes *volumes,
			   struct error *err);

#endif
