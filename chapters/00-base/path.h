/*
 * Paths: joined, made, and opened without leaving a root that may hold hostile symbolic links.
 */
#ifndef PATH_H
#define PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

/* "DIR/NAME", with exactly one slash between them. The caller frees it. */
char *path_join(const char *dir, const char *name);

/* The absolute, normal form of a path as text: "." and ".." and double slashes are gone, ".."
 * stops at "/", links are not looked at. A relative path is taken below `base`. The caller
 * frees it. */
char *path_normal(const char *base, const char *path);

/* Makes a directory and its missing parents with `mode` (umask applies), like mkdir -p. Parents
 * that were made stay after a failure. Errors: ENOTDIR if a file is in the way. */
int path_make_dirs(const char *path, mode_t mode, struct error *err);

/* Opens `path` as a process whose root is `root_fd` would: absolute links and ".." stay inside.
 * `flags` and `mode` are open(2)'s; O_CLOEXEC is added. Returns the descriptor.
 * Errors: those of openat2(2); ELOOP also for magic links, as in /proc. */
int path_open_in_root(int root_fd, const char *path, int flags, mode_t mode, struct error *err);

/* Makes the directory `path` and its missing parents below root_fd, as such a process would, mode
 * 0755 whatever the umask, owned by the caller. Returns an O_PATH descriptor of it.
 * Errors: ENOTDIR if something that is not a directory is in the way. */
int path_make_dirs_in_root(int root_fd, const char *path, struct error *err);

/* The path of one of our own programs or files, found beside the running program: RELATIVE is like
 * "libexec/coracle/coracle-init"; tried below the directory of /proc/self/exe (the build tree), then
 * below its parent (an installation). The caller frees *path. Errors: ENOENT. */
int path_of_own(const char *relative, char **path, struct error *err);

/* Removes a tree, however deep, without following links or crossing into a mount, of the same file
 * system or another. What is missing is fine. Errors: EXDEV if something is mounted there; nothing of
 * that mount is touched. */
int path_remove_tree(const char *path, struct error *err);

#endif
