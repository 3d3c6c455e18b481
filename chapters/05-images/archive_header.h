/*
 * The 512 bytes of a tar header, and the values of PAX records: what archive.c reads them with.
 */
#ifndef ARCHIVE_HEADER_H
#define ARCHIVE_HEADER_H

#include <stdbool.h>

#include "archive.h"

/* tar(5); all fields of text, not all of them with a NUL at the end. */
struct archive_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
	char type;
	char target[100], magic[6], version[2], uname[32], gname[32], major[8], minor[8];
	char prefix[155], unused[12];
};

/* Whether it is a zero block, as two of them end an archive. */
bool archive_header_is_zero(const struct archive_header *header);

/* Compares the checksum: of unsigned bytes, or of signed ones, as some old writers counted. */
bool archive_header_is_valid(const struct archive_header *header);

/* Reads a number of `width` bytes: octal, ended by its width, a space or a NUL; or base 256 with
 * two's complement when the first bit is set. Errors: EBADMSG. */
int archive_number(const char *field, size_t width, int64_t *number, struct error *err);

/* Fills an emptied entry from a header: everything but `type`. `size` is as the header has it, also
 * for types without data. */
int archive_header_read(const struct archive_header *header, struct archive_entry *entry,
			int64_t *size, struct error *err);

/* Applies the records of a PAX x entry to the entry that follows it. */
int archive_pax_read(const struct text *pax, struct archive_entry *entry, int64_t *size,
		     struct error *err);

#endif
