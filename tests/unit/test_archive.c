/* The reader of tar archives: numbers, PAX records, and bytes that come one at a time. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "archive.h"
#include "archive_header.h"
#include "cleanup.h"
#include "layer_tree.h"
#include "tap.h"

static struct error err;

/* --- an archive in memory, given in pieces of `step` bytes ------------------------------------- */

struct memory {
	const unsigned char *bytes;
	size_t left, step;
	bool failing; /* at the end */
};

static int next_piece(void *context, const unsigned char **bytes, size_t *count,
		      struct error *error)
{
	struct memory *memory = context;

	if (!memory->left && memory->failing)
		return error_set(error, EIO, "the source fails");
	*bytes = memory->bytes;
	*count = memory->left < memory->step ? memory->left : memory->step;
	memory->bytes += *count;
	memory->left -= *count;
	return 0;
}

static void set_checksum(struct archive_header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned int sum = 0;

	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += bytes[i];
	snprintf(header->checksum, sizeof(header->checksum), "%06o", sum);
}

static struct archive_header make_header(const char *name, char type, unsigned int size)
{
	struct archive_header header = {.type = type, .mode = "0000644"};

	snprintf(header.name, sizeof(header.name), "%s", name);
	snprintf(header.size, sizeof(header.size), "%011o", size);
	set_checksum(&header);
	return header;
}

/* Three blocks of files, and one zero block. */
static void make_archive(unsigned char archive[4 * ARCHIVE_BLOCK])
{
	struct archive_header first = make_header("first", '0', 5);
	struct archive_header second = make_header("second", '0', 0);

	memset(archive, 0, (size_t)4 * ARCHIVE_BLOCK);
	memcpy(archive, &first, sizeof(first));
	memcpy(archive + ARCHIVE_BLOCK, "hello", 5);
	memcpy(archive + 2 * ARCHIVE_BLOCK, &second, sizeof(second));
}

static void test_pieces(size_t step)
{
	unsigned char bytes[4 * ARCHIVE_BLOCK];
	struct memory memory = {.bytes = bytes, .left = sizeof(bytes), .step = step};
	AUTO_ARCHIVE struct archive archive = {.source = {next_piece, &memory}};
	const struct archive_entry *entry;
	const unsigned char *data;
	AUTO_TEXT struct text read = {0};
	size_t count;

	make_archive(bytes);
	is_number(archive_next(&archive, &entry, &err), 1, "there is a first entry");
	is(text_string(&entry->name), "first", "it has its name");
	while (archive_data(&archive, &data, &count, &err) == 0 && count)
		text_add(&read, data, count);
	is(text_string(&read), "hello", "it has its data, and not its padding");
	is_number(archive_next(&archive, &entry, &err), 1, "there is a second entry");
	is(text_string(&entry->name), "second", "it has its name");
	is_number(archive_next(&archive, &entry, &err), 0, "then comes the end");
}

/* Every length that an archive can be cut to: it ends in an error or at a header, and in ASan's
 * silence. */
static void test_cuts(void)
{
	unsigned char bytes[4 * ARCHIVE_BLOCK];
	bool sound = true;

	make_archive(bytes);
	for (size_t length = 0; length < sizeof(bytes); length++) {
		struct memory memory = {.bytes = bytes, .left = length, .step = 100};
		AUTO_ARCHIVE struct archive archive = {.source = {next_piece, &memory}};
		const struct archive_entry *entry;
		int more;

		while ((more = archive_next(&archive, &entry, &err)) > 0)
			;
		/* Between entries, but not between a header and its data. The padding may be missing. */
		bool at_header = length % ARCHIVE_BLOCK == 0 && length != ARCHIVE_BLOCK;
		bool in_padding = length >= ARCHIVE_BLOCK + 5 && length < 2 * ARCHIVE_BLOCK;

		sound &= more == (at_header || in_padding ? 0 : -1);
	}
	ok(sound, "an archive that is cut anywhere but at a header or in padding is an error");
}

static void test_failing_source(void)
{
	struct memory memory = {.failing = true};
	AUTO_ARCHIVE struct archive archive = {.source = {next_piece, &memory}};
	const struct archive_entry *entry;

	is_number(archive_next(&archive, &entry, &err), -1, "a source that fails is an error");
	is_number(err.code, EIO, "it is the source's");
}

/* --- numbers ----------------------------------------------------------------------------------- */

static void test_number(const char *field, size_t width, int64_t want)
{
	AUTO_FREE char *exact = memory_copy(field, width); /* ASan sees a read beyond it */
	int64_t number = -99;

	archive_number(exact, width, &number, &err);
	is_number(number, want, "a number of a header");
}

static void test_numbers(void)
{
	test_number("0000644", 8, 0644);
	test_number("77777777", 8, 077777777);
	test_number("777777777777", 12, 0777777777777);
	test_number("   12 junk", 8, 012);
	test_number("\0\0\0\0\0\0\0", 8, 0);
	test_number("        ", 8, 0);
	test_number("12x45678", 8, -99);
	test_number("-1\0\0\0\0\0", 8, -99);
	test_number("\x80\0\0\0\0\0\0\x05", 8, 5);
	test_number("\xff\xff\xff\xff\xff\xff\xff\xfe", 8, -2);
	test_number("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12, INT64_MAX);
	test_number("\x80\0\0\0\x80\0\0\0\0\0\0\0", 12, -99);
	test_number("\xff\xff\xff\xff\x80\0\0\0\0\0\0\0", 12, INT64_MIN);
	test_number("\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 12, -99);
	test_number("\xbf\xff\xff\xff\xff\xff\xff\xff", 8, INT64_C(0x3fffffffffffffff));
}

/* --- PAX --------------------------------------------------------------------------------------- */

static int read_pax(const char *bytes, size_t length, struct archive *archive)
{
	int64_t size = 0;

	archive->pax.length = 0;
	text_add(&archive->pax, bytes, length);
	return archive_pax_read(&archive->pax, &archive->entry, &size, &err);
}

static void test_pax(void)
{
	AUTO_ARCHIVE struct archive archive = {0};
	const struct archive_entry *entry = &archive.entry;

	is_number(read_pax("10 path=f\n", 10, &archive), 0, "a record counts itself");
	is(text_string(&entry->name), "f", "and sets the name");
	is_number(read_pax("12 path=a\nb\n", 12, &archive), 0, "a value may hold a newline");
	is(text_string(&entry->name), "a\nb", "which is part of it");
	is_number(read_pax("12 path=a=b\n", 12, &archive), 0, "or an equals sign");
	is(text_string(&entry->name), "a=b", "the first of which ends the key");
	is_number(read_pax("28 SCHILY.xattr.user.a=b\0c\n\n", 28, &archive), 0, "or a NUL");
	is_number((long long)entry->xattrs[0].length, 4, "with all its bytes");
	is_number(read_pax("20 mtime=-0.5\n", 14, &archive), -1, "a length beyond the end");
	is_number(read_pax("14 mtime=-0.5\n", 14, &archive), 0, "a time before the epoch");
	is_number(entry->mtime.tv_sec, -1, "is rounded down to a second");
	is_number(entry->mtime.tv_nsec, 500000000, "and up by nanoseconds");
	is_number(read_pax("10 path=f", 9, &archive), -1, "no newline");
	is_number(read_pax("4 =x\n", 5, &archive), -1, "no key");
	is_number(read_pax("99999999999999999999 a=b\n", 25, &archive), -1, "an endless length");
	is_number(read_pax("2 \n", 3, &archive), -1, "a record of nothing");
	is_number(read_pax("29 size=9999999999999999999\n\n", 29, &archive), -1,
		  "a size too large");
}

/* --- names ------------------------------------------------------------------------------------- */

static void test_path(const char *name, const char *want)
{
	char path[LAYER_PATH_SIZE] = "";

	is(layer_path(name, path, &err) < 0 ? "refused" : path, want, name);
}

static void test_paths(void)
{
	char longest[LAYER_PATH_SIZE + 2];

	test_path("a/b", "a/b");
	test_path("./a//b/./", "a/b");
	test_path(".", "");
	test_path("", "");
	test_path("...", "...");
	test_path("..a/.b", "..a/.b");
	test_path("..", "refused");
	test_path("a/..", "refused");
	test_path("a/../b", "refused");
	test_path("/a", "refused");
	memset(longest, 'a', sizeof(longest));
	longest[LAYER_PATH_SIZE - 2] = '\0';
	test_path(longest, longest);
	longest[LAYER_PATH_SIZE - 2] = 'a';
	longest[sizeof(longest) - 1] = '\0';
	test_path(longest, "refused");
}

int main(void)
{
	test_pieces(1);
	test_pieces(511);
	test_pieces(100000);
	test_cuts();
	test_failing_source();
	test_numbers();
	test_pax();
	test_paths();
	return tap_done();
}
