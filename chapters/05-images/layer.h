/*
 * One layer: a tar archive from a stranger, read to its end and unpacked.
 *
 * The result is a directory in the form that overlayfs wants of a lower layer: a removed name is a
 * character device 0:0, a directory that hides what is below it has user.overlay.opaque="y". It
 * depends on the archive alone, never on the layers below.
 */
#ifndef LAYER_H
#define LAYER_H

#include <stdint.h>

#include "archive.h"
#include "error.h"

/* Of a whole layer; unpacker.h tells who knows what. */
struct layer_result {
	char digest[72];	   /* "sha256:…" of the bytes as received */
	char diff_id[72];	   /* "sha256:…" of the archive, uncompressed */
	uint64_t compressed_bytes; /* received */
	uint64_t unpacked_bytes;   /* contents of the regular files */
	uint64_t entries;	   /* of the archive */
};

/* Reads an archive, decompressed, until the end of its source. Unpacks below directory_fd, an empty
 * directory, with the umask 0 and the rights of the caller. Nothing outside that directory is
 * touched, whatever the archive says. After a failure the directory holds a part of the layer:
 * remove it. Fills result->entries and result->unpacked_bytes.
 * Errors: EINVAL for an archive that is refused, with the entry and the reason; EBADMSG for one
 * that is damaged or cut short; E2BIG for one that exceeds a limit; ENOSPC, EDQUOT; those of the
 * source; others of the calls. tar(5), openat2(2) */
int layer_unpack(const struct archive_source *source, int directory_fd, struct layer_result *result,
		 struct error *err);

#endif
