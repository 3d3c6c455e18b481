/*
 * Ownership: what a function acquires is released when its scope ends, in reverse order.
 *
 * A variable is declared with one of the AUTO_ attributes and initialised at once. To keep what it
 * holds, the function takes it out: `return take_fd(&fd);`. The handlers keep errno.
 */
#ifndef CLEANUP_H
#define CLEANUP_H

#include <stdarg.h>
#include <stddef.h>

#define CLEANUP(handler) __attribute__((cleanup(handler)))

/* AUTO_CLOSE int fd = -1;        AUTO_FREE char *text = NULL;
 * AUTO_CLOSE_FILE FILE *f = NULL; AUTO_CLOSE_DIR DIR *d = NULL; */
#define AUTO_CLOSE CLEANUP(cleanup_fd)
#define AUTO_FREE CLEANUP(cleanup_memory)
#define AUTO_CLOSE_FILE CLEANUP(cleanup_file)
#define AUTO_CLOSE_DIR CLEANUP(cleanup_dir)

/* Closes *fd unless it is negative, and makes it -1. */
void cleanup_fd(int *fd);
/* Frees the memory that the pointer at `pointer` points to, and makes it NULL. */
void cleanup_memory(void *pointer);
/* Closes the FILE * or DIR * at `pointer` unless it is NULL, and makes it NULL. */
void cleanup_file(void *pointer);
void cleanup_dir(void *pointer);

/* Returns *fd and leaves -1 behind: the caller of take_fd owns it now. */
int take_fd(int *fd);

/* The same for a pointer; NULL is left behind. */
#define take_ptr(pointer)                                                                          \
	({                                                                                         \
		__typeof__(*(pointer)) taken_ = *(pointer);                                        \
		*(pointer) = NULL;                                                                 \
		taken_;                                                                            \
	})

/*
 * Memory. These end the process with a line on standard error when there is none left: the
 * requests are small, and no caller could do better. The caller frees the result.
 */
void *memory_zeroed(size_t count, size_t size);
/* Like realloc(3), for an array of `count` elements of `size` bytes. */
void *memory_resized(void *old, size_t count, size_t size);
void *memory_copy(const void *from, size_t size);
char *memory_string(const char *from);
/* Like sprintf(3), into memory of its own. */
__attribute__((format(printf, 1, 2))) char *memory_format(const char *format, ...);
__attribute__((format(printf, 1, 0))) char *memory_format_list(const char *format, va_list args);

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
