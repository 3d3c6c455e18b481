/*
 * The cgroup of a program that waits for its container itself, and so can't give it back when it is
 * killed: the next one does.
 */
#ifndef CGROUP_OWN_H
#define CGROUP_OWN_H

#include "cgroup.h"
#include "error.h"

/* Makes "coracle/PID-NAMESPACE-TIME", as cgroup_create does; PID is the caller's, in the pid
 * namespace of that number. First those of the same namespace are destroyed whose maker is gone,
 * with what is in them, as far as that is possible. */
int cgroup_create_own(const struct cgroup_limits *limits, struct cgroup **cgroup,
		      struct error *err);

#endif
