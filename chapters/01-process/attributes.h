/*
 * What a process has besides its user and capabilities: limits, more groups, a standing with the
 * kernel's memory killer, a security profile. A zeroed struct asks for nothing.
 */
#ifndef ATTRIBUTES_H
#define ATTRIBUTES_H

#include <stdbool.h>

#include "error.h"
#include "privileges.h"
#include "text.h"
#include "user.h"

struct attributes {
	struct strings groups;	 /* names or numbers, on top of the user's */
	struct strings ulimits;	 /* "nofile=1024:2048", checked by attributes_check_ulimit */
	struct strings security; /* "no-new-privileges", of attributes_add_security */
	int oom_score_adj;
	bool privileged; /* no limits: all capabilities, every system call, every device */
};

/* Whether a text is "NAME=SOFT[:HARD]", Docker's --ulimit; -1 is unlimited. Errors: EINVAL. */
int attributes_check_ulimit(const char *text, struct error *err);

/* Adds an option of Docker's --security-opt, if it is one and this kernel can do it. For the file
 * of "seccomp=FILE" there is its content then, as in Docker: what happens to the file later does not
 * matter. Errors: EINVAL; ENOTSUP without AppArmor, or SELinux; those of seccomp_file_read. */
int attributes_add_security(struct attributes *attributes, const char *text, struct error *err);

/* The text of the seccomp profile among the options; NULL if there is none. */
const char *attributes_seccomp_profile(const struct attributes *attributes);

/* Adds the context of SELinux that "label=user:…", role, type and level ask for; nothing if none does.
 * What they leave out is that of containers: "system_u:system_r:container_t:s0". */
void attributes_label(const struct attributes *attributes, struct text *context);

/* Changes what the security options and `privileged` say about privileges. */
void attributes_restrict(const struct attributes *attributes, struct privileges *privileges);

/* Whether /proc and /sys are to be as the kernel shows them: "systempaths=unconfined". */
bool attributes_unmasked(const struct attributes *attributes);

/* Runs in the child while it is root and sees the host's /proc: limits, oom_score_adj, AppArmor's
 * profile and SELinux's label for the exec to come. Nothing is raised that is not asked for.
 * Errors: EPERM for a limit above our own, or a lower score, without CAP_SYS_RESOURCE. setrlimit(2),
 * proc(5) */
int attributes_apply(const struct attributes *attributes, struct error *err);

/* Fills *to, which must be empty, with a copy that the caller releases. */
void attributes_copy(struct attributes *to, const struct attributes *from);
void attributes_release(struct attributes *attributes);

#endif
