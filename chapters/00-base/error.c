/* Errors as text; see error.h for the contract. */
#define ERROR_IMPLEMENTATION
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for the untrimmed text: a message with two paths of PATH_MAX still fits. */
#define DRAFT_SIZE 10000

/* A file name may hold any byte, and an error is printed on a terminal. */
static void escape_control(char *to, size_t size, const char *from)
{
	size_t used = 0;

	for (; *from && used + 5 < size; from++) {
		unsigned char c = (unsigned char)*from;

		if (c >= 0x20 && c != 0x7f)
			to[used++] = *from;
		else
			used += (size_t)snprintf(to + used, size - used, "\\x%02x", c);
	}
	to[used] = '\0';
}

static void store(struct error *err, int code, const char *draft)
{
	char clean[DRAFT_SIZE];
	size_t length, half = sizeof(err->text) / 2 - 3;

	escape_control(clean, sizeof(clean), draft);
	err->code = code;
	length = strlen(clean);
	if (length < sizeof(err->text)) {
		memcpy(err->text, clean, length + 1);
		return;
	}
	snprintf(err->text, sizeof(err->text), "%.*s...%s", (int)half, clean,
		 clean + length - half);
}

int error_set(struct error *err, int code, const char *format, ...)
{
	char draft[DRAFT_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(draft, sizeof(draft), format, args);
	va_end(args);
	store(err, code, draft);
	return -1;
}

int error_sys(struct error *err, const char *format, ...)
{
	char draft[DRAFT_SIZE], why[256];
	int code = errno;
	va_list args;
	size_t used;

	va_start(args, format);
	vsnprintf(draft, sizeof(draft) - sizeof(why), format, args);
	va_end(args);
	used = strlen(draft);
	snprintf(draft + used, sizeof(draft) - used, ": %s", strerror_r(code, why, sizeof(why)));
	store(err, code, draft);
	return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
	char draft[DRAFT_SIZE];
	va_list args;
	size_t used;

	va_start(args, format);
	vsnprintf(draft, sizeof(draft) - sizeof(err->text) - 2, format, args);
	va_end(args);
	used = strlen(draft);
	snprintf(draft + used, sizeof(draft) - used, ": %s", err->text);
	store(err, err->code, draft);
	return -1;
}

int error_hint(struct error *err, int code, const char *format, ...)
{
	char draft[DRAFT_SIZE], hint[sizeof(err->text)];
	va_list args;

	if (err->code != code)
		return -1;
	va_start(args, format);
	vsnprintf(hint, sizeof(hint), format, args);
	va_end(args);
	snprintf(draft, sizeof(draft), "%s (%s)", err->text, hint);
	store(err, err->code, draft);
	return -1;
}
