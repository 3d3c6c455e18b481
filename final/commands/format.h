/*
 * What --format says: a table, JSON, or a template, for rows that are JSON objects.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <cjson/cJSON.h>

#include "error.h"
#include "text.h"

/* Prints the rows, objects in an array, to *out. `format` is
 *
 *	NULL or "table"     the table of the template `usual`: "{{.ID}}\t{{.Names}}"
 *	"table TEMPLATE"    a table with columns of one's own; `titles` has their titles
 *	"json"              an object a line
 *	TEMPLATE            a line for each row
 *
 * A member "Label" of a row is for {{.Label "key"}} alone, and is not shown as JSON. On failure *out
 * holds what was printed before. Errors: those of template_run. */
int format_rows(const char *format, const char *usual, const cJSON *titles, const cJSON *rows,
		struct text *out, struct error *err);

/* The same for one document: "json", or a template. */
int format_document(const char *format, const cJSON *document, struct text *out, struct error *err);

#endif
