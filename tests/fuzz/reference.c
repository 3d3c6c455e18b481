/* References: what is accepted is the same when its whole form is read again, and leads nowhere else
 * as the name of a file. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "reference.h"
#include "store.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_REFERENCE struct reference reference = {0}, again = {0};
	AUTO_FREE char *canonical = NULL, *second = NULL, *path = NULL;
	AUTO_TEXT struct text name = {0};
	struct error err;

	text_add(&name, data, size);
	if (reference_parse(text_string(&name), &reference, &err) < 0)
		return 0;
	canonical = reference_canonical_text(&reference);
	if (reference_parse(canonical, &again, &err) < 0)
		abort();
	second = reference_canonical_text(&again);
	path = store_reference_path("/root", &reference);
	if (strcmp(canonical, second) != 0 || strstr(path, "/../") || strstr(path, "//"))
		abort();
	return 0;
}
