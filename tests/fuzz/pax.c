/* The records of a PAX entry alone, which need no checksum. */
#include "fuzz.h"

#include "archive_header.h"
#include "cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* An entry is the archive's own, which knows how to release it. */
	AUTO_ARCHIVE struct archive archive = {0};
	AUTO_TEXT struct text pax = {0};
	struct error err;
	int64_t length = 0;

	text_add(&pax, data, size);
	archive_pax_read(&pax, &archive.entry, &length, &err);
	return 0;
}
