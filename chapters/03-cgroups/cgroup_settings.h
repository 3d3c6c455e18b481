/*
 * Limits as the files that a version of cgroups has for them, and what is written to each.
 */
#ifndef CGROUP_SETTINGS_H
#define CGROUP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "cgroup.h"
#include "cleanup.h"

struct cgroup_setting {
	const char *option; /* what asks for it: "--memory" */
	const char *file;   /* "memory.max": up to the dot it is the controller's name */
	bool may_lack;	    /* kernels are built or booted without this file; then it is left out */
	char *value;
};

/* In the order in which they must be written. Zeroed: none. */
struct cgroup_settings {
	struct cgroup_setting items[10];
	size_t count;
};

/* Adds a setting; its value is formatted like printf's. */
__attribute__((format(printf, 3, 4))) void cgroup_settings_add(struct cgroup_settings *settings,
							       struct cgroup_setting setting,
							       const char *format, ...);

/* The name of the controller that a setting needs. The caller frees it. */
char *cgroup_setting_controller(const struct cgroup_setting *setting);

/* Writes a setting in the cgroup `dir`. Errors: ENOTSUP if the kernel has no such file; what it
 * says of the value otherwise. */
int cgroup_setting_write(const struct cgroup_setting *setting, const char *dir, struct error *err);

void cgroup_settings_release(struct cgroup_settings *settings);
#define AUTO_CGROUP_SETTINGS CLEANUP(cgroup_settings_release)

#endif
