/* The text of seccomp.profile, which explains its form. */
#include "seccomp_compile.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 40 };

/* Where the reader is: a mistake is reported there, and rows get the heading's conditions. */
struct reader {
	const char *path;
	unsigned int line;
	bool has_heading;
	struct profile_row heading;
};

__attribute__((noreturn)) static void mistake(const struct reader *reader, const char *what,
					      const char *word)
{
	die("%s:%u: %s: '%s'", reader->path, reader->line, what, word ? word : "end of line");
}

static uint64_t capability_bit(const struct reader *reader, const char *name)
{
	static const struct {
		const char *name;
		unsigned int number;
	} known[] = {
		{"CAP_BPF", CAP_BPF},
		{"CAP_DAC_READ_SEARCH", CAP_DAC_READ_SEARCH},
		{"CAP_PERFMON", CAP_PERFMON},
		{"CAP_SYSLOG", CAP_SYSLOG},
		{"CAP_SYS_ADMIN", CAP_SYS_ADMIN},
		{"CAP_SYS_BOOT", CAP_SYS_BOOT},
		{"CAP_SYS_CHROOT", CAP_SYS_CHROOT},
		{"CAP_SYS_MODULE", CAP_SYS_MODULE},
		{"CAP_SYS_NICE", CAP_SYS_NICE},
		{"CAP_SYS_PACCT", CAP_SYS_PACCT},
		{"CAP_SYS_PTRACE", CAP_SYS_PTRACE},
		{"CAP_SYS_RAWIO", CAP_SYS_RAWIO},
		{"CAP_SYS_TIME", CAP_SYS_TIME},
		{"CAP_SYS_TTY_CONFIG", CAP_SYS_TTY_CONFIG},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (name && !strcmp(name, known[i].name))
			return UINT64_C(1) << known[i].number;
	mistake(reader, "unknown capability", name);
}

static uint32_t number(const struct reader *reader, const char *word)
{
	char *end;
	unsigned long value;

	if (!word)
		mistake(reader, "a number is missing", word);
	errno = 0;
	value = strtoul(word, &end, 0);
	/* The filter compares 32 bits and wants the upper ones 0. */
	if (errno || *end || end == word || value > UINT32_MAX)
		mistake(reader, "not a number of 32 bits", word);
	return (uint32_t)value;
}

static bool is(const char *word, const char *expected)
{
	return word && !strcmp(word, expected);
}

/* The words of a heading, without its colon. */
static void read_heading(struct reader *reader, char **words)
{
	struct profile_row heading = {.number = -1};
	const char *condition = words[1] ? words[1] : "";

	if (is(words[0], "on"))
		heading.host = host_find(condition);
	else if (is(words[0], "with"))
		heading.with = capability_bit(reader, condition);
	else if (is(words[0], "without"))
		heading.without = capability_bit(reader, condition);
	/* coracle needs Linux 5.12 anyway, so "since" is for the reader of the profile. */
	else if (!is(words[0], "always") && !is(words[0], "since"))
		mistake(reader, "unknown heading", words[0]);
	if (is(words[0], "on") && !heading.host)
		mistake(reader, "unknown host", condition);
	if (!is(words[0], "since") && words[1] && (words[2] || is(words[0], "always")))
		mistake(reader, "what is this in a heading?", words[2] ? words[2] : words[1]);
	reader->heading = heading;
	reader->has_heading = true;
}

/* "arg0 == 1 or == 2", "arg0 != 1" */
static void read_comparison(const struct reader *reader, struct profile_row *row, char **words)
{
	const char *operator= row->test == TEST_EQUAL ? "==" : "!=";
	unsigned int most = row->test == TEST_EQUAL ? PROFILE_VALUES_MAX : 1;

	while (row->value_count < most && is(*words, operator)) {
		row->values[row->value_count++] = number(reader, words[1]);
		words += 2;
		if (!is(*words, "or") || !words[1])
			break;
		words++;
	}
	if (row->value_count == 0 || *words)
		mistake(reader, "not a condition", *words);
}

static void read_test(const struct reader *reader, struct profile_row *row, char **words)
{
	const char *argument = *words++;

	if (!argument || strncmp(argument, "arg", 3) != 0)
		mistake(reader, "not argN", argument);
	row->argument = number(reader, argument + 3);
	if (row->argument > 5)
		mistake(reader, "a system call has arg0 to arg5", argument);
	if (!is(*words, "&")) {
		row->test = is(*words, "!=") ? TEST_NOT_EQUAL : TEST_EQUAL;
		read_comparison(reader, row, words);
		return;
	}
	row->test = TEST_NO_BIT;
	row->values[row->value_count++] = number(reader, words[1]);
	if (!is(words[2], "==") || !is(words[3], "0") || words[4])
		mistake(reader, "not '& MASK == 0'", words[2]);
}

static struct profile_row *add_row(const struct reader *reader, struct profile *profile, char *word)
{
	struct profile_row *row = &profile->rows[profile->count];
	char *equals = strchr(word, '=');

	if (!reader->has_heading)
		mistake(reader, "no heading before", word);
	if (profile->count == PROFILE_ROWS_MAX)
		mistake(reader, "too many system calls", word);
	*row = reader->heading;
	if (equals) {
		row->number = (int)number(reader, equals + 1);
		*equals = '\0';
	}
	if (strlen(word) >= sizeof(row->name))
		mistake(reader, "the name is too long", word);
	strcpy(row->name, word);
	profile->count++;
	return row;
}

static void read_row(const struct reader *reader, struct profile *profile, char **words)
{
	if (is(words[1], "when")) {
		read_test(reader, add_row(reader, profile, words[0]), words + 2);
	} else if (is(words[1], "fails")) {
		if (!is(words[2], "with") || !is(words[3], "ENOSYS") || words[4])
			mistake(reader, "not 'fails with ENOSYS'", words[0]);
		add_row(reader, profile, words[0])->fails_with = ENOSYS;
	} else {
		for (; *words; words++)
			add_row(reader, profile, *words);
	}
}

static void read_line(struct reader *reader, struct profile *profile, char *line)
{
	/* Those who look at words stop at the first NULL, or four words on. */
	char *words[WORDS_MAX + 4] = {NULL}, *save = NULL;
	unsigned int count = 0;
	bool colon;

	line[strcspn(line, "#\n")] = '\0';
	colon = strchr(line, ':') != NULL;
	for (char *word = strtok_r(line, " \t:", &save); word;
	     word = strtok_r(NULL, " \t:", &save)) {
		if (count == WORDS_MAX)
			mistake(reader, "too many words", word);
		words[count++] = word;
	}
	if (count == 0)
		return;
	if (colon != (line[0] != '\t'))
		mistake(reader, "neither a heading with a colon nor a row after a tab", words[0]);
	if (colon)
		read_heading(reader, words);
	else
		read_row(reader, profile, words);
}

void profile_read(struct profile *profile, const char *path)
{
	struct reader reader = {.path = path};
	FILE *file = fopen(path, "re");
	char line[256];

	if (!file)
		die("%s: %s", path, strerror(errno));
	profile->count = 0;
	while (fgets(line, sizeof(line), file)) {
		reader.line++;
		if (!strchr(line, '\n'))
			mistake(&reader, "the line is too long", line);
		read_line(&reader, profile, line);
	}
	if (ferror(file))
		die("%s: %s", path, strerror(errno));
	fclose(file);
}
