/*
 * The clone itself, and the namespaces that only children can be born in.
 */
#ifndef CLONE_H
#define CLONE_H

#include "process.h"

/* Clones as the config says: clone_flags, cgroup_fd, pid_namespace, boottime_s. Returns the pid in the
 * parent, and *pidfd, which the caller closes; 0 in the child.
 * Errors: EPERM, EAGAIN, ENOSPC, ENOSYS, each with its cause. clone(2), setns(2), time_namespaces(7) */
pid_t clone_process(const struct process_config *config, int *pidfd, struct error *err);

#endif
