/*
 * Seccomp: which system calls a process may make, itself and through all its children, for good.
 *
 * Capabilities say what root may do; seccomp says what may be asked of the kernel at all, so that
 * a mistake in a rarely used call is out of reach. The list is Docker's: seccomp.profile.
 */
#ifndef SECCOMP_H
#define SECCOMP_H

#include <stdint.h>

#include "error.h"
#include "seccomp_file.h"

/* Puts Docker's default profile on the calling thread. `capabilities` is the bounding set that the
 * process is going to have (bit n is capability n): with CAP_SYS_ADMIN, for example, mount(2) is
 * allowed. It cannot be taken off, and a second filter could only narrow it.
 *
 * Whoever has no_new_privs may call this, or else CAP_SYS_ADMIN in its user namespace: without
 * no_new_privs it must come before the capabilities are dropped. The profile allows what giving up
 * privileges takes (prctl, capset, setgroups, setresuid …), and execve.
 * On failure nothing has changed.
 * Errors: EACCES: neither of the two; EINVAL: a kernel without CONFIG_SECCOMP_FILTER.
 * seccomp(2), /proc/PID/status (Seccomp: 2, Seccomp_filters). */
int seccomp_load_default(uint64_t capabilities, struct error *err);

/* The same with a filter that seccomp_file_compile has made. */
int seccomp_load(const struct seccomp_filter *filter, struct error *err);

#endif
