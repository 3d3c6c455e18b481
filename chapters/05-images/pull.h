/*
 * Pulling an image: from a name to verified blobs and unpacked layers in the store.
 *
 *	            request: "manifests/latest"          bytes, by a pipe
 *	pull   ------------------------------> fetcher -------------------> unpacker (one a layer)
 *	(root, the store)                      (the network)                (one empty directory)
 *	   ^---- answer: done, or why not ---------'                               |
 *	   ^---- result: digests and sizes of what came ---------------------------'
 *
 * The coordinator parses no byte of a layer. It compares digests, and gives things their place.
 * The reference comes last, so a pull that is ended at any moment leaves a store that is correct.
 */
#ifndef PULL_H
#define PULL_H

#include "registry_endpoint.h"
#include "error.h"
#include "fetcher.h"
#include "image_config.h"
#include "manifest.h"
#include "progress.h"

struct pull_request {
	const char *root;	 /* of the store */
	const char *name;	 /* as the user wrote it */
	const char *platform;	 /* NULL: this machine's */
	const char *config_file; /* with credentials, as docker login writes it; NULL: none */
	const struct registry_config *registries;
	size_t downloads; /* layers side by side; 0: as the registries' config says, or three */
	struct progress progress;
};

/* Pulls an image. The caller ignores SIGPIPE. Errors: see image_helper_pull. */
int pull_image(const struct pull_request *request, struct error *err);

/* Downloads and unpacks those layers that the store lacks, a few side by side
 * (pull_layers.c). On failure verified layers stay, and nothing is left in staging. */
int pull_layers(const struct pull_request *request, struct fetcher *fetcher,
		const struct manifest *manifest, const struct image_config *config,
		struct error *err);

#endif
