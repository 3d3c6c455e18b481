/*
 * Making files below a directory from an archive that may be hostile.
 *
 * Every parent is opened by openat2(2) below the root, without following any link, so no name
 * leads out of the tree. Everything is created anew (O_EXCL and its like): nothing is ever written
 * through a file, a hard link or a symbolic link that is there already.
 */
#ifndef LAYER_TREE_H
#define LAYER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "archive.h"
#include "error.h"

#define LAYER_PATH_SIZE 4097 /* PATH_MAX of Linux, and a NUL */

/* Of a directory; its path follows, with a NUL. */
struct layer_note {
	mode_t mode;
	struct timespec mtime;
};

/* Zeroed but for `root_fd`, which stays the caller's, and `follow`: nothing made yet. */
struct layer_tree {
	int root_fd;
	bool follow;   /* links on the way, and mounts: the process has a root they can't leave */
	int parent_fd; /* the directory `parent`, the last that something was made in; 0: none */
	char parent[LAYER_PATH_SIZE];
	/* Their modes and times are set at the end: a file made inside would change the time. */
	FILE *notes; /* NULL: of no directory yet */
};

/* Writes the plain form of an entry's name: "./a//b/" is "a/b", "." is "". Errors: EINVAL for ".."
 * and for an absolute path; ENAMETOOLONG. */
int layer_path(const char *name, char path[LAYER_PATH_SIZE], struct error *err);

/* Opens the directory that holds `path`, made with its parents (0755, the caller's) if the archive
 * has left them out. The result stays the tree's, and is valid until the next call; *name is the
 * last part of `path`. Errors: EINVAL if something that is no directory is in the way. */
int layer_tree_parent(struct layer_tree *tree, const char *path, const char **name,
		      struct error *err);

/* Makes what an entry describes, with its attributes, at `path`. What the same archive has made
 * there before is replaced, but a directory stays if it is to be one. Returns for a file a
 * descriptor to write its data to, after which come its attributes (layer_attributes.h); for others
 * 0. Errors: EINVAL for a hard link out of the layer; those of the calls. */
int layer_tree_make(struct layer_tree *tree, const char *path, const struct archive_entry *entry,
		    struct error *err);

/* Makes `path` hide what lower layers have there: as a whiteout, or as a mark on the directory if
 * this layer has one at `path`. mknod(2), overlayfs */
int layer_tree_hide(struct layer_tree *tree, const char *path, struct error *err);

/* Sets modes and times of the directories. */
int layer_tree_finish(struct layer_tree *tree, struct error *err);

void layer_tree_release(struct layer_tree *tree);
#define AUTO_LAYER_TREE CLEANUP(layer_tree_release)

#endif
