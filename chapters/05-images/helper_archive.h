/* What coracle-image does with archives and names: tag, save, load, import, check. */
#ifndef HELPER_ARCHIVE_H
#define HELPER_ARCHIVE_H

#include "error.h"
#include "text.h"

struct archive_options {
	const char *root, *platform, *message;
	const char *input; /* the number of a descriptor */
	struct strings changes;
};

/* Runs one of them; what Docker prints goes to standard output: save's archive, the names that were loaded,
 * the id of what was imported, the findings. `operands` end in NULL: SOURCE TARGET of tag, names of save, nothing
 * or a name of import. */
int helper_archive_run(const char *command, const struct archive_options *options,
		       char *const *operands, struct error *err);

#endif
