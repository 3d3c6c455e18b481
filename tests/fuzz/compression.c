/* The wrapper of a layer's stream: gzip in several members, zstd in several frames, plain. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "compression.h"

/* What a few hundred bytes expand to is not worth the fuzzer's time. */
#define ENOUGH_BYTES (4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_CLOSE int fd = memfd_create("layer", MFD_CLOEXEC);
	AUTO_COMPRESSION struct compression compression = {0};
	const unsigned char *bytes;
	struct error err;
	size_t count;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) < 0 ||
	    compression_open(&compression, fd, &err) < 0)
		return 0;
	do
		if (compression_next(&compression, &bytes, &count, &err) < 0)
			return 0;
	while (count && compression.plain_bytes < ENOUGH_BYTES);
	return 0;
}
