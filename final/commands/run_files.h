/*
 * What run and create read and write beside the container: --env-file, --cidfile, --label.
 */
#ifndef RUN_FILES_H
#define RUN_FILES_H

#include "error.h"
#include "text.h"

/* Adds the variables of a file, a line each, "NAME=value" or a NAME that our own environment has.
 * Errors: EINVAL for a name with a space; those of file_read. */
int run_read_env_file(const char *path, struct strings *env, struct error *err);

/* Makes the file that is to hold the id; NULL: none. Returns a descriptor, or 0 without a path.
 * Errors: EEXIST with Docker's words. */
int run_open_cidfile(const char *path, struct error *err);

/* Adds what the image says, and what the options say over it, "key=value", sorted by key. */
void run_merge_labels(const struct strings *image, const struct strings *options,
		      struct strings *labels);

#endif
