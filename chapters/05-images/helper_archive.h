/* What coracle-image does with archives and names: tag, save, load, import, check. */
#ifndef HELPER_ARCHIVE_H
#define HELPER_ARCHIVE_H

#include "error.h"
#include "text.h"

struct archive_options {
	const char *root, *platform, *message;
	const char *input; /* the number of a descriptor */
	struct strings changes;
	int output_fd;
};

/* Runs one of them. save's archive goes to options->output_fd; what is to be printed is added to
 * *said, a line each, also on failure: the names that were loaded, the id of what was imported, the
 * findings. `operands` end in NULL: SOURCE TARGET of tag, names of save, nothing or a name of
 * import. */
int helper_archive_run(const char *command, const struct archive_options *options,
		       char *const *operands, struct strings *said, struct error *err);

#endif
