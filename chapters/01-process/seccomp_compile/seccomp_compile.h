/*
 * The profile's compiler: a program that runs while coracle is built, and isn't part of it.
 *
 * It reads seccomp.profile, asks libseccomp for the numbers behind the names, and writes the tables
 * that seccomp_program.c assembles filters from. Compiling the profile by libseccomp at run time
 * would take some 13 ms, more than all the rest of starting a container.
 */
#ifndef SECCOMP_COMPILE_H
#define SECCOMP_COMPILE_H

#include <stdbool.h>
#include <stdint.h>

#include "seccomp_program.h"

enum {
	PROFILE_ROWS_MAX = 600,
	PROFILE_VALUES_MAX = 8,
	HOST_ABIS_MAX = 3,
	HOST_ARCHES_MAX = 2,
	TABLE_RULES_MAX = 64,
};

enum profile_test { TEST_NONE, TEST_EQUAL, TEST_NOT_EQUAL, TEST_NO_BIT };

/* A system call under a heading of the profile. */
struct profile_row {
	char name[32];
	/* What follows '=', or -1. */
	int number;
	/* The heading: on which host (NULL: any), with or without which capability (a mask). */
	const struct host *host;
	uint64_t with, without;
	/* 0: allowed. */
	int fails_with;
	enum profile_test test;
	unsigned int argument;
	unsigned int value_count;
	uint32_t values[PROFILE_VALUES_MAX];
};

struct profile {
	unsigned int count;
	struct profile_row rows[PROFILE_ROWS_MAX];
};

/* A machine that coracle runs on, and whose system calls its kernel takes. */
struct host {
	const char *name;
	/* What the C compiler defines on it. */
	const char *macro;
	unsigned int abi_count;
	struct {
		/* libseccomp's name for it, and the kernel's; x86-64 and x32 share the latter. */
		uint32_t scmp_arch, audit_arch;
		/* Where its numbers begin. */
		uint32_t base;
		/* Whether its arguments have 64 bits. Those of x32 do, but libseccomp compares
		 * their lower halves only, and so Docker. */
		bool wide;
	} abis[HOST_ABIS_MAX]; /* Its own first; those of one audit_arch together, by base. */
};

/* The tables for one host, with the memory that they point into. */
struct host_table {
	struct seccomp_table table;
	struct seccomp_abi abis[HOST_ARCHES_MAX];
	struct seccomp_range ranges[HOST_ARCHES_MAX][SECCOMP_RANGES_MAX];
	unsigned int rule_count;
	struct seccomp_rule rules[TABLE_RULES_MAX];
};

/* Prints to stderr, and exits with status 1. */
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...);

/* NULL if there is none of this name. */
const struct host *host_find(const char *name);
/* NULL after the last. */
const struct host *host_at(unsigned int index);

/* Whether a row has a say on this host. */
bool row_is_for(const struct profile_row *row, const struct host *host);

/* Finds the number of a row's system call in one of the host's ABIs; -1 if that has none. */
int64_t row_number(const struct profile_row *row, const struct host *host, unsigned int abi);

/* Reads the file; dies of a mistake in it. */
void profile_read(struct profile *profile, const char *path);

/* Compares, for many sets of capabilities, the filters assembled from the table with those that
 * libseccomp compiles from the profile in the way of dockerd and runc, by running both on every
 * number, with arguments on either side of each condition. Dies of the first difference. */
void check_host(const struct profile *profile, const struct host *host,
		const struct seccomp_table *table);

#endif
