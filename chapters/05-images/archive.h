/*
 * Tar archives, read as a stream: the headers of v7, ustar, GNU and PAX, made into one struct.
 *
 * This is a reader of our own. libtar, as a reader of blocks and headers alone, would contribute
 * the checksum and the two zero blocks at the end, and would ask for a table of archives instead of
 * a context pointer and for an entry point that its header file does not declare; all numbers,
 * long names and PAX records would be ours all the same. tar(5)
 */
#ifndef ARCHIVE_H
#define ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "error.h"
#include "text.h"

#define ARCHIVE_BLOCK 512

/* Where the bytes come from. `next` gives some, valid until its next call; *count 0 at the end. */
struct archive_source {
	int (*next)(void *context, const unsigned char **bytes, size_t *count, struct error *err);
	void *context;
};

struct archive_xattr {
	char *name; /* "user.mime_type" */
	unsigned char *value;
	size_t length;
};

/* The values are the type flags of the format; flags that mean the same are made one. */
enum archive_type {
	ARCHIVE_FILE = '0',
	ARCHIVE_HARD_LINK = '1',
	ARCHIVE_SYMLINK = '2',
	ARCHIVE_CHARACTER_DEVICE = '3',
	ARCHIVE_BLOCK_DEVICE = '4',
	ARCHIVE_DIRECTORY = '5',
	ARCHIVE_FIFO = '6',
};

/* Names and targets are as in the archive: any bytes but NUL, any "..", at most 1 MiB. */
struct archive_entry {
	enum archive_type type;
	struct text name, target; /* use text_string() */
	mode_t mode;		  /* the low 12 bits; the type is never taken from here */
	uid_t uid;
	gid_t gid;
	uint64_t size_bytes; /* of the data of an ARCHIVE_FILE; else 0 */
	struct timespec mtime;
	unsigned int major, minor; /* of a device */
	struct archive_xattr *xattrs;
	size_t xattr_count;
};

/* Zeroed but for `source`: at the beginning. */
struct archive {
	struct archive_source source;
	const unsigned char *chunk; /* of the source */
	size_t chunk_left;
	uint64_t data_left; /* of the current entry */
	size_t padding;	    /* behind its data, up to a whole block */
	struct archive_entry entry;
	struct text long_name, long_target; /* of GNU's L and K entries */
	struct text pax;		    /* the records of a PAX x entry */
};

/* Goes to the next entry, over what is left of the current one's data. Returns 1 and the entry,
 * valid until the next call; 0 at the end of the archive, when the source may have more bytes.
 * Errors: EINVAL for what is refused, such as sparse files; EBADMSG for what is no archive, is
 * damaged or cut short; those of the source. */
int archive_next(struct archive *archive, const struct archive_entry **entry, struct error *err);

/* Gives the next bytes of the current entry's data; *count is 0 at its end. */
int archive_data(struct archive *archive, const unsigned char **bytes, size_t *count,
		 struct error *err);

void archive_release(struct archive *archive);
#define AUTO_ARCHIVE CLEANUP(archive_release)

#endif
