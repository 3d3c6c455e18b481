/*
 * What --format says: a table, JSON, or a template, for rows that are JSON objects.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <cjson/cJSON.h>

#include "error.h"
#include "text.h"

/* How a list is shown. */
struct format_view {
	const char *format;  /* what the user wants; NULL: nothing else than usual */
	const char *usual;   /* the columns of the usual table: "{{.ID}}\t{{.Names}}" */
	const cJSON *titles; /* a row whose values are the titles of columns */
};

/* Prints the rows, objects in an array, to *out. The format is
 *
 *	NULL or "table"     the usual table
 *	"table TEMPLATE"    a table with columns of one's own
 *	"json"              an object a line
 *	TEMPLATE            a line for each row
 *
 * A member "Label" of a row is for {{.Label "key"}} alone, and is not shown as JSON. On failure *out
 * holds what was printed before. Errors: those of template_run. */
int format_rows(const struct format_view *view, const cJSON *rows, struct text *out,
		struct error *err);

/* The same to standard output. `alone` is the template of --quiet, or NULL: as in Docker it is used only
 * where no other format was asked for. */
int format_print_rows(const struct format_view *view, const char *alone, const cJSON *rows,
		      struct error *err);

/* Prints documents in an array, as inspect does: without a format indented; else "json", or a template
 * for each. Errors: those of template_run. */
int format_documents(const char *format, const cJSON *documents, struct text *out,
		     struct error *err);

/* The same for one document: "json", or a template. */
int format_document(const char *format, const cJSON *document, struct text *out, struct error *err);

#endif
