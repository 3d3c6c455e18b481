/* The options of chapter 02. */
#ifndef NAMESPACES_OPTIONS_H
#define NAMESPACES_OPTIONS_H

#include <stdbool.h>

#include "attributes.h"
#include "namespaces.h"
#include "options.h"
#include "rootfs.h"

struct namespaces_options {
	char *hostname;
	/* "host", or a file; NULL, and of the network "none": its own */
	char *from[NAMESPACE_KINDS];
	char *shm_of;	   /* of wishes */
	char *ipc;	   /* "private", "shareable", "none"; NULL: not given */
	char *userns;	   /* "host", "keep-id", "auto" */
	struct id_map ids; /* of that */
	int64_t boottime_s;
	bool init;
	enum cgroup_namespace cgroup;
	struct strings sysctls;
	struct rootfs_wishes wishes;
};
extern const struct option_row namespaces_option_rows[];

/* What namespaces to make for the options. The strings stay the options' own; `mapped` are the
 * directories that a user namespace's owners are translated in. */
struct namespaces namespaces_options_apply(const struct namespaces_options *options,
					   const struct strings *mapped);
/* Completes the wishes by what --privileged, --security-opt and --ipc mean, and checks what options say
 * together, with Docker's words. Errors: EINVAL. */
int namespaces_options_complete(struct namespaces_options *options,
				const struct attributes *attributes, struct error *err);

/* Parsers of options: for a char *, "host" or a file; for a struct namespaces_options, --ipc. */
int namespaces_option_from(void *field, const char *value, struct error *err);
int namespaces_option_ipc(void *field, const char *value, struct error *err);

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
