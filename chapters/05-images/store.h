/*
 * The image store on disk, for reading. Only coracle-image writes to it (pull.h).
 *
 *	ROOT/blobs/sha256/HEX          manifests, configs and layers, byte for byte as received
 *	ROOT/refs/DOMAIN/PATH/:TAG     two lines: the digest that the registry answered for the name
 *	ROOT/refs/DOMAIN/PATH/@DIGEST  (of an index or a manifest), and this platform's manifest's
 *	ROOT/layers/HEX/               one unpacked layer, by its diff_id
 *	ROOT/layers/HEX.size           its bytes, unpacked
 *	ROOT/staging/  ROOT/lock       of writers: store_write.h
 *
 * A part of a PATH never begins with ":", "@" or ".", so no name leads elsewhere or hides another.
 *
 * Whatever is present is correct: it was staged under a temporary name, verified, and renamed.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "error.h"
#include "image_config.h"
#include "reference.h"
#include "text.h"

/* The repository of an image that has no name, only a digest: it is shown as <none>. */
#define STORE_NAMELESS "localhost/none"

/* An image that is whole: its config is read, its layers are unpacked. */
struct image {
	char *name;	       /* familiar, with tag: "alpine:latest" */
	char *id;	       /* "sha256:…" of the config */
	char *manifest_digest; /* "sha256:…" of the manifest (of this platform) */
	char *digest;	     /* what the registry answered for the name: an index or the manifest */
	uint64_t size_bytes; /* of the layers, unpacked */
	struct image_config config;
	struct strings layers; /* paths of the layer directories, bottom first */
};

/* Makes the directories of an empty store, 0700, if they are missing. */
int store_prepare(const char *root, struct error *err);

/* Finds an image by reference, image id (64 hex, with or without sha256:) or unique prefix of one.
 * The caller releases *image. Errors: ENOENT "No such image: …"; EINVAL; EIO if the store is
 * damaged. */
int store_find(const char *root, const char *name, struct image *image, struct error *err);

/* All images, newest first, but those that are damaged: what is wrong with each of them is added to
 * *damaged, if that is not NULL. The caller releases each image, and frees *images. */
int store_list(const char *root, struct image **images, size_t *count, struct strings *damaged,
	       struct error *err);

void image_release(struct image *image);
#define AUTO_IMAGE CLEANUP(image_release)

/* --- for this and the writers' modules -------------------------------------------------------- */

/* A file below ROOT/refs. */
struct stored_reference {
	struct reference reference;
	char *digest, *manifest_digest;
	char *id;     /* of the image; NULL if its manifest is damaged */
	char *damage; /* of the file itself, whose digests are "" then; else NULL */
};

struct stored_references {
	struct stored_reference *items;
	size_t count;
};

/* Reads all references, in no order. The caller releases *list. */
int store_references(const char *root, struct stored_references *list, struct error *err);
void stored_references_release(struct stored_references *list);
#define AUTO_STORED_REFERENCES CLEANUP(stored_references_release)

/* Chooses the references that `name` means: a reference, an id, or the beginning of one; *by_id
 * tells which. Adds their indexes to `chosen`, which has room for all, and returns how many.
 * Errors: ENOENT "No such image: …"; EINVAL. */
int store_choose(const struct stored_references *list, const char *name, size_t *chosen,
		 bool *by_id, struct error *err);

/* Reads the image that a stored reference names. The caller releases *image. Errors: EIO. */
int store_load(const char *root, const struct stored_reference *stored, struct image *image,
	       struct error *err);

/* How many bytes a layer has, unpacked. Errors: EIO. */
int store_layer_size(const char *root, const char *diff_id, uint64_t *bytes, struct error *err);

/* Reads a blob that is a manifest. The caller releases *manifest. Errors: EIO. */
struct manifest;
int store_manifest(const char *root, const char *digest, struct manifest *manifest,
		   struct error *err);

/* Where things are. The digest must be one (reference_is_digest). The caller frees the path. */
char *store_blob_path(const char *root, const char *digest);
char *store_layer_path(const char *root, const char *diff_id);
char *store_reference_path(const char *root, const struct reference *reference);

#endif
