/*
 * Who a process runs as: Docker's --user, looked up in the /etc/passwd and /etc/group of the
 * current root.
 */
#ifndef USER_H
#define USER_H

#include <stddef.h>
#include <sys/types.h>

#include "cleanup.h"
#include "error.h"
#include "text.h"

struct user {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary; the gid itself is always among them */
	size_t group_count;
	char *home;
};

/* Looks up NAME|UID[:GROUP|GID]; NULL or "" is root. A name of digits that is not in the file is
 * taken as the number, and then has gid 0 and home "/". The file may be missing for numbers.
 * On success the caller releases *user. Errors, with Docker's words: ENOENT; ERANGE above 2^31-1; E2BIG
 * for more groups than the kernel takes. passwd(5) */
int user_look_up(const char *spec, struct user *user, struct error *err);

/* Adds supplementary groups by name, as /etc/group has them, or number. Errors: as above. */
int user_add_groups(struct user *user, const struct strings *names, struct error *err);

void user_release(struct user *user);
#define AUTO_USER CLEANUP(user_release)

#endif
