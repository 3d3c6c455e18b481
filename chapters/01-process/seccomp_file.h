/*
 * Seccomp profiles of the user's own, in Docker's JSON format.
 *
 * libseccomp takes longer to compile one than a container takes to start. So a program of its own
 * does it, coracle-seccomp (seccomp_json.c), and the result is kept below /run until the next boot: as
 * long as the kernel, by which rows may be chosen, stays the same. The file's name is a hash of the
 * profile, the capabilities, and the helper's time and size; and it begins with all of them, so
 * nothing depends on the hash.
 */
#ifndef SECCOMP_FILE_H
#define SECCOMP_FILE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "text.h"

enum {
	SECCOMP_FILTER_MAX = BPF_MAXINSNS, /* the kernel's limit */
	SECCOMP_PROFILE_MAX = 1 << 20,
};

/* A filter as seccomp(2) wants it; on disk without the instructions after `length`. */
struct seccomp_filter {
	uint32_t flags, length;
	struct sock_filter code[SECCOMP_FILTER_MAX];
};

/* The bytes of it that count. */
static inline size_t seccomp_filter_bytes(const struct seccomp_filter *filter)
{
	return offsetof(struct seccomp_filter, code) + filter->length * sizeof(filter->code[0]);
}

/* Reads a profile, checks that it is JSON, and puts it on one line, as Docker keeps it.
 * Errors: those of open(2); EFBIG above 1 MiB; EINVAL if it is not a JSON object. */
int seccomp_file_read(const char *path, struct text *profile, struct error *err);

/* Makes the filter of a profile for a process with this bounding set, or finds it made. The caller
 * frees *filter. Errors: EINVAL with what is wrong with the profile; ENOENT without the helper. */
int seccomp_file_compile(const char *profile, uint64_t capabilities, struct seccomp_filter **filter,
			 struct error *err);

#endif
