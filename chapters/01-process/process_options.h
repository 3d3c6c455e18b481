/* The options of chapter 01, which every later program has too. */
#ifndef PROCESS_OPTIONS_H
#define PROCESS_OPTIONS_H

#include "options.h"
#include "process.h"
#include "text.h"

struct process_options {
	struct strings env; /* "NAME=value"; a bare NAME takes the variable away */
	char *cwd, *user;
	struct strings cap_add, cap_drop;
	bool interactive, terminal;
	struct attributes attributes;
};
extern const struct option_row process_option_rows[];

/* A parser of options, for a char *: an absolute path. */
int process_option_cwd(void *field, const char *value, struct error *err);

/* Sets user, cwd, streams and privileges of *config from the options, on top of what is there. The
 * strings stay the options' own. Errors: EINVAL for an unknown capability; PROCESS_NO_TERMINAL. */
int process_options_apply(const struct process_options *options, struct process_config *config,
			  struct error *err);

void process_options_release(struct process_options *options);

#endif
