/* SHA-256 by OpenSSL's EVP interface; see digest.h. */
#include "digest.h"

#include <openssl/evp.h>
#include <stdio.h>

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

void digest_release(struct digest *digest)
{
	EVP_MD_CTX_free(digest->context);
	digest->context = NULL;
}
