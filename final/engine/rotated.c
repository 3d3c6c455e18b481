/* Files that are rotated; see rotated.h. */
#include "rotated.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* PATH, PATH.1, PATH.2 … */
static char *nth(const char *path, uint64_t n)
{
	return n ? memory_format("%s.%llu", path, (unsigned long long)n) : memory_string(path);
}

int rotated_put_aside(const char *path, uint64_t files, struct error *err)
{
	if (files < 2 && unlink(path) < 0 && errno != ENOENT)
		return error_sys(err, "remove '%s'", path);
	for (uint64_t n = files - 1; files > 1 && n > 0; n--) {
		AUTO_FREE char *from = nth(path, n - 1), *to = nth(path, n);

		if (rename(from, to) < 0 && errno != ENOENT)
			return error_sys(err, "rename '%s' to '%s'", from, to);
	}
	return 0;
}

static bool is_same(FILE *a, FILE *b)
{
	struct stat one, other;

	return fstat(fileno(a), &one) == 0 && fstat(fileno(b), &other) == 0 &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Adds those that are newer than the newest that is open. From the newest on: one that is renamed
 * meanwhile is then met twice, and never missed; while all are being renamed, one name is free. */
static int open_newer(struct rotated_reader *reader, struct error *err)
{
	size_t known = reader->count;
	bool missing = false;

	for (uint64_t n = 0;; n++) {
		AUTO_FREE char *path = nth(reader->path, n);
		AUTO_CLOSE_FILE FILE *file = fopen(path, "re");
		bool again = file && reader->count > known && is_same(file, reader->files[known]);

		if (!file && errno != ENOENT)
			return error_sys(err, "open '%s'", path);
		if ((!file && missing) ||
		    (file && known > 0 && is_same(file, reader->files[known - 1])))
			return 0;
		missing = !file;
		if (!file || again)
			continue;
		reader->files =
			memory_resized(reader->files, reader->count + 1, sizeof(*reader->files));
		/* Older than those of this turn. */
		memmove(reader->files + known + 1, reader->files + known,
			(reader->count - known) * sizeof(*reader->files));
		reader->files[known] = take_ptr(&file);
		reader->count++;
	}
}

/* A line of the current file; 0: no whole one is left. */
static ssize_t read_line(struct rotated_reader *reader)
{
	FILE *file = reader->files[reader->current];
	ssize_t length = getline(&reader->line, &reader->line_size, file);

	if (length > 0 && reader->line[length - 1] == '\n') {
		reader->offset += length;
		return length;
	}
	clearerr(file);
	fseek(file, reader->offset, SEEK_SET);
	return 0;
}

/* There is a newer one, so nothing is added to the current one any more. */
static void go_on(struct rotated_reader *reader)
{
	reader->offset = 0;
	if (!reader->once) {
		reader->current++;
		return;
	}
	fclose(reader->files[0]);
	reader->count--;
	memmove(reader->files, reader->files + 1, reader->count * sizeof(*reader->files));
}

ssize_t rotated_read(struct rotated_reader *reader, char **line, struct error *err)
{
	for (;;) {
		size_t before = reader->count;
		ssize_t length = reader->current < before ? read_line(reader) : 0;

		*line = reader->line;
		if (length > 0)
			return length;
		if (reader->current + 1 < before) {
			go_on(reader);
			continue;
		}
		if (open_newer(reader, err) < 0)
			return -1;
		/* With a newer one there, this one is looked at once more: it grew until then. */
		if (reader->count == before)
			return 0;
	}
}

void rotated_rewind(struct rotated_reader *reader)
{
	for (size_t i = 0; i < reader->count; i++)
		rewind(reader->files[i]);
	reader->current = 0;
	reader->offset = 0;
}

void rotated_release(struct rotated_reader *reader)
{
	for (size_t i = 0; i < reader->count; i++)
		fclose(reader->files[i]);
	free(reader->files);
	free(reader->line);
	cleanup_memory(&reader->path);
	*reader = (struct rotated_reader){0};
}
