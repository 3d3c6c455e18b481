/*
 * Writing the image store; only coracle-image does. store.h tells the layout.
 *
 * Everything is staged below ROOT/staging and renamed to its place when it is whole and verified,
 * so whatever has its place is correct. A writer holds the lock from before it stages until it has
 * set the reference. What a killed writer leaves in staging is removed by the next one that finds
 * itself alone.
 *
 *	lock (shared)  stage …  sync  commit …  set the reference  unlock
 */
#ifndef STORE_WRITE_H
#define STORE_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "reference.h"
#include "text.h"

/* Prepares the store and locks it: shared to add to it, which waits for others; exclusive to remove
 * from it, which waits 2 seconds at most. Returns a descriptor; the lock ends when it is closed.
 * Errors: EBUSY "the image store is in use by another command: …". flock(2) */
int store_lock(const char *root, bool exclusive, struct error *err);

/* Waits until no other holder of the lock has had its turn with this digest; the turn ends with the
 * lock. So two pulls of one image do the work once. A holder takes one turn, or two could wait for each
 * other. fcntl(2), F_OFD_SETLKW */
int store_wait_turn(int lock_fd, const char *digest, struct error *err);

/* Makes an empty directory to unpack a layer into. The caller frees *staged_dir. */
int store_stage_layer(const char *root, char **staged_dir, struct error *err);
/* Moves a staged layer to its place. If it is there already, because another pull was first, the
 * staged one is removed. `unpacked_bytes` is kept for image.size_bytes. */
int store_commit_layer(const char *root, const char *diff_id, uint64_t unpacked_bytes,
		       const char *staged_dir, struct error *err);
bool store_has_layer(const char *root, const char *diff_id);

/* Makes an empty file to download a blob into. The caller closes *fd, open for reading and writing,
 * and frees *path. */
int store_stage_blob(const char *root, int *fd, char **path, struct error *err);
/* Moves a staged blob, whose digest the caller has verified, to its place. */
int store_commit_blob(const char *root, const char *digest, const char *path, struct error *err);
/* Stores a small blob, such as a manifest, whose digest the caller has verified. */
int store_put_blob(const char *root, const char *digest, const void *bytes, size_t length,
		   struct error *err);
bool store_has_blob(const char *root, const char *digest);

/* Lets everything that was written be on the disk. It comes between staging and committing: a rename
 * may survive a power cut that what was renamed does not. One for all files of all layers, where one
 * for each would take minutes. syncfs(2) */
int store_sync(const char *root, struct error *err);

/* Removes something staged that will not be committed. NULL is fine. */
void store_discard(const char *staged_path);

/* Lets a reference name an image whose blobs and layers are all committed: `digest` is what the
 * registry answered (an index or a manifest), `manifest_digest` this platform's manifest. All that
 * was committed is on the disk before the reference is. An image that the reference named before,
 * and that would be left without a name, keeps the name NAME@DIGEST. syncfs(2) */
int store_set_reference(const char *root, const struct reference *reference, const char *digest,
			const char *manifest_digest, struct error *err);

/* Removes a name (a reference, an id, or the beginning of one), and the image when no name is left,
 * with the blobs and layers that no other image uses, as docker rmi does. Needs the exclusive lock.
 * `in_use` are ids of images that containers use. What was done is added to *removed, a line each:
 * "Untagged: alpine:latest", "Deleted: sha256:…". Errors: ENOENT for no such image; EBUSY if it is
 * in use, or if an id has names in several repositories. */
int store_remove(const char *root, const char *name, const struct strings *in_use,
		 struct strings *removed, struct error *err);

#endif
