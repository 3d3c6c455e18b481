/*
 * A seccomp filter, assembled for a set of capabilities.
 *
 * The kernel runs the filter before every system call, so it must be short: it is a binary search
 * for the call's number, among ranges of neighbouring numbers that are treated alike. The ranges
 * come from seccomp.profile, at build time (seccomp_compile.c); which of them can be joined depends
 * on the capabilities, and is found here, in microseconds. Made in advance, it would be 9,216
 * programs; and filters that are stacked on each other only allow less.
 *
 * The language is classic BPF: an accumulator, loads from struct seccomp_data, forward jumps.
 * seccomp(2), Documentation/userspace-api/seccomp_filter.rst.
 */
#ifndef SECCOMP_PROGRAM_H
#define SECCOMP_PROGRAM_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SECCOMP_OTHERWISE_MAX = 16,
	SECCOMP_RANGES_MAX = 1024,
	SECCOMP_PROGRAM_MAX = 2048,
};

/* How a system call is treated. */
struct seccomp_rule {
	/* Bit n is capability n: whoever has one of these may make the call. */
	uint64_t allowed_with;
	/* What the others get: instructions that end in a return. */
	unsigned int otherwise_length;
	struct sock_filter otherwise[SECCOMP_OTHERWISE_MAX];
};

/* The numbers from `first` up to the next range's; the last range has no end. */
struct seccomp_range {
	uint32_t first;
	/* An index into the table's rules. */
	uint32_t rule;
};

/* The system calls that seccomp_data.arch tells apart. x32 has that of x86-64, and bit 30 set. */
struct seccomp_abi {
	uint32_t audit_arch;
	unsigned int range_count;
	/* Sorted; the first begins at 0. */
	const struct seccomp_range *ranges;
};

struct seccomp_table {
	const struct seccomp_rule *rules;
	const struct seccomp_abi *abis;
	unsigned int abi_count;
};

struct seccomp_program {
	unsigned int length;
	struct sock_filter code[SECCOMP_PROGRAM_MAX];
};

/* Assembles the filter for a process with these capabilities. Returns 0, or -1 if the table is too
 * large for a program: no table of ours is. */
int seccomp_assemble(struct seccomp_program *program, const struct seccomp_table *table,
		     uint64_t capabilities);

#endif
