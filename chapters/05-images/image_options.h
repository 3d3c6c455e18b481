/* The options of chapter 05, and what every program that uses images does the same way. */
#ifndef IMAGE_OPTIONS_H
#define IMAGE_OPTIONS_H

#include <stdbool.h>

#include "options.h"

struct image_options {
	char *root, *platform, *entrypoint;
	bool quiet;
};
extern const struct option_row image_option_rows[];

void image_options_release(struct image_options *options);

#endif
