/*
 * Control groups: how much a process and its descendants may use.
 *
 * One interface over two kernels' worth of files. Version 2 is one tree in which every controller is
 * a set of files; version 1 has a tree for each controller (or pair of them). A hybrid host has
 * both; there the controllers are version 1's. Which it is, is read from /proc/self/mountinfo.
 * cgroups(7)
 */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup_limits.h"
#include "cleanup.h"
#include "error.h"
#include "text.h"

struct cgroup;

/* Makes a cgroup named NAME, a relative path such as "coracle/ID", below the place where this
 * process may make one, in every hierarchy that a container is put into, with the limits written.
 * On v2 the controllers are enabled in subtree_control all the way down, and a process that is in
 * the way (no internal processes) is named in the error. The devices of Docker's default rules, and
 * those that the limits add, are all that can be opened in it.
 * Where systemd owns the cgroups of version 2, it is asked for a scope first, into which this process
 * moves; see cgroup_systemd.h. On failure nothing is left behind. The caller releases *cgroup,
 * which does not remove it.
 * Errors: EEXIST; ENOTSUP for a limit whose controller this host lacks; EINVAL for a limit that
 * the kernel refuses, with the file and value. */
int cgroup_create(const char *name, const struct cgroup_limits *limits, struct cgroup **cgroup,
		  struct error *err);

/* Adds a line, in Docker's words, for each limit that this host will not hold, or that is dangerous. */
void cgroup_warnings(const struct cgroup_limits *limits, struct strings *warnings);

/* The name of a cgroup that is called as the last part of NAME, below `parent`, a path that may begin
 * with a slash; NULL: NAME itself. cgroup_create does the same with its limits' parent. The caller
 * frees it. */
char *cgroup_name_below(const char *parent, const char *name);

/* Opens one that was made before, by the same name. Errors: ENOENT. */
int cgroup_open(const char *name, struct cgroup **cgroup, struct error *err);

/* The name by which cgroup_open finds it. It differs from the one given to cgroup_create where that
 * has put it into a scope of systemd's. The caller frees it. */
char *cgroup_name(const struct cgroup *cgroup);

/* The directory for CLONE_INTO_CGROUP: on v2; 0 elsewhere, where the process must be moved by
 * cgroup_enter or cgroup_add. The descriptor is the cgroup's own. */
int cgroup_clone_fd(const struct cgroup *cgroup);

/* Puts the calling process, which must have one thread only, into it, in every hierarchy; does
 * nothing where cgroup_clone_fd has done it. A process that moves itself costs the kernel some
 * microseconds; one that is moved by another costs it a wait for all processors, 5 to 15 ms. */
int cgroup_enter(struct cgroup *cgroup, struct error *err);

/* The same for another process, by its pid: for one that may not, or does not know. */
int cgroup_add(struct cgroup *cgroup, pid_t pid, struct error *err);

/* Writes new limits to a cgroup that is in use; what is zero in them stays as it is, and its devices
 * too. Errors: those of cgroup_create; EBUSY if more memory is in use than it is to have. What was
 * written before the failure stays. */
int cgroup_update(struct cgroup *cgroup, const struct cgroup_limits *limits, struct error *err);

/* Its directory in the hierarchy of a controller, or on v2, whatever the controller; NULL if there is
 * no such hierarchy. The caller frees it. */
char *cgroup_dir(const struct cgroup *cgroup, const char *controller);

/* Whether it is version 2's. */
bool cgroup_is_unified(const struct cgroup *cgroup);

/* Adds the pids of all processes in it and below, as numbers in text. */
int cgroup_pids(const struct cgroup *cgroup, struct strings *pids, struct error *err);

/* Kills every process in it and below, and removes it with the cgroups that were made inside.
 * Fine if it is gone already. Tries for some ten seconds, and can be called again after a failure.
 * Errors: EBUSY if a process does not end (state D). */
int cgroup_destroy(struct cgroup *cgroup, struct error *err);

void cgroup_release(struct cgroup **cgroup);
#define AUTO_CGROUP CLEANUP(cgroup_release)

#endif
