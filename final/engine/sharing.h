/*
 * What a container has in common with others: namespaces that it joins, and the ids of the host that
 * its own are.
 */
#ifndef SHARING_H
#define SHARING_H

#include <cjson/cJSON.h>

#include "engine.h"
#include "error.h"
#include "namespaces.h"

/* As it is recorded. Zeroed: its own of everything. */
struct sharing {
	/* "host", "container:ID", or a file of /proc; NULL: its own. The network is recorded elsewhere. */
	char *from[NAMESPACE_KINDS];
	char *ipc;    /* "none", "private" or "shareable"; NULL: private, or as `from` says */
	char *userns; /* "host", "keep-id", "auto"; NULL: host */
	struct id_map ids;
	int64_t boottime_s;
};

/* The files that it stands for while the others run. The caller releases it. */
struct sharing_files {
	char *from[NAMESPACE_KINDS];
	char *shm_of; /* for rootfs_wishes */
};

/* Its part of config.json. */
void sharing_add(cJSON *config, const struct sharing *sharing);
int sharing_read(const cJSON *config, struct sharing *sharing, struct error *err);

/* Puts the full id for each NAME of "container:NAME". Errors: those of container_find. */
int sharing_resolve(const struct engine *engine, struct sharing *sharing, struct error *err);

/* Finds a range of ids for container `id` that no other has, if it wants one ("auto"), under the lock
 * of the engine. Errors: ENOENT if there is none. */
int sharing_claim_ids(const struct engine *engine, const char *id, struct sharing *sharing,
		      struct error *err);

/* Gives the range back if it is container `id`'s. */
void sharing_give_back_ids(const struct engine *engine, const char *id,
			   const struct sharing *sharing);

/* Finds the files of the namespaces to join. Errors: EINVAL if a container that it shares with does
 * not run, or does not share. */
int sharing_open(const struct engine *engine, const struct sharing *sharing,
		 struct sharing_files *files, struct error *err);

/* Gives what the parent has made for the command, pipes, to the root of its user namespace. */
int sharing_give_streams(const struct sharing *sharing, const int stdio[3], struct error *err);

void sharing_release(struct sharing *sharing);
void sharing_files_release(struct sharing_files *files);

#endif
