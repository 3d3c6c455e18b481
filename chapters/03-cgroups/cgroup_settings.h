/*
 * Limits as the files that a version of cgroups has for them, and what is written to each.
 */
#ifndef CGROUP_SETTINGS_H
#define CGROUP_SETTINGS_H

#include <stddef.h>

#include "cgroup.h"
#include "cleanup.h"

struct cgroup_setting {
	const char *option; /* what asks for it: "--memory" */
	const char *file;   /* "memory.max": up to the dot it is the controller's name */
	/* Kernels are built or booted without this file. */
	enum {
		MUST,
		MAY_LACK,
		OR_NEXT
	} missing; /* fails; is left out; the next is tried instead */
	char *value;
};

/* In the order in which they must be written. Zeroed: none. */
struct cgroup_settings {
	struct cgroup_setting *items;
	size_t count;
};

/* Adds a setting; its value is formatted like printf's. */
__attribute__((format(printf, 3, 4))) void cgroup_settings_add(struct cgroup_settings *settings,
							       struct cgroup_setting setting,
							       const char *format, ...);

/* The name of the controller that a setting needs. The caller frees it. */
char *cgroup_setting_controller(const struct cgroup_setting *setting);

/* Adds the rates as they are written to `files`, one for each kind, where every value is
 * "MAJOR:MINOR " and what `prefixes` has for the kind before the number: "8:0 rbps=1048576".
 * Errors: ENOENT if there is no such device; ENOTBLK. */
int cgroup_settings_add_rates(struct cgroup_settings *settings, const struct cgroup_rates *rates,
			      const char *const files[CGROUP_RATE_KINDS],
			      const char *const prefixes[CGROUP_RATE_KINDS], struct error *err);

/* Writes them in order, each in the directory of its controller, which `dir_of` returns, to be
 * freed. Errors: ENOTSUP if the kernel has no such file; what it says of the value otherwise. */
int cgroup_settings_write(const struct cgroup_settings *settings,
			  char *(*dir_of)(const void *context, const char *controller),
			  const void *context, struct error *err);

void cgroup_settings_release(struct cgroup_settings *settings);
#define AUTO_CGROUP_SETTINGS CLEANUP(cgroup_settings_release)

#endif
