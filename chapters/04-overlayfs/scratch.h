/* The directories around one overlay that lives as long as its container. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "cleanup.h"
#include "error.h"

/* Invariant: a zeroed struct is empty. */
struct scratch {
	char *base;  /* private, made by us, and removed with all that is in it */
	char *upper; /* for what is written: in `base`, or the caller's, which stays */
	char *work;  /* overlayfs's own; on the same file system */
	char *root;  /* where the overlay can be mounted */
};

/* Makes them. With `keep` (an absolute path, made if missing) that is the upper directory, and the
 * others are made beside it; else all are below `parent` (NULL: /var/tmp). On failure nothing is
 * left behind. The caller releases *scratch. */
int scratch_make(struct scratch *scratch, const char *parent, const char *keep, struct error *err);

/* Removes the directories, as far as that is possible. */
void scratch_release(struct scratch *scratch);
#define AUTO_SCRATCH CLEANUP(scratch_release)

#endif
