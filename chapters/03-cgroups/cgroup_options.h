/* The options of chapter 03: limits. */
#ifndef CGROUP_OPTIONS_H
#define CGROUP_OPTIONS_H

#include "cgroup.h"
#include "namespaces_options.h"
#include "options.h"

struct cgroup_options {
	struct cgroup_limits limits;
};
extern const struct option_row cgroup_option_rows[];

/* Checks what only the whole can tell, as Docker does and in its words, and completes
 * options->limits, which stay the options' own. Errors: EINVAL. */
int cgroup_options_check(struct cgroup_options *options, struct error *err);

/* The same for a change of limits, as far as it can be told without knowing what is changed. */
int cgroup_options_check_update(struct cgroup_options *options, struct error *err);

/* Checks them, and allows the devices of the host that the container has: those that are named, or
 * all if it is privileged. The wishes in *namespaces are then what `attributes` mean, too.
 * Errors: of cgroup_options_check; ENOENT for a device that is missing. */
int cgroup_options_complete(struct cgroup_options *options, struct namespaces_options *namespaces,
			    const struct attributes *attributes, struct error *err);

void cgroup_options_release(struct cgroup_options *options);

#endif
