/*
 * An image that is put together here: from layers that are at hand as streams, and a config.
 * load and import use it.
 */
#ifndef IMAGE_WRITE_H
#define IMAGE_WRITE_H

#include <stdint.h>

#include "digest.h"
#include "error.h"
#include "reference.h"
#include "text.h"

/* A layer that is unpacked, hashed, and not yet in its place. */
struct staged_layer {
	char digest[DIGEST_SIZE], diff_id[DIGEST_SIZE];
	uint64_t compressed_bytes, unpacked_bytes;
	const char *media_type;
	char *blob_path, *staged_dir; /* NULL: the store has it */
};

struct staged_layers {
	struct staged_layer *items;
	size_t count;
};

/* Copies all of from_fd through an unpacker into the directory of a staged layer. The blob goes to
 * blob_fd. Errors: as of unpacker_finish. */
struct layer_result;
int image_write_unpack(int from_fd, int blob_fd, const char *staged_dir,
		       struct layer_result *result, struct error *err);

/* Reads a layer to the end of from_fd and adds it to the list. The caller compares the digests. */
int image_write_layer(const char *root, int from_fd, struct staged_layers *layers,
		      struct error *err);

/* Adds the manifest of these layers and this config to *manifest: the same for the same image. */
void image_write_manifest(const struct staged_layers *layers, const struct text *config,
			  struct text *manifest);

/* Gives layers, config and manifest their places. The documents are stored as they are. */
int image_write_commit(const char *root, struct staged_layers *layers, const struct text *config,
		       const struct text *manifest, struct error *err);

/* Lets `name` name the image, or, if it is NULL, STORE_NAMELESS with its digest, unless it has a
 * name. `digest` is that of an index, or of the manifest. */
int image_write_name(const char *root, const char *name, const char *digest,
		     const char *manifest_digest, struct error *err);

/* Discards what has not been committed. */
void staged_layers_release(struct staged_layers *layers);
#define AUTO_STAGED_LAYERS CLEANUP(staged_layers_release)

#endif
