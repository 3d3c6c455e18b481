/* Docker's lines; see progress.h. */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "text.h"

static void print(const struct progress *progress, const struct text *lines)
{
	struct error ignored;

	if (progress->fd >= 0)
		file_write_all(progress->fd, lines->data, lines->length, "progress", &ignored);
}

void progress_begin(const struct progress *progress, const struct reference *reference)
{
	AUTO_FREE char *name = reference_canonical_text(reference);
	AUTO_TEXT struct text line = {0};

	text_add_format(&line, "%s: Pulling from %s\n", reference->digest ? name : reference->tag,
			reference->path);
	print(progress, &line);
}

void progress_layer(const struct progress *progress, const char *digest, const char *state)
{
	AUTO_TEXT struct text line = {0};

	text_add_format(&line, "%.12s: %s\n", digest + strlen("sha256:"), state);
	print(progress, &line);
}

void progress_end(const struct progress *progress, const struct reference *reference,
		  const char *digest, bool is_new)
{
	AUTO_FREE char *name = reference_familiar_text(reference);
	AUTO_TEXT struct text lines = {0};

	text_add_format(&lines, "Digest: %s\nStatus: %s for %s\n", digest,
			is_new ? "Downloaded newer image" : "Image is up to date", name);
	print(progress, &lines);
}
