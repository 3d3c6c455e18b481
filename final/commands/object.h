/*
 * Containers and images as JSON objects, in the shape that Docker's inspect gives them. A field of
 * Docker's that has no counterpart here is left out, or has the value that says so.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include <cjson/cJSON.h>

#include "container.h"
#include "engine.h"
#include "error.h"
#include "store.h"
#include "volume_store.h"

/* The caller frees the result with cJSON_Delete. */
cJSON *object_of_container(const struct engine *engine, const struct container *container);

/* The parts of it that tell of volumes (object_mounts.c): what was asked for, in HostConfig, and what
 * is mounted. */
void object_add_volume_wishes(cJSON *host_config, const struct container_config *config);
void object_add_mounts(cJSON *object, const struct engine *engine,
		       const struct container_config *config);

/* The part of HostConfig about what its process may do (object_attributes.c). */
void object_add_attributes(cJSON *host_config, const struct container_config *config);
void object_add_sharing(cJSON *host_config, const struct sharing *sharing);

/* The parts about networks (object_network.c): NetworkSettings; the ports `exposed` and `bound` (each
 * perhaps NULL) as an object. */
void object_add_network_settings(cJSON *object, const struct engine *engine,
				 const struct container *container);
void object_add_ports(cJSON *object, const char *name, const struct strings *exposed,
		      const struct strings *bound);

/* Its ports while it runs (object_ports.c): as ps shows them; and whether one of the range that a filter
 * names, "80", "80-90/udp", is among them: of the host's, or of its own. */
void object_ports_text(const struct container *container, struct text *text);
bool object_has_port(const struct container *container, const char *range, bool of_host);

/* A row of a list of containers: strings, shortened unless `whole`. */
cJSON *object_row_of_container(const struct container *container, bool whole);

/* The same for images, whose name is the given one, and for volumes. */
cJSON *object_row_of_image(const struct image *image, const struct reference *name, bool whole);
cJSON *object_row_of_volume(const struct stored_volume *volume);

/* A volume as inspect shows it. */
cJSON *object_of_stored_volume(const struct stored_volume *volume);

/* Adds "CreatedAt", as the host's clock shows it: "2026-11-20 16:46:06 +0000 UTC". */
void object_add_created(cJSON *row, const char *created);

/* Adds "key=value" texts to a row of a list: "Labels", and "Label" for templates. */
void object_add_row_labels(cJSON *row, const struct strings *labels);

/* Adds "key=value" texts as members. */
void object_add_labels(cJSON *object, const struct strings *labels);

/* The same as the first for an image; NULL on failure. Errors: EIO, EINVAL if the store is damaged. */
cJSON *object_of_image(const struct engine *engine, const struct image *image, struct error *err);

#endif
