/* The options of chapter 04. */
#ifndef OVERLAY_OPTIONS_H
#define OVERLAY_OPTIONS_H

#include <stdbool.h>

#include "options.h"
#include "text.h"
#include "volume.h"

struct storage_options {
	struct volumes volumes;
	bool read_only;
};
extern const struct option_row storage_option_rows[];
void storage_options_release(struct storage_options *options);

/* Of the program that is given layers as directories: chapter 04 only. */
struct layer_options {
	struct strings layers; /* bottom first */
	char *upper;	       /* NULL: a directory that is removed afterwards */
};
extern const struct option_row layer_option_rows[];

/* Makes the paths absolute. Errors: EINVAL if there is no layer, or for an upper directory with the
 * userns "auto" (NULL: none is given); ENOENT, ENOTDIR for a layer that is not a directory. */
int layer_options_check(struct layer_options *options, const char *userns, struct error *err);
void layer_options_release(struct layer_options *options);

#endif
