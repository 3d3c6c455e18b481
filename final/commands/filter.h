/*
 * --filter NAME=VALUE, any number of times.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stdbool.h>

#include "error.h"
#include "text.h"

/* A parser of options for a struct strings. Errors: EINVAL with Docker's words. */
int filter_option(void *field, const char *value, struct error *err);

/* Errors: EINVAL "invalid filter 'x'" for one that is none of `names`, which ends in a NULL. */
int filter_check(const struct strings *filters, const char *const *names, struct error *err);

/* Goes through the values of a filter: begin with *next = 0. NULL after the last. */
const char *filter_value(const struct strings *filters, const char *name, size_t *next);

/* Whether the filter is absent, or one of its values is `text`. */
bool filter_equal(const struct strings *filters, const char *name, const char *text);

/* Whether the filter is absent, or one of its values, a regular expression, is found in `text`.
 * regex(7) */
bool filter_found(const struct strings *filters, const char *name, const char *text);

/* Whether all "label" filters, KEY or KEY=VALUE, hold for these labels, KEY=VALUE each, and no "label!"
 * filter does. */
bool filter_labels(const struct strings *filters, const struct strings *labels);

/* 1 or 0 as the filter says; `absent` without it. Errors: EINVAL with Docker's words. */
int filter_bool(const struct strings *filters, const char *name, int absent, struct error *err);

#endif
