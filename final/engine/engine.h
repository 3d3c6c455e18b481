/*
 * The engine: everything that belongs to one data root.
 *
 *	ROOT/blobs refs layers           the image store (chapter 05)
 *	ROOT/containers/ID/              config.json state.json log.json hostname hosts resolv.conf
 *	                                 lock upper/ work/ rootfs/
 *	ROOT/names/NAME -> ID            a name is taken by making the link
 *	ROOT/networks/                   subnets and address leases (chapter 06)
 *	ROOT/events.json                 what has happened
 *	RUN/ID/monitor                   locked as long as the container's monitor lives
 *
 * A root that is not the default is a world of its own: its run directory, cgroup and bridge carry
 * a hash of its path.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "cleanup.h"
#include "error.h"

#define ENGINE_DEFAULT_ROOT "/var/lib/coracle"

struct engine {
	char *root;	     /* absolute */
	char *run;	     /* "/run/coracle" */
	char *cgroup_parent; /* "coracle" */
};

/* Makes the directories that are missing, 0700. The caller releases *engine.
 * Errors: EACCES without root; ENOSPC, EROFS. */
int engine_open(const char *root, struct engine *engine, struct error *err);

/* Takes the lock under which containers are made and names change; waits for it. Returns a
 * descriptor; closing it gives the lock back. flock(2) */
int engine_lock(const struct engine *engine, struct error *err);

#define ENGINE_ID_SIZE 65

/* Makes up an id: 64 hex digits. getrandom(2) */
int engine_make_id(char id[ENGINE_ID_SIZE], struct error *err);

void engine_release(struct engine *engine);
#define AUTO_ENGINE CLEANUP(engine_release)

#endif
