/*
 * Copying trees of files, with all that belongs to them: owner, mode, times, extended attributes,
 * hard links among them, symbolic links and devices as what they are.
 *
 * Both sides may belong to strangers who change them meanwhile: everything is opened by its name in
 * an open directory, and no link is followed.
 */
#ifndef TREE_COPY_H
#define TREE_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cleanup.h"
#include "error.h"
#include "text.h"

/* Whose the copy is: as in the source; those of uid and gid; of whoever copies, as the kernel gives
 * it, while a directory that is there already keeps its own. */
enum tree_owner { TREE_OWNER_KEPT, TREE_OWNER_CHANGED, TREE_OWNER_COPIER };

/* A zeroed struct keeps everything as it is. A file that gets another owner loses setuid, setgid and
 * capabilities. */
struct tree_copy {
	enum tree_owner owner;
	uid_t uid;
	gid_t gid;
	bool keep_top;		/* of tree_copy_contents: the target itself stays what it is */
	uint64_t archive_bytes; /* what a tar archive of it would take, without its end */
	/* the copy's own */
	int top; /* the directory that `path` is below */
	struct text path;
	struct tree_link *links; /* files with several names, by their first */
	size_t link_count;
};

/* A name in an open directory. */
struct tree_name {
	int fd;
	const char *name;
};

/* Copies what is at `from` to `to`. A directory that is there already is added to, anything else
 * replaced. On failure a part may have been copied.
 * Errors: EISDIR, ENOTDIR for a directory where there is none in the source, and the reverse. */
int tree_copy(struct tree_copy *copy, struct tree_name from, struct tree_name to,
	      struct error *err);

/* Copies what is in one open directory into another, and the directory's own attributes
 * unless `keep_top`. */
int tree_copy_contents(struct tree_copy *copy, int from_fd, int to_fd, struct error *err);

void tree_copy_release(struct tree_copy *copy);
#define AUTO_TREE_COPY CLEANUP(tree_copy_release)

/* Whether a directory holds nothing. Returns 1 or 0. */
int tree_is_empty(int dir_fd, struct error *err);

/* Adds the bytes that the files of a tree occupy, each file once; other file systems are left out.
 * What can't be read is not counted. */
uint64_t tree_size(const char *path);

#endif
