/*
 * Manifests: which config and which layers make an image; and indexes, which list a manifest for
 * each platform. Both formats, Docker's and OCI's. OCI image-spec manifest.md, image-index.md
 */
#ifndef MANIFEST_H
#define MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "error.h"

/* No document is larger, no image has more layers (overlayfs takes no more either). */
#define MANIFEST_BYTES_MAX (4 << 20)
#define MANIFEST_LAYERS_MAX 128

/* What a registry is to be asked for: all that manifest_parse understands. */
#define MANIFEST_ACCEPT                                                                            \
	"application/vnd.oci.image.index.v1+json,"                                                 \
	"application/vnd.docker.distribution.manifest.list.v2+json,"                               \
	"application/vnd.oci.image.manifest.v1+json,"                                              \
	"application/vnd.docker.distribution.manifest.v2+json"

/* "linux/arm64/v8"; an unknown part is "". */
struct platform {
	char os[32], architecture[32], variant[32];
};

/* One blob that a manifest names. */
struct descriptor {
	char *media_type; /* "" if absent */
	char *digest;	  /* "sha256:…", checked */
	uint64_t size_bytes;
	struct platform platform; /* of an entry of an index */
	bool runnable;		  /* of an entry: a manifest or index, not an attestation */
};

struct manifest {
	bool is_index;
	struct descriptor config; /* of an image */
	struct descriptor *items; /* layers, bottom first; or the entries of an index */
	size_t count;
};

/* Reads a manifest or an index. `content_type` is what the registry called it, NULL if that is not
 * known. Digests and sizes are checked in form. The caller releases *manifest.
 * Errors: EINVAL for a damaged or ambiguous document; ENOTSUP for schema 1, for what is not an image
 * and for layers that registries do not hold. */
int manifest_parse(const char *bytes, size_t length, const char *content_type,
		   struct manifest *manifest, struct error *err);

/* Chooses the entry of an index for a platform. The result is the manifest's own.
 * Errors: ENOENT "no matching manifest for linux/arm64/v8 in the manifest list entries". */
int manifest_choose(const struct manifest *index, const struct platform *platform,
		    const struct descriptor **entry, struct error *err);

void manifest_release(struct manifest *manifest);
#define AUTO_MANIFEST CLEANUP(manifest_release)

/* Reads "OS[/ARCHITECTURE[/VARIANT]]" and normalises it: x86_64 is amd64, aarch64 is arm64/v8.
 * NULL is this machine's platform. Errors: EINVAL. uname(2) */
int platform_parse(const char *text, struct platform *platform, struct error *err);

/* How well an image for `offered` runs on `wanted`: 0 not at all, more is better. */
int platform_match(const struct platform *wanted, const struct platform *offered);

/* Whether an image that is made for an architecture runs on `wanted`, whatever its variant. */
bool platform_is(const struct platform *wanted, const char *os, const char *architecture);

/* Adds what Docker calls it: "linux/arm64/v8". */
struct text;
void platform_add(const struct platform *platform, struct text *text);

#endif
