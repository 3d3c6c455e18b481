/*
 * What commands that were killed leave half done, and how it is noticed for nothing.
 *
 * Who makes, renames or removes a container passes through places whose names begin with a dot, in
 * the directory that each listing of containers reads: ROOT/containers/.new while one is made or
 * renamed, under the lock of the engine, and .gone-ID while one is removed. If one of them is found
 * later, somebody was killed there. (Who was killed while he started or ended one leaves the socket
 * RUN/ID/attach; see record_repair.)
 */
#ifndef LEFTOVERS_H
#define LEFTOVERS_H

#include "engine.h"
#include "error.h"
#include "text.h"

/* Marks that names or records are about to change, by the directory *staged, ROOT/containers/.new,
 * which is empty; first puts right what a killed command left there. The caller holds the lock, frees
 * *staged, and renames or removes it when the change is whole. */
int leftovers_begin(const struct engine *engine, char **staged, struct error *err);

/* Ends what is half done of the entries of ROOT/containers that begin with a dot, unless somebody is
 * at it right now. */
void leftovers_clear(const struct engine *engine, const struct strings *entries);

#endif
