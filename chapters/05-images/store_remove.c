/*
 * Removing from the image store, as docker rmi does; see store_write.h.
 *
 * First the names go. Then all that no remaining name leads to goes: blobs and layers that were the
 * image's alone, and those that a pull which failed has left. So a removal that is killed half-way
 * is finished by the next one.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "digest.h"
#include "manifest.h"
#include "path.h"
#include "store.h"
#include "store_write.h"
#include "trace.h"

struct removal {
	const char *root;
	struct stored_references all;
	size_t *chosen; /* indexes of `all`: the names that go */
	int count;
	bool by_id;
	struct strings *removed;
};

static void removal_release(struct removal *removal)
{
	stored_references_release(&removal->all);
	cleanup_memory(&removal->chosen);
}
#define AUTO_REMOVAL CLEANUP(removal_release)

/* --- which names go, and whether they may ----------------------------------------------------- */

static bool is_chosen(const struct removal *removal, size_t index)
{
	for (int i = 0; i < removal->count; i++)
		if (removal->chosen[i] == index)
			return true;
	return false;
}

static bool is_same_image(const struct stored_reference *a, const struct stored_reference *b)
{
	return (!a->damage && !b->damage && strcmp(a->manifest_digest, b->manifest_digest) == 0) ||
	       (a->id && b->id && strcmp(a->id, b->id) == 0);
}

static bool is_same_repository(const struct stored_reference *a, const struct stored_reference *b)
{
	return strcmp(a->reference.domain, b->reference.domain) == 0 &&
	       strcmp(a->reference.path, b->reference.path) == 0;
}

static const struct stored_reference *first_chosen(const struct removal *removal)
{
	return &removal->all.items[removal->chosen[0]];
}

static bool has_other_name(const struct removal *removal)
{
	for (size_t i = 0; i < removal->all.count; i++)
		if (!is_chosen(removal, i) &&
		    is_same_image(&removal->all.items[i], first_chosen(removal)))
			return true;
	return false;
}

/* NAME@DIGEST means nothing to anyone when the last NAME:TAG of the image goes. */
static void choose_digests_too(struct removal *removal)
{
	const struct stored_reference *first = first_chosen(removal);

	for (size_t i = 0; i < removal->all.count; i++) {
		const struct stored_reference *other = &removal->all.items[i];

		if (other->reference.tag && !is_chosen(removal, i) && is_same_image(other, first) &&
		    is_same_repository(other, first))
			return;
	}
	for (size_t i = 0; i < removal->all.count; i++) {
		const struct stored_reference *other = &removal->all.items[i];

		if (!is_chosen(removal, i) && is_same_image(other, first) &&
		    is_same_repository(other, first))
			removal->chosen[removal->count++] = i;
	}
}

/* In Docker's words. */
static int conflict(const char *what, const char *why, struct error *err)
{
	return error_set(err, EBUSY, "conflict: %s - %s", what, why);
}

static int check_repositories(const struct removal *removal, const char *name, struct error *err)
{
	AUTO_FREE char *what = memory_format("unable to delete %s (must be forced)", name);

	for (int i = 1; i < removal->count; i++)
		if (!is_same_repository(&removal->all.items[removal->chosen[i]],
					first_chosen(removal)))
			return conflict(what, "image is referenced in multiple repositories", err);
	return 0;
}

/* A name may go from an image in use as long as another one stays. */
static int check_use(const struct removal *removal, const char *name, const struct strings *in_use,
		     struct error *err)
{
	AUTO_FREE char *delete = memory_format("unable to delete %s (must be forced)", name);
	AUTO_FREE char *untag =
		memory_format("unable to remove repository reference \"%s\" (must force)", name);
	AUTO_FREE char *used = NULL;
	const char *id = first_chosen(removal)->id;

	if (!id || !strings_contain(in_use, id) || has_other_name(removal))
		return 0;
	used = memory_format("a container is using its referenced image %.12s",
			     id + strlen("sha256:"));
	if (removal->by_id)
		return conflict(delete, "image is being used by a container", err);
	return conflict(untag, used, err);
}

static int choose(struct removal *removal, const char *name, const struct strings *in_use,
		  struct error *err)
{
	if (store_references(removal->root, &removal->all, err) < 0)
		return -1;
	removal->chosen = memory_zeroed(removal->all.count + 1, sizeof(*removal->chosen));
	removal->count = store_choose(&removal->all, name, removal->chosen, &removal->by_id, err);
	if (removal->count < 0)
		return -1;
	if (removal->by_id && check_repositories(removal, name, err) < 0)
		return -1;
	choose_digests_too(removal);
	return check_use(removal, name, in_use, err);
}

/* --- names ------------------------------------------------------------------------------------ */

static int untag(const char *root, const struct stored_reference *stored, struct error *err)
{
	AUTO_FREE char *path = store_reference_path(root, &stored->reference);
	AUTO_FREE char *refs = path_join(root, "refs");
	char *slash;

	trace("rm %q", path);
	if (unlink(path) < 0)
		return error_sys(err, "remove '%s'", path);
	/* Directories that became empty, up to refs itself. */
	while ((slash = strrchr(path, '/')) && (size_t)(slash - path) > strlen(refs)) {
		*slash = '\0';
		if (rmdir(path) < 0)
			break;
	}
	return 0;
}

static int untag_all(struct removal *removal, struct error *err)
{
	for (int i = 0; i < removal->count; i++) {
		const struct stored_reference *stored = &removal->all.items[removal->chosen[i]];
		AUTO_FREE char *name = reference_familiar_text(&stored->reference);
		AUTO_FREE char *line = memory_format("Untagged: %s", name);

		if (untag(removal->root, stored, err) < 0)
			return -1;
		if (strcmp(stored->reference.familiar, STORE_NAMELESS) != 0)
			strings_add(removal->removed, line);
	}
	return 0;
}

/* Docker names an image by its digest, too. */
static void add_untagged_digest(const struct removal *removal)
{
	const struct stored_reference *first = first_chosen(removal);
	AUTO_FREE char *line =
		memory_format("Untagged: %s@%s", first->reference.familiar, first->digest);

	if (first->reference.tag && !first->damage && !strings_contain(removal->removed, line))
		strings_add(removal->removed, line);
}

/* --- contents ------------------------------------------------------------------------------- */

/* Adds the names, below blobs/sha256 and layers, of all that an image needs. */
static int mark(const char *root, const struct stored_reference *stored, struct strings *needed,
		struct error *err)
{
	AUTO_MANIFEST struct manifest manifest = {0};
	AUTO_IMAGE struct image image = {0};

	/* In this order: a reference that is damaged has no digest to look for. */
	if (store_load(root, stored, &image, err) < 0 ||
	    store_manifest(root, stored->manifest_digest, &manifest, err) < 0)
		return -1;
	strings_add(needed, stored->digest);
	strings_add(needed, stored->manifest_digest);
	strings_add(needed, image.id);
	for (size_t i = 0; i < manifest.count; i++)
		strings_add(needed, manifest.items[i].digest);
	strings_add_all(needed, &image.config.diff_ids);
	return 0;
}

/* Whole at its place, or gone from it: a tree that is removed in place would be neither. */
static int remove_layer(const char *root, const char *path, struct error *err)
{
	AUTO_FREE char *staged =
		memory_format("%s/staging/removed-%s", root, strrchr(path, '/') + 1);

	trace("mv %q %q", path, staged);
	if (rename(path, staged) < 0)
		return errno == ENOENT ? 0 : error_sys(err, "rename '%s' to '%s'", path, staged);
	return path_remove_tree(staged, err);
}

/* Removes what is in a directory of digests and is not needed. */
static int sweep(const char *root, const char *name, const struct strings *needed,
		 struct error *err)
{
	AUTO_FREE char *path = path_join(root, name);
	AUTO_CLOSE_DIR DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return error_sys(err, "read directory '%s'", path);
	while ((entry = readdir(dir))) {
		AUTO_FREE char *item = path_join(path, entry->d_name);
		AUTO_FREE char *digest = memory_format("sha256:%.*s", 64, entry->d_name);

		if (entry->d_name[0] == '.' || strings_contain(needed, digest))
			continue;
		if (remove_layer(root, item, err) < 0)
			return -1;
	}
	return 0;
}

static int sweep_all(const char *root, struct error *err)
{
	AUTO_STORED_REFERENCES struct stored_references left = {0};
	AUTO_STRINGS struct strings needed = {0};
	struct error ignored;

	if (store_references(root, &left, err) < 0)
		return -1;
	for (size_t i = 0; i < left.count; i++)
		/* What a damaged image needs nobody knows: all stays until it has gone, too. */
		if (mark(root, &left.items[i], &needed, &ignored) < 0)
			return 0;
	if (sweep(root, "blobs/sha256", &needed, err) < 0)
		return -1;
	return sweep(root, "layers", &needed, err);
}

/* A layer's id, for Docker, depends on those below: sha256 of "CHAIN_ID DIFF_ID". */
static void chain_ids(const struct strings *diff_ids, struct strings *chain)
{
	for (size_t i = 0; i < diff_ids->count; i++) {
		AUTO_FREE char *both = NULL;
		char id[DIGEST_SIZE];

		if (i == 0) {
			strings_add(chain, diff_ids->items[0]);
			continue;
		}
		both = memory_format("%s %s", chain->items[i - 1], diff_ids->items[i]);
		digest_of(both, strlen(both), id);
		strings_add(chain, id);
	}
}

/* As Docker does, from the top layer down, those that are gone. */
static void add_deleted(const struct removal *removal, const struct image *image)
{
	AUTO_FREE char *deleted = memory_format("Deleted: %s", image->id);
	AUTO_STRINGS struct strings chain = {0};

	strings_add(removal->removed, deleted);
	chain_ids(&image->config.diff_ids, &chain);
	for (size_t i = chain.count; i-- > 0;) {
		AUTO_FREE char *line = memory_format("Deleted: %s", chain.items[i]);

		if (!store_has_layer(removal->root, image->config.diff_ids.items[i]))
			strings_add(removal->removed, line);
	}
}

static int delete_image(const struct removal *removal, struct error *err)
{
	AUTO_IMAGE struct image image = {0};
	struct error ignored;
	/* While it is there. A damaged image has nothing to tell, but goes. */
	bool loaded = store_load(removal->root, first_chosen(removal), &image, &ignored) == 0;

	add_untagged_digest(removal);
	if (sweep_all(removal->root, err) < 0)
		return -1;
	if (loaded)
		add_deleted(removal, &image);
	return 0;
}

int store_remove(const char *root, const char *name, const struct strings *in_use,
		 struct strings *removed, struct error *err)
{
	AUTO_REMOVAL struct removal removal = {.root = root, .removed = removed};

	if (choose(&removal, name, in_use, err) < 0 || untag_all(&removal, err) < 0)
		return -1;
	return has_other_name(&removal) ? 0 : delete_image(&removal, err);
}
