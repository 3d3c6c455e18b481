/*
 * What a process may do: its capabilities, its system calls, and whether exec may give it more.
 */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "seccomp_file.h"
#include "text.h"
#include "user.h"

/* Zeroed: nothing is limited. */
struct privileges {
	bool limited;	       /* apply `capabilities` */
	uint64_t capabilities; /* bit n: capability n of capabilities(7) may ever be held */
	bool seccomp;	       /* load a filter of system calls: Docker's default, or … */
	const struct seccomp_filter *filter; /* … this one, if it is not NULL */
	bool no_new_privileges;		     /* exec of a setuid file gives nothing */
};

/* Computes the set for --cap-add and --cap-drop over Docker's default of 14. Names are with or
 * without CAP_, in either case; ALL is all that this process has. As in Docker, dropping ALL and
 * adding X leaves X, and adding ALL and dropping X leaves all but X.
 * Errors: EINVAL for an unknown name. */
int privileges_capabilities(const struct strings *add, const struct strings *drop,
			    uint64_t *capabilities, struct error *err);

/* Becomes `user` with at most the given capabilities: bounding set, groups, gid, uid, capability
 * sets. A user other than root keeps none of them. Without no_new_privileges the filter of system
 * calls is loaded here, while there is the capability to do so.
 * Errors: EPERM for a capability that the caller lacks. capabilities(7), credentials(7) */
int privileges_drop(const struct privileges *privileges, const struct user *user,
		    struct error *err);

/* The last step before exec: no_new_privileges, and then the filter, if it is on. prctl(2) */
int privileges_lock(const struct privileges *privileges, struct error *err);

#endif
