/* Release of what a scope owns, and memory that is always there; see cleanup.h. */
#include "cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cleanup_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

void cleanup_memory(void *pointer)
{
	void **memory = pointer;
	int saved = errno;

	free(*memory);
	*memory = NULL;
	errno = saved;
}

void cleanup_file(void *pointer)
{
	FILE **file = pointer;
	int saved = errno;

	if (*file)
		fclose(*file);
	*file = NULL;
	errno = saved;
}

void cleanup_dir(void *pointer)
{
	DIR **dir = pointer;
	int saved = errno;

	if (*dir)
		closedir(*dir);
	*dir = NULL;
	errno = saved;
}

int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* The only place outside the front ends that ends the process. */
static void *or_die(void *memory)
{
	static const char complaint[] = "coracle: out of memory\n";

	if (memory)
		return memory;
	if (write(STDERR_FILENO, complaint, sizeof(complaint) - 1) < 0)
		_exit(125);
	_exit(125);
}

void *memory_zeroed(size_t count, size_t size)
{
	return or_die(calloc(count ? count : 1, size ? size : 1));
}

void *memory_resized(void *old, size_t count, size_t size)
{
	return or_die(reallocarray(old, count ? count : 1, size ? size : 1));
}

void *memory_copy(const void *from, size_t size)
{
	void *copy = or_die(malloc(size ? size : 1));

	return size ? memcpy(copy, from, size) : copy;
}

char *memory_string(const char *from)
{
	return or_die(strdup(from));
}

char *memory_format_list(const char *format, va_list args)
{
	char *text = NULL;
	int length = vasprintf(&text, format, args);

	return or_die(length < 0 ? NULL : text);
}

char *memory_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = memory_format_list(format, args);
	va_end(args);
	return text;
}
