/* The steps of a run as shell commands; see trace.h. */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "text.h"

static struct {
	int fd; /* plus one, so that 0 means off */
	uint64_t begin_us;
} sink;

uint64_t trace_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int trace_open(int fd, uint64_t begin_us, struct error *err)
{
	/* From 10 upwards, out of the way of a program that expects 3, 4, … to be free. */
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	if (copy < 0)
		return error_sys(err, "duplicate descriptor %d for the explanation", fd);
	sink.fd = copy + 1;
	sink.begin_us = begin_us ? begin_us : trace_clock_us();
	return 0;
}

void trace_close(void)
{
	if (sink.fd)
		close(sink.fd - 1);
	sink.fd = 0;
}

bool trace_is_on(void)
{
	return sink.fd != 0;
}

uint64_t trace_begin_us(void)
{
	return sink.begin_us;
}

int trace_fd(void)
{
	return sink.fd - 1;
}

static void add_argv(struct text *line, char *const *argv)
{
	for (size_t i = 0; argv[i]; i++) {
		text_add_string(line, i ? " " : "");
		text_add_shell(line, argv[i]);
	}
}

/* Adds one argument by its conversion, given as "%lu" in `spec`; true if the letter is known. */
static bool add_argument(struct text *line, const char *spec, va_list *args)
{
	bool is_long = strchr(spec, 'l') || strchr(spec, 'z');
	char letter = spec[strlen(spec) - 1];

	if (letter == '%')
		text_add_string(line, "%");
	else if (letter == 'q')
		text_add_shell(line, va_arg(*args, const char *));
	else if (letter == 'A')
		add_argv(line, va_arg(*args, char *const *));
	else if (letter == 's')
		text_add_string(line, va_arg(*args, const char *));
	else if (letter == 'c')
		text_add_format(line, "%c", va_arg(*args, int));
	else if (letter == 'd')
		text_add_format(line, "%ld", is_long ? va_arg(*args, long) : va_arg(*args, int));
	else if (letter == 'u')
		text_add_format(line, "%lu",
				is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned));
	else if (letter == 'o')
		text_add_format(line, "%04lo",
				is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned));
	else if (letter == 'x')
		text_add_format(line, "0x%lx",
				is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned));
	else
		return false;
	return true;
}

static void add_formatted(struct text *line, const char *format, va_list *args)
{
	while (*format) {
		size_t plain = strcspn(format, "%"), length;
		char spec[8] = "";

		text_add(line, format, plain);
		format += plain;
		if (!*format)
			return;
		length = strspn(format + 1, "lz") + 2;
		snprintf(spec, sizeof(spec), "%.*s", (int)length, format);
		if (!add_argument(line, spec, args))
			return;
		format += length;
	}
}

/* "chapters/03-cgroups/cgroup.c" is of chapter "03", "final/engine/launch.c" of "final". */
static const char *chapter_of(const char *source_file)
{
	static const char chapters[][3] = {"00", "01", "02", "03", "04", "05", "06"};
	const char *at = strstr(source_file, "chapters/");

	for (size_t i = 0; at && i < ARRAY_LENGTH(chapters); i++)
		if (text_starts_with(at + strlen("chapters/"), chapters[i]))
			return chapters[i];
	return "final";
}

void trace_step(const char *source_file, const char *format, ...)
{
	AUTO_TEXT struct text line = {0};
	int saved = errno;
	va_list args;

	text_add_format(&line, "%-5s %7lu us  ", chapter_of(source_file),
			(unsigned long)(trace_clock_us() - sink.begin_us));
	va_start(args, format);
	add_formatted(&line, format, &args);
	va_end(args);
	text_add_string(&line, "\n");
	/* One write(2), so that lines of parent, child and helper never mix. */
	if (write(sink.fd - 1, line.data, line.length) < 0)
		trace_close();
	errno = saved;
}

#ifdef TRACE_FAULTS
void trace_fault(const char *source_file, int line)
{
	int saved = errno;

	syscall(TRACE_FAULTS_CALL, source_file, line);
	errno = saved;
}
#endif
