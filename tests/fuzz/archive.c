/* tar and PAX: any bytes as an archive, in pieces of any size. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "archive.h"

struct pieces {
	const uint8_t *data;
	size_t left, at_most;
};

static int next(void *context, const unsigned char **bytes, size_t *count, struct error *err)
{
	struct pieces *pieces = context;

	(void)err;
	*bytes = pieces->data;
	*count = pieces->left < pieces->at_most ? pieces->left : pieces->at_most;
	pieces->data += *count;
	pieces->left -= *count;
	return 0;
}

/* The fuzzer can't find checksums: what looks like a header gets the right one. */
static void mend(uint8_t *block)
{
	unsigned int sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < ARCHIVE_BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE uint8_t *copy = memory_copy(size ? data : (const uint8_t *)"", size ? size : 1);
	struct pieces pieces = {copy, size, size % 700 + 1};
	AUTO_ARCHIVE struct archive archive = {.source = {next, &pieces}};
	const struct archive_entry *entry;
	const unsigned char *bytes;
	struct error err;
	size_t count;

	for (size_t i = 0; i + ARCHIVE_BLOCK <= size; i += ARCHIVE_BLOCK)
		if (copy[i + 148] == '?')
			mend(copy + i);
	while (archive_next(&archive, &entry, &err) > 0)
		do
			if (archive_data(&archive, &bytes, &count, &err) < 0)
				return 0;
		while (count);
	return 0;
}
