/*
 * Hosts on which systemd owns the cgroups of version 2.
 *
 * There a tree has one writer, and nobody else may make a cgroup in it but where systemd has delegated
 * one. So we ask it, over D-Bus, for a scope: a unit around processes that it did not start itself.
 * The library for that is loaded only here, so that no start on another host pays for it.
 * systemd.scope(5), https://systemd.io/CGROUP_DELEGATION
 */
#ifndef CGROUP_SYSTEMD_H
#define CGROUP_SYSTEMD_H

#include <stdbool.h>

#include "error.h"

/* Whether this host was started by systemd. sd_booted(3) */
bool cgroup_systemd_runs(void);

/* Moves the calling process into a delegated cgroup, and there into a child of its own, "supervisor",
 * so that the delegated one has no processes and can limit its children. If the process is in one
 * already, as by `systemd-run --scope -p Delegate=yes`, that is it; else systemd is asked for the unit
 * "coracle-ID.scope", in the slice `slice` (NULL: system.slice). `mount` is where cgroup2 is mounted.
 * *base is the delegated one's path below it, without a slash in front; the caller frees it.
 * systemd removes the unit when its last process has ended.
 * Errors: ENOTSUP if it can't be asked: the error says what to run instead; ETIMEDOUT. */
int cgroup_systemd_delegate(const char *mount, const char *slice, const char *id, char **base,
			    struct error *err);

#endif
