/*
 * --change of import and commit: lines of a Dockerfile that change the config of an image.
 */
#ifndef IMAGE_CHANGE_H
#define IMAGE_CHANGE_H

#include <cjson/cJSON.h>

#include "error.h"

/* Applies "CMD [\"sh\"]", "ENV A=1 B=2" and their like to the "config" object of an image's config:
 * CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR.
 * Errors: EINVAL for others, with Docker's words, and for values that are none. */
int image_change_apply(cJSON *config, const char *line, struct error *err);

#endif
