/* The options of chapter 02. */
#ifndef NAMESPACES_OPTIONS_H
#define NAMESPACES_OPTIONS_H

#include <stdbool.h>

#include "attributes.h"
#include "namespaces.h"
#include "options.h"
#include "rootfs.h"

struct namespaces_options {
	char *hostname, *network; /* network: "none" or "host"; NULL: none */
	bool init;
	enum cgroup_namespace cgroup;
	struct strings sysctls;
	struct rootfs_wishes wishes;
};
extern const struct option_row namespaces_option_rows[];

/* What namespaces to make for the options. The strings stay the options' own. */
struct namespaces namespaces_options_apply(const struct namespaces_options *options);
/* What of the root is otherwise: the options', and what --privileged and --security-opt mean. */
const struct rootfs_wishes *namespaces_options_wishes(struct namespaces_options *options,
						      const struct attributes *attributes);
void namespaces_options_release(struct namespaces_options *options);

/* Of the programs that are given a root file system as a directory: chapters 02 and 03. */
struct rootfs_options {
	char *path;
};
extern const struct option_row rootfs_option_rows[];

/* Makes the path absolute. Errors: EINVAL if --rootfs is missing; ENOENT, ENOTDIR. */
int rootfs_options_check(struct rootfs_options *options, struct error *err);
void rootfs_options_release(struct rootfs_options *options);

#endif
