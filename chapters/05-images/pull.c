/* The coordinator of a pull; see pull.h. Read pull_image first. */
#include "pull.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "credentials.h"
#include "digest.h"
#include "file.h"
#include "reference.h"
#include "registry.h"
#include "store.h"
#include "store_write.h"
#include "trace.h"

/* An index may list another index; that one no third. */
#define INDEX_DEPTH_MAX 2

/* A document as received, with the digest that it turned out to have. */
struct document {
	struct text bytes;
	char digest[DIGEST_SIZE];
};

struct pull {
	const struct pull_request *request;
	struct reference reference;
	struct platform platform;
	struct registry_endpoint *endpoints; /* to be tried in this order */
	size_t endpoint_count;
	/* The rest is of the endpoint that is being tried. */
	struct credentials credentials;
	struct fetcher fetcher;
	struct document indexes[INDEX_DEPTH_MAX]; /* in between; none for a plain manifest */
	size_t index_count;
	struct document manifest_document, config_document;
	struct manifest manifest;
	struct image_config config;
};

static void release_document(struct document *document)
{
	text_release(&document->bytes);
}

/* Forgets one endpoint, and what came from it. */
static void release_try(struct pull *pull)
{
	/* The fetcher first: what it still sends ends up nowhere. */
	fetcher_release(&pull->fetcher);
	credentials_release(&pull->credentials);
	for (size_t i = 0; i < pull->index_count; i++)
		release_document(&pull->indexes[i]);
	pull->index_count = 0;
	release_document(&pull->manifest_document);
	release_document(&pull->config_document);
	manifest_release(&pull->manifest);
	image_config_release(&pull->config);
	pull->manifest = (struct manifest){0};
	pull->config = (struct image_config){0};
}

static void release_pull(struct pull *pull)
{
	release_try(pull);
	for (size_t i = 0; i < pull->endpoint_count; i++)
		registry_endpoint_release(&pull->endpoints[i]);
	cleanup_memory(&pull->endpoints);
	reference_release(&pull->reference);
}

/* Compares the bytes with the digest that was asked for, or else with what the registry claims. */
static int verify_document(struct document *document, const char *what, const char *expected,
			   struct error *err)
{
	digest_of(text_string(&document->bytes), document->bytes.length, document->digest);
	if (!reference_is_digest(expected))
		return 0;
	trace("echo %q %s | sha256sum -c", expected + strlen("sha256:"), what);
	if (strcmp(document->digest, expected) != 0)
		return error_set(err, EBADMSG, "%s '%s' differs: its digest is '%s'", what,
				 expected, document->digest);
	return 0;
}

/* Gets a manifest by tag or digest, and parses it. */
static int get_manifest(struct pull *pull, const char *name, struct document *document,
			struct manifest *manifest, struct error *err)
{
	struct fetch_request request = fetch_request_for("manifests", name, MANIFEST_BYTES_MAX);
	struct fetch_answer answer;

	if (fetcher_get(&pull->fetcher, &request, &document->bytes, &answer, err) < 0)
		return -1;
	/* A digest of ours is the truth; the header only guards a tag against a broken transfer. */
	if (verify_document(document, "manifest", reference_is_digest(name) ? name : answer.digest,
			    err) < 0)
		return -1;
	return manifest_parse(text_string(&document->bytes), document->bytes.length,
			      *answer.media_type ? answer.media_type : NULL, manifest, err);
}

/* A descriptor promises a size, too. */
static int check_size(const struct descriptor *descriptor, const struct document *document,
		      struct error *err)
{
	if (document->bytes.length == descriptor->size_bytes)
		return 0;
	return error_set(err, EBADMSG, "'%s' has %zu bytes, and not %llu as promised",
			 descriptor->digest, document->bytes.length,
			 (unsigned long long)descriptor->size_bytes);
}

/* Follows one entry of the index that pull->manifest is. */
static int descend(struct pull *pull, struct error *err)
{
	AUTO_MANIFEST struct manifest index = pull->manifest;
	const struct descriptor *entry;

	pull->manifest = (struct manifest){0};
	if (pull->index_count == INDEX_DEPTH_MAX)
		return error_set(err, EINVAL, "read the manifest: indexes are nested too deep");
	pull->indexes[pull->index_count++] = pull->manifest_document;
	pull->manifest_document = (struct document){0};
	if (manifest_choose(&index, &pull->platform, &entry, err) < 0)
		return -1;
	if (get_manifest(pull, entry->digest, &pull->manifest_document, &pull->manifest, err) < 0)
		return -1;
	return check_size(entry, &pull->manifest_document, err);
}

static const char *wanted_name(const struct pull *pull)
{
	return pull->reference.digest ? pull->reference.digest : pull->reference.tag;
}

static int resolve(struct pull *pull, struct error *err)
{
	if (get_manifest(pull, wanted_name(pull), &pull->manifest_document, &pull->manifest, err) <
	    0)
		return -1;
	while (pull->manifest.is_index)
		if (descend(pull, err) < 0)
			return -1;
	return 0;
}

/* An image without an index tells its platform in its config only. As in Docker, another one than
 * this machine's will do, unless the user asked for one. */
static int check_platform(const struct pull *pull, struct error *err)
{
	const struct image_config *config = &pull->config;
	AUTO_FREE char *text = memory_format("%s/%s%s%s", config->os, config->architecture,
					     *config->variant ? "/" : "", config->variant);
	AUTO_TEXT struct text wanted = {0};
	struct platform platform;

	if (strcmp(config->os, "linux") != 0)
		return error_set(err, ENOTSUP, "the image is for the operating system '%s'",
				 config->os);
	if (!pull->request->platform)
		return 0;
	if (platform_parse(text, &platform, err) < 0)
		return -1;
	if (platform_match(&pull->platform, &platform) > 0)
		return 0;
	platform_add(&pull->platform, &wanted);
	return error_set(
		err, ENOENT,
		"image with reference %s was found but its platform (%s) does not match the specified platform (%s)",
		pull->request->name, text, text_string(&wanted));
}

static int check_layers(const struct pull *pull, struct error *err)
{
	const struct strings *diff_ids = &pull->config.diff_ids;

	if (diff_ids->count != pull->manifest.count)
		return error_set(err, EINVAL, "the manifest has %zu layers, and the config has %zu",
				 pull->manifest.count, diff_ids->count);
	for (size_t i = 0; i < diff_ids->count; i++)
		if (!reference_is_digest(diff_ids->items[i]))
			return error_set(err, EINVAL, "the diff_id '%s' is not sha256 in 64 digits",
					 diff_ids->items[i]);
	return 0;
}

static int get_config(struct pull *pull, struct error *err)
{
	const struct descriptor *descriptor = &pull->manifest.config;
	struct document *document = &pull->config_document;
	struct fetch_request request =
		fetch_request_for("blobs", descriptor->digest, descriptor->size_bytes);
	struct fetch_answer answer;

	if (fetcher_get(&pull->fetcher, &request, &document->bytes, &answer, err) < 0)
		return -1;
	if (check_size(descriptor, document, err) < 0 ||
	    verify_document(document, "config", descriptor->digest, err) < 0)
		return -1;
	if (image_config_parse(text_string(&document->bytes), document->bytes.length, &pull->config,
			       err) < 0)
		return -1;
	return check_platform(pull, err) < 0 ? -1 : check_layers(pull, err);
}

static int put(const struct pull *pull, const struct document *document, struct error *err)
{
	return store_put_blob(pull->request->root, document->digest, text_string(&document->bytes),
			      document->bytes.length, err);
}

/* What a document names is there before the document is; the reference comes last. */
static int commit(const struct pull *pull, struct error *err)
{
	const struct document *answered =
		pull->index_count ? &pull->indexes[0] : &pull->manifest_document;

	if (put(pull, &pull->config_document, err) < 0 ||
	    put(pull, &pull->manifest_document, err) < 0)
		return -1;
	for (size_t i = pull->index_count; i > 0; i--)
		if (put(pull, &pull->indexes[i - 1], err) < 0)
			return -1;
	return store_set_reference(pull->request->root, &pull->reference, answered->digest,
				   pull->manifest_document.digest, err);
}

/* Asks only for the digest that the tag has now: Docker Hub does not count that as a pull. An error
 * here comes again, and is told, when the manifest itself is asked for. */
static bool is_up_to_date(struct pull *pull, struct fetch_answer *answer)
{
	const struct reference *reference = &pull->reference;
	AUTO_FREE char *name = reference_canonical_text(reference);
	struct fetch_request request = fetch_request_for("manifests", wanted_name(pull), 0);
	AUTO_IMAGE struct image image = {0};
	struct error ignored;

	if (store_find(pull->request->root, name, &image, &ignored) < 0 ||
	    !platform_is(&pull->platform, image.config.os, image.config.architecture))
		return false;
	return fetcher_head(&pull->fetcher, request, answer, &ignored) == 0 &&
	       strcmp(answer->digest, image.digest) == 0;
}

static int download(struct pull *pull, int lock, struct error *err)
{
	const struct pull_request *request = pull->request;

	if (resolve(pull, err) < 0)
		return -1;
	progress_begin(&request->progress, &pull->reference);
	/* Who pulls the same image beside us, does so for us, too. */
	if (get_config(pull, err) < 0 ||
	    store_wait_turn(lock, pull->manifest_document.digest, err) < 0)
		return -1;
	if (pull_layers(request, &pull->fetcher, &pull->manifest, &pull->config, err) < 0)
		return -1;
	return commit(pull, err);
}

static int pull_from(struct pull *pull, const struct registry_endpoint *endpoint, int lock,
		     struct error *err)
{
	const struct pull_request *request = pull->request;
	struct registry_access access = {&pull->reference, &pull->credentials, endpoint};
	struct fetch_answer head;

	/* A mirror never sees what is kept for docker.io. */
	if (credentials_read(request->config_file,
			     endpoint->mirror ? endpoint->host : pull->reference.domain,
			     &pull->credentials, err) < 0)
		return -1;
	if (fetcher_start(&pull->fetcher, &access, err) < 0)
		return -1;
	if (is_up_to_date(pull, &head)) {
		progress_begin(&request->progress, &pull->reference);
		progress_end(&request->progress, &pull->reference, head.digest, false);
		return 0;
	}
	if (download(pull, lock, err) < 0)
		return -1;
	progress_end(&request->progress, &pull->reference,
		     pull->index_count ? pull->indexes[0].digest : pull->manifest_document.digest,
		     true);
	return 0;
}

/* As in Docker, whatever is wrong with a mirror, the next one is tried; but the disk stays full. */
static int pull_from_any(struct pull *pull, int lock, struct error *err)
{
	for (size_t i = 0; i + 1 < pull->endpoint_count; i++) {
		if (pull_from(pull, &pull->endpoints[i], lock, err) == 0)
			return 0;
		trace("# the mirror '%s' failed: %s", pull->endpoints[i].host, err->text);
		release_try(pull);
		if (err->code == ENOSPC)
			return -1;
	}
	return pull_from(pull, &pull->endpoints[pull->endpoint_count - 1], lock, err);
}

static int run(struct pull *pull, struct error *err)
{
	const struct pull_request *request = pull->request;
	AUTO_CLOSE int lock = -1;

	if (reference_parse(request->name, &pull->reference, err) < 0 ||
	    platform_parse(request->platform, &pull->platform, err) < 0 ||
	    endpoints_of(request->registries, &pull->reference, &pull->endpoints,
			 &pull->endpoint_count, err) < 0)
		return -1;
	lock = store_lock(request->root, false, err);
	return lock < 0 ? -1 : pull_from_any(pull, lock, err);
}

int pull_image(const struct pull_request *request, struct error *err)
{
	struct pull pull = {.request = request};
	int result = run(&pull, err);

	release_pull(&pull);
	return result;
}
