/*
 * Mounts as objects: made first, attached later, both by descriptor.
 *
 * mount(2) takes paths, and a path in an image of strangers may lead anywhere. So a mount is made
 * detached, its target is opened once inside the root, and the two are joined: between the check
 * and the use there is no path left that somebody could change. fsopen(2), open_tree(2)
 */
#ifndef MOUNTS_H
#define MOUNTS_H

#include <stdbool.h>

#include "error.h"

/* Makes a file system, detached. `options` are those of mount(8), "nosuid,mode=755". The caller
 * closes the descriptor; the mount is gone then unless it was attached. On failure the error has
 * what the kernel logged.
 * Errors: ENODEV: this kernel has no such file system; EINVAL: an option it does not know. */
int mount_new(const char *type, const char *source, const char *options, struct error *err);

/* Adds why the kernel refused, if it logged that on the descriptor of fsopen(2). Returns -1. */
int mount_explain(int fs_fd, struct error *err);

/* Makes a second, detached view of the tree at `fd` (a bind mount), with what is mounted in it if
 * `recursive`. Ownership as above. Errors: EINVAL if it is not a tree of this mount namespace. */
int mount_clone(int fd, bool recursive, struct error *err);

/* Gives a mount attributes, by the words of mount(8): "ro,nosuid,noexec". Others are ignored.
 * mount_setattr(2) */
int mount_restrict(int fd, const char *options, struct error *err);

/* Makes a mount read-only, attached or not, with those inside it if `recursive`.
 * mount_setattr(2) */
int mount_make_read_only(int fd, bool recursive, struct error *err);

/* Attaches a detached mount to the open directory or file `target_fd`; `target` is its name for
 * the error. Errors: ENOTDIR for a file on a directory or the reverse. move_mount(2) */
int mount_attach(int fd, int target_fd, const char *target, struct error *err);

/* Makes an empty file `name` in the open directory, and binds the file `source` of the host over it.
 * Errors: EEXIST if there is something of that name. */
int mount_bind_new(const char *source, int dir_fd, const char *name, struct error *err);

/* The same mount as at `path` in the mount namespace `file`, /proc/PID/ns/mnt, detached. The current
 * directory is / then. Ownership as above. setns(2) */
int mount_clone_from(const char *file, const char *path, struct error *err);

/* Opens `path` inside the root as a place to mount on, and makes it if it is missing: a directory,
 * or an empty file with the directories above it. Links are followed inside the root. Returns an
 * O_PATH descriptor. Errors: those of path_open_in_root. */
int mount_open_target(int root_fd, const char *path, bool directory, struct error *err);

#endif
