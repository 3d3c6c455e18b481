/* Fields of tar headers and records of PAX; see archive_header.h. Every byte is a stranger's. */
#include "archive_header.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"

_Static_assert(sizeof(struct archive_header) == ARCHIVE_BLOCK, "a header is one block");

bool archive_header_is_zero(const struct archive_header *header)
{
	static const struct archive_header zero;

	return memcmp(header, &zero, sizeof(zero)) == 0;
}

bool archive_header_is_valid(const struct archive_header *header)
{
	const char *bytes = (const char *)header;
	int64_t claimed = 0, of_unsigned = 0, of_signed = 0;
	struct error ignored;

	for (size_t i = 0; i < sizeof(*header); i++) {
		bool within =
			i - offsetof(struct archive_header, checksum) < sizeof(header->checksum);
		char byte = within ? ' ' : bytes[i];

		of_unsigned += (unsigned char)byte;
		of_signed += (signed char)byte;
	}
	if (archive_number(header->checksum, sizeof(header->checksum), &claimed, &ignored) < 0)
		return false;
	return claimed == of_unsigned || claimed == of_signed;
}

/* The first byte has 0x80 as the mark and 0x40 as the sign. */
static int read_base_256(const unsigned char *field, size_t width, int64_t *number,
			 struct error *err)
{
	bool negative = field[0] & 0x40;
	uint64_t value = negative ? ~UINT64_C(0) : 0;

	value = value << 6 | (field[0] & 0x3f);
	for (size_t i = 1; i < width; i++) {
		/* What is shifted out must repeat the sign. */
		if ((int64_t)value >> 55 != (negative ? -1 : 0))
			return error_set(err, EBADMSG, "a number of its header is too large");
		value = value << 8 | field[i];
	}
	*number = (int64_t)value;
	return 0;
}

int archive_number(const char *field, size_t width, int64_t *number, struct error *err)
{
	int64_t value = 0; /* 12 octal digits have 36 bits */
	size_t at = 0;

	if (field[0] & 0x80)
		return read_base_256((const unsigned char *)field, width, number, err);
	while (at < width && field[at] == ' ')
		at++;
	while (at < width && field[at] >= '0' && field[at] <= '7')
		value = value * 8 + (field[at++] - '0');
	if (at < width && field[at] != ' ' && field[at] != '\0')
		return error_set(err, EBADMSG, "a number of its header is not octal");
	*number = value;
	return 0;
}

static void add_field(struct text *text, const char *field, size_t width)
{
	text_add(text, field, strnlen(field, width));
}

/* GNU's own format has the magic "ustar  " and other things where the prefix would be. */
static void read_names(const struct archive_header *header, struct archive_entry *entry)
{
	if (memcmp(header->magic, "ustar", 6) == 0 && header->prefix[0]) {
		add_field(&entry->name, header->prefix, sizeof(header->prefix));
		text_add_string(&entry->name, "/");
	}
	add_field(&entry->name, header->name, sizeof(header->name));
	add_field(&entry->target, header->target, sizeof(header->target));
}

/* chown(2) takes -1 for "leave it as it is". */
static int check_id(int64_t number, uint32_t *id, struct error *err)
{
	if (number < 0 || number >= UINT32_MAX)
		return error_set(err, EINVAL, "its owner or group %lld is not one of Linux",
				 (long long)number);
	*id = (uint32_t)number;
	return 0;
}

static int read_device(const struct archive_header *header, struct archive_entry *entry,
		       struct error *err)
{
	int64_t major = 0, minor = 0;

	/* The other types may have anything there. */
	if (header->type != ARCHIVE_CHARACTER_DEVICE && header->type != ARCHIVE_BLOCK_DEVICE)
		return 0;
	if (archive_number(header->major, sizeof(header->major), &major, err) < 0 ||
	    archive_number(header->minor, sizeof(header->minor), &minor, err) < 0)
		return -1;
	/* The kernel has 12 and 20 bits for them. */
	if (major < 0 || major >= 1 << 12 || minor < 0 || minor >= 1 << 20)
		return error_set(err, EINVAL, "its device number %lld:%lld is not one of Linux",
				 (long long)major, (long long)minor);
	entry->major = (unsigned int)major;
	entry->minor = (unsigned int)minor;
	return 0;
}

int archive_header_read(const struct archive_header *header, struct archive_entry *entry,
			int64_t *size, struct error *err)
{
	int64_t mode = 0, uid = 0, gid = 0, mtime = 0;

	read_names(header, entry);
	if (archive_number(header->mode, sizeof(header->mode), &mode, err) < 0 ||
	    archive_number(header->uid, sizeof(header->uid), &uid, err) < 0 ||
	    archive_number(header->gid, sizeof(header->gid), &gid, err) < 0 ||
	    archive_number(header->size, sizeof(header->size), size, err) < 0 ||
	    archive_number(header->mtime, sizeof(header->mtime), &mtime, err) < 0)
		return -1;
	if (check_id(uid, &entry->uid, err) < 0 || check_id(gid, &entry->gid, err) < 0)
		return -1;
	/* Old Docker wrote the type here as well, and was not always right. */
	entry->mode = (mode_t)mode & 07777;
	entry->mtime = (struct timespec){.tv_sec = mtime};
	return read_device(header, entry, err);
}

/* --- PAX ---------------------------------------------------------------------------------- */

/* A record's value: counted bytes, which a NUL follows in memory only by the record's newline. */
struct record {
	const char *key;
	size_t key_length;
	const char *value;
	size_t length;
};

static int bad_value(const struct record *record, struct error *err)
{
	return error_set(err, EBADMSG, "its PAX record '%.*s' has a bad value",
			 (int)(record->key_length < 100 ? record->key_length : 100), record->key);
}

static bool is_key(const struct record *record, const char *key)
{
	return record->key_length == strlen(key) &&
	       memcmp(record->key, key, record->key_length) == 0;
}

static bool has_prefix(const struct record *record, const char *prefix)
{
	return record->key_length > strlen(prefix) &&
	       memcmp(record->key, prefix, strlen(prefix)) == 0;
}

/* An empty value takes back what the record would set: the header counts. */
static int read_text(const struct record *record, struct text *text, struct error *err)
{
	if (memchr(record->value, '\0', record->length))
		return bad_value(record, err);
	if (!record->length)
		return 0;
	text->length = 0;
	text_add(text, record->value, record->length);
	return 0;
}

/* Decimal digits, with a sign if it is a time; `*at` goes behind them. 18 digits fit. */
static int read_decimal(const struct record *record, size_t *at, int64_t *number, struct error *err)
{
	size_t first;
	int64_t value = 0;

	for (first = *at; *at < record->length && isdigit((unsigned char)record->value[*at]);
	     ++*at) {
		if (*at - first == 18)
			return bad_value(record, err);
		value = value * 10 + (record->value[*at] - '0');
	}
	if (*at == first)
		return bad_value(record, err);
	*number = value;
	return 0;
}

static int read_whole(const struct record *record, int64_t *number, struct error *err)
{
	size_t at = 0;

	if (!record->length)
		return 0;
	if (read_decimal(record, &at, number, err) < 0)
		return -1;
	return at == record->length ? 0 : bad_value(record, err);
}

static int read_id(const struct record *record, uint32_t *id, struct error *err)
{
	int64_t number = *id;

	if (read_whole(record, &number, err) < 0)
		return -1;
	return check_id(number, id, err);
}

/* "1700000000.123456789"; digits below a nanosecond are cut off. */
static int read_time(const struct record *record, struct timespec *time, struct error *err)
{
	bool negative = record->length && record->value[0] == '-';
	size_t at = negative;
	int64_t seconds = 0;
	long nanoseconds = 0, unit = 100000000;

	if (!record->length)
		return 0;
	if (read_decimal(record, &at, &seconds, err) < 0)
		return -1;
	if (at < record->length && record->value[at] == '.')
		for (at++; at < record->length && isdigit((unsigned char)record->value[at]); at++) {
			nanoseconds += unit * (record->value[at] - '0');
			unit /= 10;
		}
	if (at != record->length)
		return bad_value(record, err);
	/* -1.25 is 0.75 after second -2: tv_nsec is never negative. */
	time->tv_sec = negative ? -seconds - (nanoseconds > 0) : seconds;
	time->tv_nsec = negative && nanoseconds ? 1000000000 - nanoseconds : nanoseconds;
	return 0;
}

static int read_xattr(const struct record *record, struct archive_entry *entry, struct error *err)
{
	size_t prefix = strlen("SCHILY.xattr.");
	struct archive_xattr *xattr;

	if (memchr(record->key, '\0', record->key_length))
		return bad_value(record, err);
	entry->xattrs = memory_resized(entry->xattrs, entry->xattr_count + 1, sizeof(*xattr));
	xattr = &entry->xattrs[entry->xattr_count++];
	xattr->name =
		memory_format("%.*s", (int)(record->key_length - prefix), record->key + prefix);
	xattr->value = memory_copy(record->value, record->length);
	xattr->length = record->length;
	return 0;
}

static int apply_record(const struct record *record, struct archive_entry *entry, int64_t *size,
			struct error *err)
{
	if (is_key(record, "path"))
		return read_text(record, &entry->name, err);
	if (is_key(record, "linkpath"))
		return read_text(record, &entry->target, err);
	if (is_key(record, "size"))
		return read_whole(record, size, err);
	if (is_key(record, "uid"))
		return read_id(record, &entry->uid, err);
	if (is_key(record, "gid"))
		return read_id(record, &entry->gid, err);
	if (is_key(record, "mtime"))
		return read_time(record, &entry->mtime, err);
	if (has_prefix(record, "SCHILY.xattr."))
		return read_xattr(record, entry, err);
	if (has_prefix(record, "GNU.sparse."))
		return error_set(err, EINVAL, "it is a sparse file, which layers may not have");
	return 0;
}

/* "LENGTH KEY=VALUE\n", where the length counts itself. The value may hold newlines. Returns the
 * length of the whole record. */
static int split_record(const char *at, size_t left, struct record *record, struct error *err)
{
	size_t length = 0, digits = 0;
	const char *equals;

	while (digits < left && digits < 8 && isdigit((unsigned char)at[digits]))
		length = length * 10 + (size_t)(at[digits++] - '0');
	if (!digits || digits == left || at[digits] != ' ' || length > left ||
	    length < digits + 2 || at[length - 1] != '\n')
		return error_set(err, EBADMSG, "its PAX records are damaged");
	record->key = at + digits + 1;
	equals = memchr(record->key, '=', length - digits - 2);
	if (!equals || equals == record->key)
		return error_set(err, EBADMSG, "its PAX records are damaged");
	record->key_length = (size_t)(equals - record->key);
	record->value = equals + 1;
	record->length = (size_t)(at + length - 1 - record->value);
	return (int)length;
}

int archive_pax_read(const struct text *pax, struct archive_entry *entry, int64_t *size,
		     struct error *err)
{
	const char *at = text_string(pax), *end = at + pax->length;

	while (at < end) {
		struct record record = {0};
		int length = split_record(at, (size_t)(end - at), &record, err);

		if (length < 0 || apply_record(&record, entry, size, err) < 0)
			return -1;
		at += length;
	}
	return 0;
}
