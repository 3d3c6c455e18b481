/* The options of chapter 05. */
#ifndef IMAGE_OPTIONS_H
#define IMAGE_OPTIONS_H

#include <stdbool.h>

#include "image_config.h"
#include "image_helper.h"
#include "options.h"

struct image_options {
	char *root, *platform, *entrypoint;
	bool quiet;
};
extern const struct option_row image_option_rows[];

/* A request for an image with these options, to standard output; its strings stay theirs. `root` is
 * for want of --root; NULL: /var/lib/coracle. */
struct image_request image_options_request(const struct image_options *options, const char *root,
					   const char *name);

/* Lets config->cmd be the whole command: what the image says, and what the user says instead, as
 * image_config_argv tells; and its working directory an absolute path. Errors: EINVAL. */
int image_options_apply(const struct image_options *options, char *const *command,
			struct image_config *config, struct error *err);

void image_options_release(struct image_options *options);

#endif
