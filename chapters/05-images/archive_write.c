/* Writing tar archives; see archive_write.h. */
#include "archive_write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive_header.h"
#include "file.h"

#define CHUNK_BYTES ((size_t)64 << 10)

/* What octal digits and a NUL can hold in a field of this width. */
static bool fits(uint64_t number, size_t width)
{
	return number < UINT64_C(1) << (3 * (width - 1));
}

static void put_number(char *field, size_t width, uint64_t number)
{
	/* What does not fit is in a PAX record, too. */
	if (!fits(number, width))
		number = 0;
	snprintf(field, width, "%0*llo", (int)width - 1, (unsigned long long)number);
}

/* "LENGTH KEY=VALUE\n"; the length counts its own digits. */
static void add_record(struct text *records, const char *key, const void *value, size_t length)
{
	size_t rest = strlen(key) + length + 3, total = rest;
	char digits[24];

	while (total != rest + (size_t)snprintf(digits, sizeof(digits), "%zu", total))
		total = rest + strlen(digits);
	text_add_format(records, "%s %s=", digits, key);
	text_add(records, value, length);
	text_add(records, "\n", 1);
}

static void add_number(struct text *records, const char *key, int64_t number, size_t width)
{
	char text[24];

	if (number >= 0 && fits((uint64_t)number, width))
		return;
	snprintf(text, sizeof(text), "%lld", (long long)number);
	add_record(records, key, text, strlen(text));
}

static void add_records(const struct archive_entry *entry, struct text *records)
{
	const struct archive_header *header = NULL;

	if (entry->name.length > sizeof(header->name))
		add_record(records, "path", entry->name.data, entry->name.length);
	if (entry->target.length > sizeof(header->target))
		add_record(records, "linkpath", entry->target.data, entry->target.length);
	add_number(records, "uid", entry->uid, sizeof(header->uid));
	add_number(records, "gid", entry->gid, sizeof(header->gid));
	add_number(records, "size", (int64_t)entry->size_bytes, sizeof(header->size));
	add_number(records, "mtime", entry->mtime.tv_sec, sizeof(header->mtime));
	for (size_t i = 0; i < entry->xattr_count; i++) {
		AUTO_FREE char *key = memory_format("SCHILY.xattr.%s", entry->xattrs[i].name);

		add_record(records, key, entry->xattrs[i].value, entry->xattrs[i].length);
	}
}

static void put_name(char *field, size_t width, const struct text *name)
{
	if (name->length)
		memcpy(field, name->data, name->length < width ? name->length : width);
}

static void put_checksum(struct archive_header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned int sum = 0;

	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += bytes[i];
	snprintf(header->checksum, sizeof(header->checksum) - 1, "%06o", sum);
}

static int write_header(int fd, const struct archive_entry *entry, char type, struct error *err)
{
	struct archive_header header = {.type = type, .magic = "ustar", .version = {'0', '0'}};

	put_name(header.name, sizeof(header.name), &entry->name);
	put_name(header.target, sizeof(header.target), &entry->target);
	put_number(header.mode, sizeof(header.mode), entry->mode & 07777);
	put_number(header.uid, sizeof(header.uid), entry->uid);
	put_number(header.gid, sizeof(header.gid), entry->gid);
	put_number(header.size, sizeof(header.size), entry->size_bytes);
	put_number(header.mtime, sizeof(header.mtime), (uint64_t)entry->mtime.tv_sec);
	put_number(header.major, sizeof(header.major), entry->major);
	put_number(header.minor, sizeof(header.minor), entry->minor);
	put_checksum(&header);
	return file_write_all(fd, &header, sizeof(header), "archive", err);
}

static int write_records(int fd, const struct text *records, struct error *err)
{
	struct archive_entry entry = {.mode = 0644, .size_bytes = records->length};
	int result;

	text_add_string(&entry.name, "PaxHeaders/next");
	result = write_header(fd, &entry, 'x', err);
	text_release(&entry.name);
	return result < 0 ? -1 : archive_write_bytes(fd, records->data, records->length, err);
}

static int pad(int fd, uint64_t size_bytes, struct error *err)
{
	static const char zeros[ARCHIVE_BLOCK];

	return file_write_all(fd, zeros, (size_t)(-size_bytes % ARCHIVE_BLOCK), "archive", err);
}

int archive_write_entry(int fd, const struct archive_entry *entry, struct error *err)
{
	AUTO_TEXT struct text records = {0};

	add_records(entry, &records);
	if (records.length && write_records(fd, &records, err) < 0)
		return -1;
	return write_header(fd, entry, (char)entry->type, err);
}

int archive_write_bytes(int fd, const void *bytes, size_t count, struct error *err)
{
	if (file_write_all(fd, bytes, count, "archive", err) < 0)
		return -1;
	return pad(fd, count, err);
}

int archive_write_file(int fd, int from_fd, uint64_t size_bytes, struct error *err)
{
	char chunk[CHUNK_BYTES];
	uint64_t left = size_bytes;
	ssize_t count;

	while (left) {
		size_t wanted = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);

		do
			count = read(from_fd, chunk, wanted);
		while (count < 0 && errno == EINTR);
		if (count < 0)
			return error_sys(err, "read a file");
		if (count == 0) {
			memset(chunk, 0, wanted);
			count = (ssize_t)wanted;
		}
		if (file_write_all(fd, chunk, (size_t)count, "archive", err) < 0)
			return -1;
		left -= (uint64_t)count;
	}
	return pad(fd, size_bytes, err);
}

int archive_write_plain_directory(int fd, const char *name, struct error *err)
{
	struct archive_entry entry = {.type = ARCHIVE_DIRECTORY, .mode = 0755};
	int result;

	text_add_string(&entry.name, name);
	result = archive_write_entry(fd, &entry, err);
	text_release(&entry.name);
	return result;
}

int archive_write_plain_file(int fd, const char *name, const void *bytes, size_t count,
			     struct error *err)
{
	struct archive_entry entry = {.type = ARCHIVE_FILE, .mode = 0644, .size_bytes = count};
	int result;

	text_add_string(&entry.name, name);
	result = archive_write_entry(fd, &entry, err);
	text_release(&entry.name);
	return result < 0 ? -1 : archive_write_bytes(fd, bytes, count, err);
}

int archive_write_end(int fd, struct error *err)
{
	static const char zeros[2 * ARCHIVE_BLOCK];

	return file_write_all(fd, zeros, sizeof(zeros), "archive", err);
}
