/* The options of chapter 06. */
#ifndef NETWORK_OPTIONS_H
#define NETWORK_OPTIONS_H

#include <stdbool.h>

#include "options.h"
#include "port.h"
#include "resolver.h"

struct network_options {
	char *network; /* "bridge", "none" or "host"; NULL: bridge */
	struct ports ports;
	bool publish_all;
	struct strings expose; /* "80/tcp" */
	struct resolver_wishes names;
};
extern const struct option_row network_option_rows[];

/* Which network the options name. */
enum resolver_mode network_options_mode(const struct network_options *options);

/* Adds to options->ports what -P publishes: each port that the image, or --expose, says there is, on
 * a free port of the host. Errors: EINVAL if the image says nonsense. */
int network_options_apply(struct network_options *options, const struct strings *exposed,
			  struct error *err);

void network_options_release(struct network_options *options);

#endif
