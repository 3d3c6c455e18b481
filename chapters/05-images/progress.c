/* Docker's lines; see progress.h. */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "file.h"

#define ID_DIGITS 12
#define BAR_COLUMNS 50
/* A narrower terminal has only the figures, as in Docker. */
#define COLUMNS_FOR_BAR 110

static void print(const struct progress *progress, const struct text *lines)
{
	struct error ignored;

	if (progress->fd >= 0)
		file_write_all(progress->fd, lines->data, lines->length, "progress", &ignored);
}

/* Moves up to the layer's line and writes it anew; the cursor always rests below the last line.
 * console_codes(4) */
static void redraw(const struct progress *progress, const char *id, const char *state)
{
	struct strings *layers = progress->layers;
	AUTO_TEXT struct text text = {0};
	size_t up = 0;

	while (up < layers->count && strcmp(layers->items[layers->count - 1 - up], id) != 0)
		up++;
	if (up == layers->count) {
		strings_add(layers, id);
		text_add_format(&text, "%s: %s\n", id, state);
	} else {
		text_add_format(&text, "\033[%zuA\r\033[2K%s: %s\033[%zuB\r", up + 1, id, state,
				up + 1);
	}
	print(progress, &text);
}

/* "1.234MB": four digits, and units of 1000. */
static void add_size(uint64_t bytes, struct text *text)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double size = (double)bytes;
	size_t unit = 0;

	for (; size >= 1000 && unit + 1 < ARRAY_LENGTH(units); unit++)
		size /= 1000;
	text_add_format(text, "%.4g%s", size, units[unit]);
}

static void add_bar(uint64_t bytes, uint64_t most, struct text *text)
{
	int done = most ? (int)((double)bytes / (double)most * BAR_COLUMNS) : BAR_COLUMNS;

	text_add_string(text, "[");
	for (int i = 0; i < done; i++)
		text_add_string(text, "=");
	text_add_format(text, ">%*s] ", BAR_COLUMNS - done, "");
}

struct progress progress_to(int fd, struct strings *layers)
{
	struct progress progress = {.fd = fd};
	struct winsize size;

	if (fd < 0 || !isatty(fd))
		return progress;
	progress.layers = layers;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		progress.columns = size.ws_col;
	return progress;
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
	AUTO_FREE char *id = memory_format("%.*s", ID_DIGITS, digest + strlen("sha256:"));
	AUTO_TEXT struct text line = {0};

	if (progress->layers) {
		redraw(progress, id, state);
		return;
	}
	text_add_format(&line, "%s: %s\n", id, state);
	print(progress, &line);
}

void progress_bytes(const struct progress *progress, const char *digest, uint64_t bytes,
		    uint64_t most)
{
	AUTO_TEXT struct text state = {0}, done = {0};

	if (!progress->layers)
		return;
	if (bytes > most)
		bytes = most;
	/* The last of it is unpacked while nothing comes any more. */
	text_add_string(&state, bytes < most ? "Downloading " : "Extracting ");
	if (progress->columns > COLUMNS_FOR_BAR)
		add_bar(bytes, most, &state);
	add_size(bytes, &done);
	text_add_format(&state, "%8s/", text_string(&done));
	add_size(most, &state);
	progress_layer(progress, digest, text_string(&state));
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
