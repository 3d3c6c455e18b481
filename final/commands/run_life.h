/*
 * The options of run and create about a container's life: its health, and its log.
 */
#ifndef RUN_LIFE_H
#define RUN_LIFE_H

#include <stdbool.h>

#include "container.h"
#include "error.h"
#include "healthcheck.h"
#include "log_settings.h"
#include "options.h"

struct run_life_options {
	struct healthcheck healthcheck; /* but for its test */
	char *health_command;
	bool no_healthcheck;
	struct log_settings log;
};

extern const struct option_row run_life_rows[];

/* Makes sure that they go together. Errors: EINVAL, with Docker's words. */
int run_life_check(const struct run_life_options *options, struct error *err);

/* Puts them, and what the image says about its health, into a container's configuration. */
void run_life_apply(const struct run_life_options *options, const struct healthcheck *image,
		    struct container_config *config);

void run_life_release(struct run_life_options *options);

#endif
