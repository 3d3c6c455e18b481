/* The commands of `network`: network.c has the table of them, and those that are short. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>

#include "engine.h"
#include "error.h"
#include "subcommand.h"
#include "text.h"

int network_command_create(const struct call *call);
int network_command_inspect(const struct call *call);
int network_command_ls(const struct call *call);

/* Errors: EINVAL, with Docker's words, for what can't be a name, and for those that are always there. */
int network_check_name(const char *name, struct error *err);

/* The names of the networks that a container, running or not, is to be in. *used is added to. */
int network_used_names(const struct engine *engine, struct strings *used, struct error *err);

#endif
