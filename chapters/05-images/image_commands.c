/* Finding, pulling and listing images; see image_commands.h. */
#include "image_commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file.h"

/* "3 weeks ago", as Docker says it, from a time in RFC 3339. */
static void add_age(const char *created, time_t now, struct text *text)
{
	static const struct {
		long seconds, least;
		const char *name;
	} units[] = {
		{365 * 86400L, 2, "years"}, {30 * 86400L, 2, "months"}, {7 * 86400L, 2, "weeks"},
		{86400, 2, "days"},	    {3600, 2, "hours"},		{60, 2, "minutes"},
	};
	struct tm then = {0};
	long age;

	if (!strptime(created, "%Y-%m-%dT%H:%M:%S", &then)) {
		text_add_string(text, "N/A");
		return;
	}
	age = (long)(now - timegm(&then));
	for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
		if (age / units[i].seconds >= units[i].least) {
			text_add_format(text, "%ld %s ago", age / units[i].seconds, units[i].name);
			return;
		}
	text_add_string(text, age >= 60 ? "About a minute ago" : "Less than a minute ago");
}

/* Three digits and a unit of 1000, as Docker prints sizes: "4.42MB". */
static void add_size(uint64_t bytes, struct text *text)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double size = (double)bytes;
	size_t unit = 0;

	for (; size >= 1000 && unit + 1 < ARRAY_LENGTH(units); unit++)
		size /= 1000;
	text_add_format(text, "%.3g%s", size, units[unit]);
}

/* Splits "HOST:5000/NAME:TAG" and "NAME@sha256:…", which has no tag. */
static void split_name(const char *name, char **repository, char **tag)
{
	const char *at = strchr(name, '@'), *colon = strrchr(name, ':');

	size_t length = strlen(name);

	if (at || (colon && strchr(colon, '/')))
		colon = NULL;
	if (at || colon)
		length = (size_t)((at ? at : colon) - name);
	*repository = memory_format("%.*s", (int)length, name);
	*tag = memory_string(colon ? colon + 1 : "<none>");
}

enum { COLUMNS = 5 };

struct row {
	char *columns[COLUMNS];
};

static void make_row(const struct image *image, time_t now, struct row *row)
{
	AUTO_TEXT struct text age = {0}, size = {0};

	split_name(image->name, &row->columns[0], &row->columns[1]);
	row->columns[2] = memory_format("%.12s", image->id + strlen("sha256:"));
	add_age(image->config.created, now, &age);
	row->columns[3] = memory_string(text_string(&age));
	add_size(image->size_bytes, &size);
	row->columns[4] = memory_string(text_string(&size));
}

static void add_row(const struct row *row, const int widths[COLUMNS], struct text *table)
{
	for (int i = 0; i < COLUMNS - 1; i++)
		text_add_format(table, "%-*s   ", widths[i], row->columns[i]);
	text_add_format(table, "%s\n", row->columns[COLUMNS - 1]);
}

static void add_table(const struct image *images, size_t count, struct text *table)
{
	static const char *const headings[] = {"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"};
	AUTO_FREE struct row *rows = memory_zeroed(count + 1, sizeof(*rows));
	int widths[COLUMNS] = {0};

	for (int i = 0; i < COLUMNS; i++)
		rows[0].columns[i] = memory_string(headings[i]);
	for (size_t i = 0; i < count; i++)
		make_row(&images[i], time(NULL), &rows[i + 1]);
	for (size_t i = 0; i <= count; i++)
		for (int column = 0; column < COLUMNS; column++) {
			int width = (int)strlen(rows[i].columns[column]);

			widths[column] = width > widths[column] ? width : widths[column];
		}
	for (size_t i = 0; i <= count; i++) {
		add_row(&rows[i], widths, table);
		for (int column = 0; column < COLUMNS; column++)
			cleanup_memory(&rows[i].columns[column]);
	}
}

static int list(const struct image_request *request, struct error *err)
{
	AUTO_STRINGS struct strings damaged = {0};
	AUTO_TEXT struct text table = {0};
	struct image *images = NULL;
	size_t count = 0;

	if (store_list(request->root, &images, &count, &damaged, err) < 0)
		return -1;
	add_table(images, count, &table);
	for (size_t i = 0; i < count; i++)
		image_release(&images[i]);
	cleanup_memory(&images);
	if (file_write_all(request->output_fd, table.data, table.length, "output", err) < 0)
		return -1;
	return damaged.count ? error_set(err, EIO, "%s", damaged.items[0]) : 0;
}

static int pull(const struct image_request *request, struct error *err)
{
	AUTO_REFERENCE struct reference reference = {0};
	AUTO_FREE char *name = NULL;

	if (reference_parse(request->name, &reference, err) < 0 ||
	    image_helper_pull(request, err) < 0)
		return -1;
	name = reference_canonical_text(&reference);
	dprintf(request->output_fd, "%s\n", name);
	return 0;
}

int image_command(const char *command, const struct image_request *request, struct error *err)
{
	if (strcmp(command, "images") == 0)
		return list(request, err);
	if (strcmp(command, "pull") == 0 && request->name)
		return pull(request, err);
	if (strcmp(command, "pull") == 0)
		return error_set(err, EINVAL, "\"pull\" requires exactly 1 argument: an image");
	return error_set(err, EINVAL, "'%s' is not a command: pull, images and run are", command);
}

int image_find_or_pull(const struct image_request *request, struct image *image, struct error *err)
{
	/* Standard output is for the command that runs in it. */
	struct image_request aside = *request;
	AUTO_REFERENCE struct reference reference = {0};
	AUTO_FREE char *name = NULL;

	aside.output_fd = STDERR_FILENO;
	if (!request->name)
		return error_set(err, EINVAL, "\"run\" requires at least 1 argument: an image");
	if (store_find(request->root, request->name, image, err) == 0)
		return 0;
	if (err->code != ENOENT || reference_parse(request->name, &reference, err) < 0)
		return -1;
	name = reference_familiar_text(&reference);
	dprintf(aside.output_fd, "Unable to find image '%s' locally\n", name);
	if (image_helper_pull(&aside, err) < 0)
		return -1;
	return store_find(request->root, request->name, image, err);
}
