/* The options of run and create about networks that chapter 06 does not know. */
#ifndef RUN_NETWORK_H
#define RUN_NETWORK_H

#include <stdint.h>

#include "container.h"
#include "error.h"
#include "network_options.h"
#include "options.h"

struct run_network_options {
	struct connection wanted; /* its members: what --network says */
	struct membership first;  /* what the other options say of the first of them */
};
extern const struct option_row run_network_rows[];

/* Parsers for an address of each kind, in a char *; and a --gw-priority. */
int run_network_address(void *field, const char *value, struct error *err);
int run_network_address6(void *field, const char *value, struct error *err);
int run_network_priority(const char *value, int64_t *priority, struct error *err);

/* The first network, as container_config_begin wants it. */
const char *run_network_first(const struct run_network_options *options);

/* Puts these options, and those of chapter 06, into the configuration; among basic->expose is what
 * the image says. Errors: EINVAL with Docker's words for what does not go together; ENOENT for no
 * such network. */
int run_network_apply(struct run_network_options *options, struct network_options *basic,
		      const struct engine *engine, struct container_config *config,
		      struct error *err);

/* Says on standard error what a person should know before a container is connected to a bridge,
 * which one of `config` perhaps is not; NULL: it is. */
void run_network_warn(const struct container_config *config);

void run_network_release(struct run_network_options *options);

#endif
