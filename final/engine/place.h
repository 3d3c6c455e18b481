/*
 * Places in a tree of files whose links may lead anywhere: the two ends of a copy.
 */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "error.h"

/* A name in an open directory. A zeroed struct holds nothing. */
struct place {
	int parent;  /* 0: none */
	char *name;  /* what it is called there; "." for the parent itself */
	char *asked; /* the last part of the path as it was given: what a copy is called */
	bool exists;
	struct stat st;	      /* if it exists; of a link itself, unless it was followed */
	bool wants_directory; /* the path ends in a slash */
	bool contents;	      /* the path ends in "/.": what is in it is meant */
};

/* Finds `path` as a process with the root `root_fd` would: no link leads out. A link at its end is
 * followed if `follow`. The directory that it is in must be there. The caller releases *place.
 * Errors: those of openat2(2); ELOOP. */
int place_find(int root_fd, const char *path, bool follow, struct place *place, struct error *err);

void place_release(struct place *place);
#define AUTO_PLACE CLEANUP(place_release)

#endif
