/* SHA-256 by OpenSSL's EVP interface; see digest.h. */
#include "digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

#include "file.h"

#define CHUNK_BYTES ((size_t)64 << 10)

/* EVP fails when memory is short, or OpenSSL is misconfigured. What can't be hashed has a digest that
 * is no digest, and so differs from all that it is compared with. */
static void check(struct digest *digest, int result)
{
	if (result != 1)
		digest_release(digest);
}

void digest_begin(struct digest *digest)
{
	digest->context = EVP_MD_CTX_new();
	if (digest->context)
		check(digest, EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL));
}

void digest_add(struct digest *digest, const void *bytes, size_t count)
{
	if (digest->context)
		check(digest, EVP_DigestUpdate(digest->context, bytes, count));
}

void digest_end(struct digest *digest, char text[DIGEST_SIZE])
{
	unsigned char binary[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	int at;

	if (digest->context)
		check(digest, EVP_DigestFinal_ex(digest->context, binary, &length));
	if (!digest->context) {
		snprintf(text, DIGEST_SIZE, "unknown, because OpenSSL fails");
		return;
	}
	at = snprintf(text, DIGEST_SIZE, "sha256:");
	for (unsigned int i = 0; i < length; i++)
		at += snprintf(text + at, (size_t)(DIGEST_SIZE - at), "%02x", binary[i]);
	digest_release(digest);
}

void digest_of(const void *bytes, size_t count, char text[DIGEST_SIZE])
{
	struct digest digest = {0};

	digest_begin(&digest);
	digest_add(&digest, bytes, count);
	digest_end(&digest, text);
}

static int copy(int input_fd, const int *output_fds, size_t output_count, struct digest *digest,
		struct error *err)
{
	unsigned char chunk[CHUNK_BYTES];
	ssize_t count;

	do
		count = read(input_fd, chunk, sizeof(chunk));
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return error_sys(err, "read the layer");
	digest_add(digest, chunk, (size_t)count);
	for (size_t i = 0; i < output_count; i++)
		if (file_write_all(output_fds[i], chunk, (size_t)count, "the layer", err) < 0)
			return -1;
	return (int)count;
}

int digest_copy(int input_fd, const int *output_fds, size_t output_count, struct digested *digested,
		struct error *err)
{
	AUTO_DIGEST struct digest digest = {0};
	int count;

	digest_begin(&digest);
	digested->bytes = 0;
	while ((count = copy(input_fd, output_fds, output_count, &digest, err)) > 0)
		digested->bytes += (uint64_t)count;
	if (count < 0)
		return -1;
	digest_end(&digest, digested->text);
	return 0;
}

void digest_release(struct digest *digest)
{
	EVP_MD_CTX_free(digest->context);
	digest->context = NULL;
}
