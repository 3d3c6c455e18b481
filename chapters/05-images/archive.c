/* The stream of a tar archive: blocks, entries, and what precedes an entry; see archive.h. */
#include "archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive_header.h"
#include "cleanup.h"

/* Bodies of entries that describe the next entry. Linux has no names above 4 KiB. */
#define MOST_NAME_BYTES (64 << 10)
#define MOST_PAX_BYTES (1 << 20)

/* Gives at most `most` bytes at hand; *count is 0 at the end of the source. */
static int take(struct archive *archive, size_t most, const unsigned char **bytes, size_t *count,
		struct error *err)
{
	if (!archive->chunk_left && archive->source.next(archive->source.context, &archive->chunk,
							 &archive->chunk_left, err) < 0)
		return -1;
	*bytes = archive->chunk;
	*count = archive->chunk_left < most ? archive->chunk_left : most;
	archive->chunk += *count;
	archive->chunk_left -= *count;
	return 0;
}

static int cut_short(struct error *err)
{
	return error_set(err, EBADMSG, "the archive is cut short");
}

/* Returns 1, or 0 at the end of the source, which may come in place of any header. */
static int read_header(struct archive *archive, struct archive_header *header, struct error *err)
{
	const unsigned char *bytes;
	size_t done = 0, count;

	while (done < sizeof(*header)) {
		if (take(archive, sizeof(*header) - done, &bytes, &count, err) < 0)
			return -1;
		if (!count)
			return done ? cut_short(err) : 0;
		memcpy((char *)header + done, bytes, count);
		done += count;
	}
	return 1;
}

/* The padding of the last entry may be missing, with what follows: umoci writes such layers. */
static int skip_data(struct archive *archive, struct error *err)
{
	size_t padding = archive->padding, count;
	uint64_t left = archive->data_left + padding;
	const unsigned char *bytes;

	archive->data_left = archive->padding = 0;
	for (; left; left -= count) {
		if (take(archive, left < SIZE_MAX ? (size_t)left : SIZE_MAX, &bytes, &count, err) <
		    0)
			return -1;
		if (!count)
			return left <= padding ? 0 : cut_short(err);
	}
	return 0;
}

static void expect_data(struct archive *archive, uint64_t size)
{
	archive->data_left = size;
	archive->padding = (size_t)(-size % ARCHIVE_BLOCK);
}

int archive_data(struct archive *archive, const unsigned char **bytes, size_t *count,
		 struct error *err)
{
	uint64_t left = archive->data_left;

	*count = 0;
	if (!left)
		return 0;
	if (take(archive, left < SIZE_MAX ? (size_t)left : SIZE_MAX, bytes, count, err) < 0)
		return -1;
	if (!*count)
		return cut_short(err);
	archive->data_left -= *count;
	return 0;
}

/* The body of an L, K or x entry. It replaces one that came before. */
static int read_body(struct archive *archive, int64_t size, int64_t most, struct text *body,
		     struct error *err)
{
	const unsigned char *bytes;
	size_t count;

	if (size < 0 || size > most)
		return error_set(err, EINVAL, "a name or record of %lld bytes is too long",
				 (long long)size);
	body->length = 0;
	expect_data(archive, (uint64_t)size);
	for (;;) {
		if (archive_data(archive, &bytes, &count, err) < 0)
			return -1;
		if (!count)
			return skip_data(archive, err);
		text_add(body, bytes, count);
	}
}

/* A long name may end in a NUL, or at the end of its entry. */
static int read_long_name(struct archive *archive, int64_t size, struct text *name,
			  struct error *err)
{
	if (read_body(archive, size, MOST_NAME_BYTES, name, err) < 0)
		return -1;
	name->length = strnlen(text_string(name), name->length);
	return 0;
}

static int skip_global(struct archive *archive, int64_t size, struct error *err)
{
	if (size < 0 || size > MOST_PAX_BYTES)
		return error_set(err, EINVAL, "global records of %lld bytes are too long",
				 (long long)size);
	expect_data(archive, (uint64_t)size);
	return skip_data(archive, err);
}

/* Returns 1 if this was an entry about the next entry, 0 if it is one itself. */
static int read_preceding(struct archive *archive, const struct archive_header *header,
			  struct error *err)
{
	int64_t size;
	int result;

	if (!strchr("LKxg", header->type) || !header->type)
		return 0;
	if (archive_number(header->size, sizeof(header->size), &size, err) < 0)
		return -1;
	if (header->type == 'L')
		result = read_long_name(archive, size, &archive->long_name, err);
	else if (header->type == 'K')
		result = read_long_name(archive, size, &archive->long_target, err);
	else if (header->type == 'x')
		result = read_body(archive, size, MOST_PAX_BYTES, &archive->pax, err);
	else /* Docker ignores records for all entries */
		result = skip_global(archive, size, err);
	return result < 0 ? -1 : 1;
}

static void reset_entry(struct archive_entry *entry)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		free(entry->xattrs[i].name);
		free(entry->xattrs[i].value);
	}
	entry->xattr_count = 0;
	entry->name.length = entry->target.length = 0;
	entry->size_bytes = 0;
	entry->major = entry->minor = 0;
}

static void replace_text(struct text *text, struct text *by)
{
	if (!by->length)
		return;
	text->length = 0;
	text_add(text, by->data, by->length);
	by->length = 0;
}

static bool ends_in_slash(const struct text *name)
{
	return name->length && name->data[name->length - 1] == '/';
}

static int read_type(char flag, struct archive_entry *entry, struct error *err)
{
	switch (flag) {
	case '\0': /* v7 had no type for directories */
		entry->type = ends_in_slash(&entry->name) ? ARCHIVE_DIRECTORY : ARCHIVE_FILE;
		return 0;
	case '7': /* a file that lies in one piece on the disk */
		entry->type = ARCHIVE_FILE;
		return 0;
	case '0' ... '6': entry->type = (enum archive_type)flag; return 0;
	case 'S': return error_set(err, EINVAL, "it is a sparse file, which layers may not have");
	default: return error_set(err, EINVAL, "its type '%c' is not one of a layer", flag);
	}
}

/* From the weakest word to the strongest: the header, GNU's long names, PAX. */
static int read_entry(struct archive *archive, const struct archive_header *header,
		      struct error *err)
{
	struct archive_entry *entry = &archive->entry;
	int64_t size = 0;

	reset_entry(entry);
	if (archive_header_read(header, entry, &size, err) < 0)
		return -1;
	replace_text(&entry->name, &archive->long_name);
	replace_text(&entry->target, &archive->long_target);
	if (archive_pax_read(&archive->pax, entry, &size, err) < 0)
		return -1;
	archive->pax.length = 0;
	if (read_type(header->type, entry, err) < 0)
		return -1;
	if (size < 0)
		return error_set(err, EINVAL, "its size is negative");
	/* Links, directories and devices have no data, whatever their header says. */
	if (entry->type == ARCHIVE_FILE)
		entry->size_bytes = (uint64_t)size;
	expect_data(archive, entry->size_bytes);
	return 1;
}

/* Two zero blocks end an archive; a single one must be the last. */
static int read_end(struct archive *archive, struct error *err)
{
	struct archive_header header;
	int more = read_header(archive, &header, err);

	if (more > 0 && !archive_header_is_zero(&header))
		return error_set(err, EBADMSG, "the archive goes on after a zero block");
	return more < 0 ? -1 : 0;
}

int archive_next(struct archive *archive, const struct archive_entry **entry, struct error *err)
{
	struct archive_header header;
	int more;

	if (skip_data(archive, err) < 0)
		return -1;
	for (;;) {
		more = read_header(archive, &header, err);
		if (more <= 0)
			return more;
		if (archive_header_is_zero(&header))
			return read_end(archive, err);
		if (!archive_header_is_valid(&header))
			return error_set(err, EBADMSG,
					 "this is no tar archive, or a damaged one (bad checksum)");
		more = read_preceding(archive, &header, err);
		if (more < 0)
			return -1;
		if (!more)
			break;
	}
	*entry = &archive->entry;
	if (read_entry(archive, &header, err) < 0)
		return error_wrap(err, "entry '%s'", text_string(&archive->entry.name));
	return 1;
}

void archive_release(struct archive *archive)
{
	reset_entry(&archive->entry);
	free(archive->entry.xattrs);
	text_release(&archive->entry.name);
	text_release(&archive->entry.target);
	text_release(&archive->long_name);
	text_release(&archive->long_target);
	text_release(&archive->pax);
	*archive = (struct archive){0};
}
