/*
 * What run and create read and write beside the container: --env-file, --cidfile, --label,
 * --label-file; and the values of --restart and --pull.
 */
#ifndef RUN_FILES_H
#define RUN_FILES_H

#include "container.h"
#include "error.h"
#include "text.h"

/* Adds the variables of files, a line each, "NAME=value" or a NAME that our own environment has.
 * Errors: EINVAL for a name with a space; those of file_read. */
int run_read_env_files(const struct strings *paths, struct strings *env, struct error *err);

/* Makes the file that is to hold the id, and leaves its descriptor in *fd; NULL: none.
 * Errors: EEXIST with Docker's words. */
int run_open_cidfile(const char *path, int *fd, struct error *err);

/* Parsers for --restart, a struct restart_policy; --pull, a char *; --label-file, of which the struct
 * strings gets the lines. */
int run_option_restart(void *field, const char *value, struct error *err);
int run_option_pull(void *field, const char *value, struct error *err);
int run_option_label_file(void *field, const char *value, struct error *err);

/* Adds what the image says, and what the options say over it, "key=value", sorted by key. */
void run_merge_labels(const struct strings *image, const struct strings *options,
		      struct strings *labels);

#endif
