/*
 * Doing something in the network namespace of a process.
 */
#ifndef NETNS_H
#define NETNS_H

#include <sys/types.h>

#include "error.h"

/* Enters the network namespace of `pid`, calls the function, and comes back, whatever it returned.
 * Sockets opened and files of /proc/sys/net looked up meanwhile are of that namespace. Only for a
 * process of one thread. Errors: EPERM without CAP_SYS_ADMIN; ESRCH or ENOENT if the process has
 * ended; what the function reports. setns(2), network_namespaces(7) */
int netns_call(pid_t pid, int (*function)(void *context, struct error *err), void *context,
	       struct error *err);

#endif
