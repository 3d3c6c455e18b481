/*
 * What coracle-image does to images, written down as events.
 */
#ifndef IMAGE_ACTIONS_H
#define IMAGE_ACTIONS_H

#include "engine.h"
#include "error.h"
#include "image_helper.h"
#include "text.h"

/* As image_helper_pull, image_helper_remove and image_helper_archive; request->root is the engine's. */
int image_pull(const struct engine *engine, const struct image_request *request, struct error *err);
int image_remove(const struct engine *engine, const struct image_request *request,
		 const struct strings *in_use, struct error *err);
int image_archive(const struct engine *engine, const struct image_request *request,
		  const struct image_archive *archive, struct error *err);

#endif
