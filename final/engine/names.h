/*
 * Names of containers: ROOT/names/NAME is a link to the id. Making the link is taking the name, so
 * two commands can't have the same one. Under engine_lock, except names_look_up.
 */
#ifndef NAMES_H
#define NAMES_H

#include "container.h"
#include "engine.h"
#include "error.h"

/* Makes up a free name of two words. The caller frees *name. */
int names_make(const struct engine *engine, char **name, struct error *err);

/* Where a name begins: Docker takes "/boat" for "boat". */
const char *names_without_slash(const char *name);

/* Takes a name for an id; one that leads to no container any more is free.
 * Errors: EEXIST, EINVAL with Docker's words. */
int names_take(const struct engine *engine, const char *name, const char *id, struct error *err);

/* Gives a name back if it is this id's. */
void names_drop(const struct engine *engine, const char *name, const char *id);

/* Removes the link `path`, wherever it is below the root, if it leads to this id. */
void names_drop_link(const struct engine *engine, const char *path, const char *id);

/* Finds the id of a name. Returns -1 if there is none. */
int names_look_up(const struct engine *engine, const char *name, char id[CONTAINER_ID_LENGTH + 1]);

#endif
