/*
 * Columns of text, as wide as Docker makes them.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>

#include "cleanup.h"
#include "text.h"

/* A zeroed table with `columns` set is empty and valid. */
struct table {
	size_t columns;
	struct strings cells; /* row by row */
};

/* Adds the next cell of the row; a full row is followed by the next. */
__attribute__((format(printf, 2, 3))) void table_add(struct table *table, const char *format, ...);

/* Adds the layout of the table to *text: a column is as wide as its longest cell and three spaces,
 * and at least ten; the last one is as it is. */
void table_print(const struct table *table, struct text *text);

void table_release(struct table *table);
#define AUTO_TABLE CLEANUP(table_release)

/* How many characters a text in UTF-8 has. */
size_t table_width(const char *cell);

#endif
