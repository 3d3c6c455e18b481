/*
 * Volumes: directories and files of the host, volumes of the engine, and tmpfs, mounted into a
 * container. volume_text.c reads and writes them as Docker's -v, --mount and --tmpfs do.
 */
#ifndef VOLUME_H
#define VOLUME_H

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "error.h"
#include "text.h"

enum volume_type { VOLUME_BIND, VOLUME_NAMED, VOLUME_TMPFS };

struct volume {
	enum volume_type type;
	/* BIND: absolute path on the host; NAMED: its name, NULL if it is to be made up; else NULL */
	char *source;
	char *target;		 /* absolute path in the container */
	char *tmpfs_options;	 /* "noexec,nosuid,nodev,size=64m"; NULL unless TMPFS */
	const char *propagation; /* "rslave" and so on; NULL: rprivate */
	bool by_mount;		 /* given as --mount: a source that is missing is refused */
	bool read_only;
	bool writable_inside; /* read-only, but not what is mounted inside the source */
	bool flat;	      /* without what is mounted inside the source */
	bool no_copy;	      /* NAMED: do not fill it from the image */
	bool whole_options;   /* TMPFS: nothing is added to its options */
	char *subpath;	      /* what of the source is mounted, whatever its links say; NULL: all */
	struct strings labels, driver_options; /* NAMED: "key=value", if it is to be made */
	int tree; /* the source, as volumes_prepare took it; 0: not taken */
};

struct volumes {
	struct volume *items;
	size_t count;
};

/* --- as text: volume_text.c ------------------------------------------------------------------ */

/* Adds "[SRC:]DST[:MODES]", Docker's -v. Errors: EINVAL and EEXIST, with Docker's words. */
int volumes_add(struct volumes *volumes, const char *text, struct error *err);

/* Adds "type=bind,source=SRC,target=DST,…", Docker's --mount: a line of CSV. Errors as above. */
int volumes_add_mount(struct volumes *volumes, const char *text, struct error *err);

/* Adds "DST[:OPTIONS]", Docker's --tmpfs. Errors as above. */
int volumes_add_tmpfs(struct volumes *volumes, const char *text, struct error *err);

/* Adds a bind of one file of ours, such as resolv.conf. */
void volumes_add_file(struct volumes *volumes, const char *source, const char *target,
		      bool read_only);

/* Adds a named volume; without a name if `name` is NULL. */
void volumes_add_named(struct volumes *volumes, const char *name, const char *target);

/* Adds a copy of a volume (without `tree`). */
void volumes_add_copy(struct volumes *volumes, const struct volume *volume);

/* Whether something is to be mounted at exactly that place. */
bool volumes_have_target(const struct volumes *volumes, const char *target);

/* Writes one so that volumes_read gives it again. */
void volume_write(const struct volume *volume, struct text *text);
int volumes_read(struct volumes *volumes, const char *text, struct error *err);

/* Whether a name may be a volume's. Errors: EINVAL with Docker's words. */
int volume_check_name(const char *name, struct error *err);

/* Whether volumes can be kept by a driver: only by "local". Errors: ENOTSUP with Docker's words. */
int volume_check_driver(const char *driver, struct error *err);

/* --- as mounts: volume.c --------------------------------------------------------------------- */

/* What has to be done in the mount namespace of the host: makes the sources that are missing, as
 * directories, like docker -v; and takes those whose mounts are to be shared with the host, and parts
 * of a source, which a container may just be moving.
 * Errors: EINVAL for a source that --mount names and that is missing, and for a source that is not
 * shared; ENOTSUP for a named volume, which the caller has to turn into a bind; PROCESS_NOT_FOUND, as
 * Docker's client takes it, for a part that is missing. */
int volumes_prepare(struct volumes *volumes, struct error *err);

/* Mounts them below the directory `root`, those with fewer path components first. A target that is
 * missing is made, a directory for a directory, a file for a file. Targets are resolved inside the
 * root: a link of the image can't lead out.
 * Errors: PROCESS_NOT_FOUND for a file on a directory and the reverse, as Docker's client takes
 * it; EPERM inside /proc. */
int volumes_mount(const struct volumes *volumes, const char *root, struct error *err);

void volume_release(struct volume *volume);
void volumes_release(struct volumes *volumes);
#define AUTO_VOLUME CLEANUP(volume_release)
#define AUTO_VOLUMES CLEANUP(volumes_release)

#endif
