/*
 * The configuration of an image: what its author says a container of it should run.
 */
#ifndef IMAGE_CONFIG_H
#define IMAGE_CONFIG_H

#include <stddef.h>

#include "cleanup.h"
#include "error.h"
#include "healthcheck.h"
#include "text.h"

struct image_config {
	char *architecture, *os, *variant; /* "" if absent */
	char *created;			   /* RFC 3339, "" if absent */
	char *user, *working_dir;	   /* "" if absent */
	char *stop_signal;
	struct strings entrypoint, cmd, env;
	struct strings labels;	      /* "key=value" */
	struct strings volumes;	      /* paths in the image that are to be volumes */
	struct strings exposed_ports; /* "80/tcp" */
	struct healthcheck healthcheck;
	struct strings diff_ids; /* "sha256:…", bottom first */
};

/* Reads the JSON of a config blob. The caller releases *config. Errors: EINVAL, naming the field. */
int image_config_parse(const char *bytes, size_t length, struct image_config *config,
		       struct error *err);

/* What to execute: `entrypoint` (NULL: not given; "" : none) and `command` (NULL or an argv) come
 * from the user and take the place of the image's, by Docker's rules. *argv is added to.
 * Errors: EINVAL "no command specified". */
int image_config_argv(const struct image_config *config, const char *entrypoint,
		      char *const *command, struct strings *argv, struct error *err);

void image_config_release(struct image_config *config);
#define AUTO_IMAGE_CONFIG CLEANUP(image_config_release)

#endif
