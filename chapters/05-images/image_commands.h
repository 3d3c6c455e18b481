/*
 * The commands about images, of the programs of chapters 05 and 06.
 */
#ifndef IMAGE_COMMANDS_H
#define IMAGE_COMMANDS_H

#include "image_helper.h"
#include "store.h"

/* Runs "pull", which ends in the whole name of the image, or "images", a table as Docker's, to
 * request->output_fd.
 * Errors: EINVAL for another command; those of image_helper_pull and store_list. */
int image_command(const char *command, const struct image_request *request, struct error *err);

/* Finds an image in the store, and pulls it if it is not there, which is told on standard error:
 * "Unable to find image 'x:latest' locally". The caller releases *image. Errors: those of
 * store_find and image_helper_pull. */
int image_find_or_pull(const struct image_request *request, struct image *image, struct error *err);

#endif
