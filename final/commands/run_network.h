/* The options of run and create about networks that chapter 06 does not know. */
#ifndef RUN_NETWORK_H
#define RUN_NETWORK_H

#include "container.h"
#include "error.h"
#include "network_options.h"
#include "options.h"

struct run_network_options {
	struct strings networks, aliases;
	char *address, *mac;
};
extern const struct option_row run_network_rows[];

/* The first network, as container_config_begin wants it. */
const char *run_network_first(const struct run_network_options *options);

/* Puts these options, and those of chapter 06, into the configuration; among basic->expose is
 * what the image says. Errors: EINVAL with Docker's words for what does not go together; ENOENT for no such network. */
int run_network_apply(struct run_network_options *options, struct network_options *basic,
		      const struct engine *engine, struct container_config *config,
		      struct error *err);

void run_network_release(struct run_network_options *options);

#endif
