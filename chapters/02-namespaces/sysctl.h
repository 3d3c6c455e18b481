/* Kernel parameters that are a namespace's own. */
#ifndef SYSCTL_H
#define SYSCTL_H

#include <stdbool.h>

#include "error.h"
#include "text.h"

/* Whether "NAME=VALUE" is a parameter that belongs to the ipc or the network namespace: any other is
 * the host's. Errors: EINVAL. namespaces(7) */
int sysctl_check(const char *text, struct error *err);

/* Writes them, in the child, by a /proc that is not read-only yet. `own_network`, `own_ipc`: that
 * namespace is not the host's. Errors: EPERM for a parameter of one that is. proc_sys(5) */
int sysctl_apply(const struct strings *list, bool own_network, bool own_ipc, struct error *err);

#endif
