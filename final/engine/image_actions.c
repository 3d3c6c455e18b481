/* Images and events; see image_actions.h. */
#include "image_actions.h"

#include <string.h>

#include "events.h"
#include "reference.h"
#include "store.h"

int image_pull(const struct engine *engine, const struct image_request *request, struct error *err)
{
	AUTO_REFERENCE struct reference reference = {0};
	AUTO_FREE char *familiar = NULL;
	struct error unread;

	if (image_helper_pull(request, err) < 0)
		return -1;
	if (reference_parse(request->name, &reference, &unread) < 0)
		return 0;
	familiar = reference_familiar_text(&reference);
	events_add_image(engine, "pull", familiar, reference.familiar);
	return 0;
}

/* The id of an image; NULL if there is none, or it can't be read. */
static char *find_id(const struct engine *engine, const char *name)
{
	AUTO_IMAGE struct image image = {0};
	struct error none;

	return store_find(engine->root, name, &image, &none) < 0 ? NULL : take_ptr(&image.id);
}

int image_remove(const struct engine *engine, const struct image_request *request,
		 const struct strings *in_use, struct error *err)
{
	AUTO_FREE char *id = find_id(engine, request->name), *left = NULL;

	if (image_helper_remove(request, in_use, err) < 0)
		return -1;
	if (!id)
		return 0;
	events_add_image(engine, "untag", id, id);
	left = find_id(engine, id);
	if (!left)
		events_add_image(engine, "delete", id, id);
	return 0;
}

int image_archive(const struct engine *engine, const struct image_request *request,
		  const struct image_archive *archive, struct error *err)
{
	AUTO_FREE char *id = NULL;

	if (image_helper_archive(request, archive, err) < 0)
		return -1;
	if (strcmp(archive->command, "tag") != 0)
		return 0;
	id = find_id(engine, archive->operands->items[0]);
	if (id)
		events_add_image(engine, "tag", id, archive->operands->items[0]);
	return 0;
}
