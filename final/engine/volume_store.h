/*
 * Volumes that the engine keeps: directories that outlive containers.
 *
 *	ROOT/volumes/NAME/_data          what is mounted
 *	ROOT/volumes/NAME/volume.json    when it was made, for whom, its labels
 *	ROOT/volumes/.lock               of those who make, fill and remove
 *
 * A volume has its name by one rename, whole; it loses it by one rename.
 */
#ifndef VOLUME_STORE_H
#define VOLUME_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "engine.h"
#include "error.h"
#include "text.h"

struct stored_volume {
	char *name, *dir, *path; /* the last is DIR/_data */
	char *created_at;
	char *made_for;	       /* the id of the container it was made for without a name; NULL */
	bool anonymous;	       /* it was made without a name */
	struct strings labels; /* "key=value", by key */
	/* What is mounted instead of DIR/_data, by key: none, or "device", "o" and "type" as for
	 * mount(8). A tmpfs is each container's own. */
	struct strings options;
};

/* Takes the lock under which volumes are made, filled and removed. Returns a descriptor. flock(2) */
int volume_store_lock(const struct engine *engine, struct error *err);

/* Makes a volume, or finds the one of that name. Without a name one is made up: 64 hex digits.
 * `wanted` has name, labels, options and made_for. The caller releases *volume.
 * Errors: EINVAL for a bad name or option, with Docker's words; ENOTSUP for another type than tmpfs and
 * bind mounts. */
int volume_store_create(const struct engine *engine, const struct stored_volume *wanted,
			struct stored_volume *volume, struct error *err);

/* Finds one. Errors: ENOENT "get NAME: no such volume". */
int volume_store_find(const struct engine *engine, const char *name, struct stored_volume *volume,
		      struct error *err);

/* The value of an option; NULL if it was not given. It stays the volume's. */
const char *stored_volume_option(const struct stored_volume *volume, const char *name);

/* Whether a word is one of its option "o", "ro,bind". */
bool stored_volume_has_flag(const struct stored_volume *volume, const char *flag);

/* The directory that is mounted; NULL for a tmpfs. It stays the volume's. */
const char *stored_volume_source(const struct stored_volume *volume);

/* All of them, by name. The caller releases each and frees *volumes. */
int volume_store_list(const struct engine *engine, struct stored_volume **volumes, size_t *count,
		      struct error *err);

/* Adds the ids of the containers that use it, whether they run or not. Fails if the record of a container
 * can't be read. */
int volume_store_users(const struct engine *engine, const char *name, struct strings *ids,
		       struct error *err);

/* Removes one. Errors: ENOENT; EBUSY "remove NAME: volume is in use - [ID, …]". */
int volume_store_remove(const struct engine *engine, const char *name, struct error *err);

/* Removes those that were made for this container without a name, as far as no other uses them.
 * `texts` is its record of volumes. */
void volume_store_remove_made_for(const struct engine *engine, const char *id,
				  const struct strings *texts);

void stored_volume_release(struct stored_volume *volume);
#define AUTO_STORED_VOLUME CLEANUP(stored_volume_release)

#endif
