/*
 * The clone itself, and the namespaces that only children can be born in.
 */
#ifndef CLONE_H
#define CLONE_H

#include "process.h"

/* Clones as the config says: clone_flags, cgroup_fd, pid_namespace, boottime_s. *pid is the child's in
 * the parent, with *pidfd, which the caller closes; 0 in the child. Also after a failure there is a
 * child, for the caller to end, if *pid is not 0.
 * Errors: EPERM, EAGAIN, ENOSPC, ENOSYS, each with its cause. clone(2), setns(2), time_namespaces(7) */
int clone_process(const struct process_config *config, pid_t *pid, int *pidfd, struct error *err);

#endif
