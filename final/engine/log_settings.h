/*
 * How the output of a container is kept: --log-driver and --log-opt.
 */
#ifndef LOG_SETTINGS_H
#define LOG_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "json.h"
#include "text.h"

/* Zeroed: all of it, in one file. */
struct log_settings {
	char *driver;		/* "json-file" or "none"; NULL: json-file */
	struct strings options; /* "NAME=VALUE", as they were given */
};

/* Makes sure that they mean something. Errors: EINVAL, with Docker's words. */
int log_settings_check(const struct log_settings *settings, struct error *err);

/* Whether the output is not kept at all. */
bool log_settings_keep_nothing(const struct log_settings *settings);

/* What they say about the files: how many bytes fill one (0: any number), and how many there are. */
void log_settings_sizes(const struct log_settings *settings, uint64_t *max_bytes,
			uint64_t *max_files);

/* Adds those of a container's labels and variables, "NAME=VALUE", that each record is to carry, by
 * name. */
void log_settings_attributes(const struct log_settings *settings, const struct strings *labels,
			     const struct strings *env, struct strings *attributes);

/* Adds them to `object` as Docker's "LogConfig", and reads that back (NULL: nothing is said). The
 * caller releases *settings, also after a failure. */
void log_settings_add(cJSON *object, const struct log_settings *settings);
int log_settings_read(const cJSON *object, struct log_settings *settings, struct error *err);

void log_settings_release(struct log_settings *settings);

#endif
