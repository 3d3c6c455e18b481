/* Rows by --format; see format.h. */
#include "format.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "document.h"
#include "json.h"
#include "table.h"
#include "template.h"

/* As Docker, "\t" and "\n" may be written as two characters. */
static void unescape(const char *format, struct text *template)
{
	for (; *format; format++) {
		bool tab = strncmp(format, "\\t", 2) == 0;
		bool line = strncmp(format, "\\n", 2) == 0;

		if (tab || line)
			format++;
		text_add(template, tab ? "\t" : line ? "\n" : format, 1);
	}
}

static void add_cells(struct table *table, char *line)
{
	size_t columns = 0;
	char *next = line;

	for (char *cell = line; next; cell = next) {
		next = strchr(cell, '\t');
		if (next)
			*next++ = '\0';
		table_add(table, "%s", cell);
		columns++;
	}
	table->columns = columns;
}

static int add_row(const char *template, const cJSON *row, struct table *table, struct error *err)
{
	AUTO_TEXT struct text line = {0};

	if (template_run(template, row, &line, err) < 0)
		return -1;
	text_add_string(&line, "");
	add_cells(table, line.data);
	return 0;
}

static int print_table(const char *template, const cJSON *titles, const cJSON *rows,
		       struct text *out, struct error *err)
{
	AUTO_TABLE struct table table = {0};
	const cJSON *row;

	if (add_row(template, titles, &table, err) < 0)
		return -1;
	cJSON_ArrayForEach(row, rows)
		if (add_row(template, row, &table, err) < 0)
			return -1;
	table_print(&table, out);
	return 0;
}

int format_document(const char *format, const cJSON *document, struct text *out, struct error *err)
{
	AUTO_TEXT struct text template = {0};

	unescape(strcmp(format, "json") == 0 ? "{{json .}}" : format, &template);
	if (template_run(text_string(&template), document, out, err) < 0)
		return -1;
	text_add_string(out, "\n");
	return 0;
}

int format_documents(const char *format, const cJSON *documents, struct text *out,
		     struct error *err)
{
	const cJSON *document;

	if (!format) {
		document_add(documents, out);
		return 0;
	}
	if (strcmp(format, "json") == 0) {
		json_print(documents, false, out);
		return 0;
	}
	cJSON_ArrayForEach(document, documents)
		if (format_document(format, document, out, err) < 0)
			return -1;
	/* Without any document there is still a line, as in Docker. */
	if (!out->length)
		text_add_string(out, "\n");
	return 0;
}

int format_rows(const struct format_view *view, const cJSON *rows, struct text *out,
		struct error *err)
{
	const char *format = view->format;
	bool table = !format || !*format || strcmp(format, "table") == 0;
	AUTO_TEXT struct text template = {0};
	const cJSON *row;

	if (table || text_starts_with(format, "table ")) {
		unescape(table ? view->usual : format + strlen("table "), &template);
		return print_table(text_string(&template), view->titles, rows, out, err);
	}
	cJSON_ArrayForEach(row, rows)
		if (format_document(format, row, out, err) < 0)
			return -1;
	return 0;
}

int format_print_rows(const struct format_view *view, const char *alone, const cJSON *rows,
		      struct error *err)
{
	struct format_view shown = *view;
	AUTO_TEXT struct text text = {0};
	int result;

	if (alone && (!shown.format || strcmp(shown.format, "table") == 0))
		shown.format = alone;
	result = format_rows(&shown, rows, &text, err);
	fputs(text_string(&text), stdout);
	return result;
}
