/* The options of chapter 06. */
#ifndef NETWORK_OPTIONS_H
#define NETWORK_OPTIONS_H

#include "options.h"
#include "resolver.h"

struct network_options {
	char *network; /* "bridge", "none" or "host"; NULL: bridge */
};
extern const struct option_row network_option_rows[];

/* Which network the options name. */
enum resolver_mode network_options_mode(const struct network_options *options);

void network_options_release(struct network_options *options);

#endif
