/*
 * Options of run and create on top of chapter 02's: namespaces of containers, by their names.
 */
#ifndef RUN_NAMESPACES_H
#define RUN_NAMESPACES_H

#include "container.h"
#include "namespaces_options.h"
#include "options.h"

/* For a struct namespaces_options. */
extern const struct option_row run_namespaces_rows[];

/* What of the network matters to the other namespaces; before cgroup_options_complete.
 * Errors: EINVAL with Docker's words, for a hostname on another's network. */
int run_namespaces_note_network(struct namespaces_options *options, const char *network,
				struct error *err);

/* Moves what the options say to the config. Errors: those of sharing_resolve. */
int run_namespaces_apply(struct namespaces_options *options, const struct engine *engine,
			 struct container_config *config, struct error *err);

#endif
