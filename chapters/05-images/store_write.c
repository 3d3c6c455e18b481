/* Adding to the image store; see store_write.h. */
#include "store_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "path.h"
#include "store.h"
#include "trace.h"

/* --- the lock ------------------------------------------------------------------------------ */

static int lock(int fd, int operation, struct error *err)
{
	int result;

	do
		result = flock(fd, operation);
	while (result < 0 && errno == EINTR);
	return result < 0 ? error_sys(err, "lock the image store") : 0;
}

/* Only for the one who is alone in the store: what is staged then belongs to nobody. */
static int clean_staging(const char *root, struct error *err)
{
	AUTO_FREE char *path = path_join(root, "staging");

	/* Mostly there is nothing, which rmdir says at once. */
	if (rmdir(path) < 0 && path_remove_tree(path, err) < 0)
		return error_wrap(err, "clean up after a killed pull");
	/* EEXIST: one who is about to lock the store has just prepared it. */
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_sys(err, "make directory '%s'", path);
	return 0;
}

/* A pull may take long, and the one who waits may hold locks that others wait for. */
static int lock_soon(int fd, struct error *err)
{
	const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
	int result = lock(fd, LOCK_EX | LOCK_NB, err);

	for (int pauses = 0; result < 0 && err->code == EWOULDBLOCK && pauses < 40; pauses++) {
		nanosleep(&pause, NULL);
		result = lock(fd, LOCK_EX | LOCK_NB, err);
	}
	if (result < 0 && err->code == EWOULDBLOCK)
		return error_set(
			err, EBUSY,
			"the image store is in use by another command: try again when it has ended");
	return result;
}

int store_lock(const char *root, bool exclusive, struct error *err)
{
	AUTO_FREE char *path = path_join(root, "lock");
	AUTO_CLOSE int fd = -1;
	struct error ignored;

	if (store_prepare(root, err) < 0)
		return -1;
	trace("flock %s %q", exclusive ? "--exclusive" : "--shared", path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_sys(err, "open '%s'", path);
	/* A shared lock begins as an exclusive one, if it can be had at once. */
	if (exclusive && lock_soon(fd, err) < 0)
		return -1;
	if ((exclusive || lock(fd, LOCK_EX | LOCK_NB, &ignored) == 0) &&
	    clean_staging(root, err) < 0)
		return -1;
	if (!exclusive && lock(fd, LOCK_SH, err) < 0)
		return -1;
	return take_fd(&fd);
}

int store_wait_turn(int lock_fd, const char *digest, struct error *err)
{
	AUTO_FREE char *digits = memory_format("%.15s", digest + strlen("sha256:"));
	/* A lock needs no byte that is there: the digest is a place in the file. */
	struct flock byte = {.l_type = F_WRLCK,
			     .l_whence = SEEK_SET,
			     .l_start = (off_t)strtoull(digits, NULL, 16),
			     .l_len = 1};
	int result;

	trace("# wait until nobody else pulls %q", digest);
	do
		result = fcntl(lock_fd, F_OFD_SETLKW, &byte);
	while (result < 0 && errno == EINTR);
	return result < 0 ? error_sys(err, "wait for another pull of '%s'", digest) : 0;
}

/* --- staging -------------------------------------------------------------------------------- */

static int move(const char *from, const char *to, struct error *err)
{
	trace("mv %q %q", from, to);
	if (rename(from, to) < 0)
		return error_sys(err, "rename '%s' to '%s'", from, to);
	return 0;
}

static int write_staged(const char *root, const void *bytes, size_t length, char **path,
			struct error *err)
{
	AUTO_FREE char *staged = NULL;
	AUTO_CLOSE int fd = -1;

	if (store_stage_blob(root, &fd, &staged, err) < 0)
		return -1;
	if (file_write_all(fd, bytes, length, staged, err) < 0) {
		store_discard(staged);
		return -1;
	}
	*path = take_ptr(&staged);
	return 0;
}

static int put(const char *root, const void *bytes, size_t length, const char *path,
	       struct error *err)
{
	AUTO_FREE char *staged = NULL;

	if (write_staged(root, bytes, length, &staged, err) < 0)
		return -1;
	if (move(staged, path, err) == 0)
		return 0;
	store_discard(staged);
	return -1;
}

int store_stage_layer(const char *root, char **staged_dir, struct error *err)
{
	AUTO_FREE char *path = memory_format("%s/staging/layer-XXXXXX", root);

	if (!mkdtemp(path))
		return error_sys(err, "make a directory below '%s/staging'", root);
	/* What the root of a layer is that does not say; nobody but root gets as far as here. */
	if (chmod(path, 0755) < 0)
		return error_sys(err, "set the mode of '%s'", path);
	*staged_dir = take_ptr(&path);
	return 0;
}

int store_commit_layer(const char *root, const char *diff_id, uint64_t unpacked_bytes,
		       const char *staged_dir, struct error *err)
{
	AUTO_FREE char *path = store_layer_path(root, diff_id);
	AUTO_FREE char *size_path = memory_format("%s.size", path);
	AUTO_FREE char *size = memory_format("%llu", (unsigned long long)unpacked_bytes);

	/* The size first: a layer that is there has one. */
	if (put(root, size, strlen(size), size_path, err) < 0)
		return -1;
	if (move(staged_dir, path, err) == 0)
		return 0;
	if (err->code != EEXIST && err->code != ENOTEMPTY)
		return -1;
	store_discard(staged_dir);
	return 0;
}

bool store_has_layer(const char *root, const char *diff_id)
{
	AUTO_FREE char *path = store_layer_path(root, diff_id);
	struct error ignored;
	uint64_t bytes;

	/* A removal that was killed may have left one of them; a power cut, an empty size. */
	return access(path, F_OK) == 0 && store_layer_size(root, diff_id, &bytes, &ignored) == 0;
}

int store_stage_blob(const char *root, int *fd, char **path, struct error *err)
{
	AUTO_FREE char *staged = memory_format("%s/staging/blob-XXXXXX", root);
	int made = mkostemp(staged, O_CLOEXEC);

	if (made < 0)
		return error_sys(err, "create a file below '%s/staging'", root);
	*fd = made;
	*path = take_ptr(&staged);
	return 0;
}

int store_commit_blob(const char *root, const char *digest, const char *path, struct error *err)
{
	AUTO_FREE char *blob = store_blob_path(root, digest);

	return move(path, blob, err);
}

int store_put_blob(const char *root, const char *digest, const void *bytes, size_t length,
		   struct error *err)
{
	AUTO_FREE char *path = store_blob_path(root, digest);

	return put(root, bytes, length, path, err);
}

bool store_has_blob(const char *root, const char *digest)
{
	AUTO_FREE char *path = store_blob_path(root, digest);

	return access(path, F_OK) == 0;
}

void store_discard(const char *staged_path)
{
	struct error ignored;

	if (staged_path)
		path_remove_tree(staged_path, &ignored);
}

/* --- references ----------------------------------------------------------------------------- */

int store_sync(const char *root, struct error *err)
{
	AUTO_CLOSE int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	trace("sync --file-system %q", root);
	if (fd < 0 || syncfs(fd) < 0)
		return error_sys(err, "sync '%s'", root);
	return 0;
}

static int make_parent(const char *path, struct error *err)
{
	AUTO_FREE char *dir = memory_string(path);

	*strrchr(dir, '/') = '\0';
	return path_make_dirs(dir, 0700, err);
}

/* Writes a reference, and lets it appear once it and all else is on the disk: one sync for all files
 * of all layers, where a sync for each would take minutes. */
static int put_reference(const char *root, const struct reference *reference, const char *digest,
			 const char *manifest_digest, struct error *err)
{
	AUTO_FREE char *path = store_reference_path(root, reference);
	AUTO_FREE char *lines = memory_format("%s\n%s\n", digest, manifest_digest);
	AUTO_FREE char *staged = NULL;

	if (make_parent(path, err) < 0 ||
	    write_staged(root, lines, strlen(lines), &staged, err) < 0)
		return -1;
	if (store_sync(root, err) == 0 && move(staged, path, err) == 0)
		return 0;
	store_discard(staged);
	return -1;
}

static bool is_same(const struct reference *a, const struct reference *b)
{
	AUTO_FREE char *first = reference_canonical_text(a);
	AUTO_FREE char *second = reference_canonical_text(b);

	return strcmp(first, second) == 0;
}

/* Containers may use the image that loses its name to a newer one; it can still be removed by its
 * digest or id. */
static int keep_old_image(const char *root, const struct reference *reference,
			  const char *manifest_digest, struct error *err)
{
	AUTO_STORED_REFERENCES struct stored_references list = {0};
	const struct stored_reference *old = NULL;
	struct reference kept = *reference;

	if (store_references(root, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++)
		if (is_same(&list.items[i].reference, reference))
			old = &list.items[i];
	if (!old || old->damage || strcmp(old->manifest_digest, manifest_digest) == 0)
		return 0;
	for (size_t i = 0; i < list.count; i++)
		if (&list.items[i] != old &&
		    strcmp(list.items[i].manifest_digest, old->manifest_digest) == 0)
			return 0;
	kept.digest = old->manifest_digest;
	return put_reference(root, &kept, old->manifest_digest, old->manifest_digest, err);
}

int store_set_reference(const char *root, const struct reference *reference, const char *digest,
			const char *manifest_digest, struct error *err)
{
	if (keep_old_image(root, reference, manifest_digest, err) < 0)
		return -1;
	return put_reference(root, reference, digest, manifest_digest, err);
}
