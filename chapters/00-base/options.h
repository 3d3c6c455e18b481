/*
 * Options as one table: what a program accepts, what --help says, and which kernel object an
 * option ends up in are all read from the same rows.
 *
 * A chapter has one table, of rows that fill one struct. A program lists the groups of its
 * chapters; a row of a later group replaces an earlier one of the same name. Parsing is Docker's:
 * exact names, "-it", "--flag=false", "--", and options end at the first operand.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stddef.h>

#include "error.h"

struct option_row {
	const char *name;  /* "memory", for --memory */
	char letter;	   /* 'm', for -m; 0 for none */
	const char *value; /* what --help calls the value: "BYTES"; NULL for a flag */
	/* Stores a value in the field that is `offset` bytes into the group's struct. A flag gets
	 * "true" or "false". On failure the error says what is wrong with the value. */
	int (*parse)(void *field, const char *value, struct error *err);
	size_t offset;
	const char *help;
	const char *kernel; /* what it is for the kernel: "memory.max"; NULL if nothing */
	const char *manual; /* "cgroups(7)" */
};

struct option_group {
	const char *title;	       /* "03-cgroups: how much it may use" */
	const struct option_row *rows; /* ends in a row without a name */
	void *target;		       /* the struct that the rows fill */
};

/* Parses options until the first operand, "--", or the end; the groups end in one without rows.
 * Returns the index of the first operand in argv. What was stored before a mistake stays.
 * Errors: EINVAL, with Docker's words: "unknown flag: --x", "flag needs an argument: --name",
 * "invalid argument "x" for "-m, --memory" flag: …". */
int options_parse(const struct option_group *groups, int argc, char *const *argv,
		  struct error *err);

struct text;
/* Adds the help on all options, group by group. */
void options_help(const struct option_group *groups, struct text *text);
/* Adds the same for programs to read, a line each of fields between tabs: "option", name, letter,
 * value, help, kernel, manual, title of the group. */
void options_rows(const struct option_group *groups, struct text *text);

/* Parsers for common fields: bool; char * (the field is replaced, and owned by the struct);
 * struct strings (the value is added). */
int option_flag(void *field, const char *value, struct error *err);
int option_string(void *field, const char *value, struct error *err);
int option_strings(void *field, const char *value, struct error *err);
/* uint64_t, by text_to_bytes. */
int option_bytes(void *field, const char *value, struct error *err);

#endif
