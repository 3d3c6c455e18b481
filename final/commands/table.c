/* Columns of text; see table.h. */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define WIDTH_LEAST 10
#define PADDING 3

size_t table_width(const char *cell)
{
	size_t width = 0;

	/* the bytes 10xxxxxx continue a character */
	for (; *cell; cell++)
		width += ((unsigned char)*cell & 0xc0) != 0x80;
	return width;
}

void table_add(struct table *table, const char *format, ...)
{
	AUTO_FREE char *cell = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&cell, format, args) < 0)
		cell = NULL;
	va_end(args);
	strings_add(&table->cells, cell ? cell : "");
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t width = WIDTH_LEAST;

	for (size_t i = column; i < table->cells.count; i += table->columns) {
		size_t needed = table_width(table->cells.items[i]) + PADDING;

		if (needed > width)
			width = needed;
	}
	return width;
}

void table_print(const struct table *table, struct text *text)
{
	size_t *widths = memory_zeroed(table->columns, sizeof(*widths));

	for (size_t column = 0; column < table->columns; column++)
		widths[column] = column_width(table, column);
	for (size_t i = 0, column = 0; i < table->cells.count; i++) {
		const char *cell = table->cells.items[i];
		size_t padding = widths[column] - table_width(cell);

		text_add_string(text, cell);
		if (++column < table->columns) {
			text_add_format(text, "%*s", (int)padding, "");
		} else {
			text_add_string(text, "\n");
			column = 0;
		}
	}
	cleanup_memory(&widths);
}

void table_release(struct table *table)
{
	strings_release(&table->cells);
}
