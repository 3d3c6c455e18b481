/* The options of chapter 03: limits. */
#ifndef CGROUP_OPTIONS_H
#define CGROUP_OPTIONS_H

#include "cgroup.h"
#include "options.h"
#include "rootfs.h"

struct cgroup_options {
	struct cgroup_limits limits;
};
extern const struct option_row cgroup_option_rows[];

/* Checks what only the whole can tell, as Docker does and in its words, and completes
 * options->limits, which stay the options' own. Errors: EINVAL. */
int cgroup_options_check(struct cgroup_options *options, struct error *err);

/* The same for a change of limits, as far as it can be told without knowing what is changed. */
int cgroup_options_check_update(struct cgroup_options *options, struct error *err);

/* Allows the devices of the host that the container has: those named, or all if it is privileged.
 * Errors: ENOENT for a device that is missing. */
int cgroup_options_allow(struct cgroup_options *options, const struct rootfs_wishes *wishes,
			 struct error *err);

void cgroup_options_release(struct cgroup_options *options);

#endif
