/* The wrapper of a layer's stream: gzip in several members, zstd in several frames, plain. gzip is done
 * by two libraries, one for each kind of processor: what zlib decompresses, isa-l must, to the same. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compression.h"
#include "digest.h"

/* What a few hundred bytes expand to is not worth the fuzzer's time. */
#define ENOUGH_BYTES (4 << 20)

/* Returns whether all of it was good, and what it was. */
static bool decompress(int fd, const struct compression_kind *gzip, char digest_text[DIGEST_SIZE])
{
	AUTO_COMPRESSION struct compression compression = {.gzip = gzip};
	AUTO_DIGEST struct digest digest = {0};
	const unsigned char *bytes;
	struct error err;
	size_t count;

	digest_begin(&digest);
	if (lseek(fd, 0, SEEK_SET) < 0 || compression_open(&compression, fd, &err) < 0)
		return false;
	do {
		if (compression_next(&compression, &bytes, &count, &err) < 0)
			return false;
		digest_add(&digest, bytes, count);
	} while (count && compression.plain_bytes < ENOUGH_BYTES);
	digest_end(&digest, digest_text);
	return !count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_CLOSE int fd = memfd_create("layer", MFD_CLOEXEC);
	char by_zlib[DIGEST_SIZE], by_isal[DIGEST_SIZE];

	bool zlib, isal;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	zlib = decompress(fd, &compression_by_zlib, by_zlib);
	isal = decompress(fd, &compression_by_isal, by_isal);
	if (zlib && (!isal || strcmp(by_zlib, by_isal) != 0)) {
		fprintf(stderr, "zlib and isa-l differ\n");
		abort();
	}
	return 0;
}
