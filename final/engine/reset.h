/*
 * What is done to a data root as a whole: started with the machine, and emptied.
 */
#ifndef RESET_H
#define RESET_H

#include "engine.h"
#include "error.h"
#include "text.h"

/* Starts, once since the machine was started, the containers whose policy says so: the oldest first.
 * *started gets their names, and *failed a line for each that could not be. */
int engine_boot(const struct engine *engine, struct strings *started, struct strings *failed,
		struct error *err);

/* Removes all that there is: containers, that run or not, networks, volumes, images. What else lies in
 * the data root is left. Errors: those of the removals; what is left then can be removed again. */
int engine_reset(const struct engine *engine, struct error *err);

#endif
