/*
 * What failed, on which object, and why.
 *
 * A function that can fail returns 0 (or a useful value, such as a descriptor) or -1, and takes a
 * struct error as its last parameter. On failure it has filled it; on success it has not touched
 * it. A struct error owns nothing: it can be copied, and sent through a socket as it is.
 */
#ifndef ERROR_H
#define ERROR_H

struct error {
	/* An errno value, or a code above 4096 that the module documents. */
	int code;
	/* One line; control characters are escaped, and what is too long is cut in its middle. */
	char text[1000];
};

/* Says that something failed for a reason of our own, with the errno value that suits it best.
 * Returns -1, so that `return error_set(…);` is the whole error path. */
__attribute__((format(printf, 3, 4))) int error_set(struct error *err, int code, const char *format,
						    ...);

/* Says that a system call failed: the text ends in the meaning of errno. Returns -1. */
__attribute__((format(printf, 2, 3))) int error_sys(struct error *err, const char *format, ...);

/* Puts "FORMAT: " before the text, for a noun that the callee did not know. Returns -1. */
__attribute__((format(printf, 2, 3))) int error_wrap(struct error *err, const char *format, ...);

/* Adds " (FORMAT)" if the error's code is `code`: a cause that errno hides. Returns -1. */
__attribute__((format(printf, 3, 4))) int error_hint(struct error *err, int code,
						     const char *format, ...);

/* The static analyzer reads one file at a time, and can't see that all four return -1. */
#if defined(__clang_analyzer__) && !defined(ERROR_IMPLEMENTATION)
#define error_set(...) (error_set(__VA_ARGS__), -1)
#define error_sys(...) (error_sys(__VA_ARGS__), -1)
#define error_wrap(...) (error_wrap(__VA_ARGS__), -1)
#define error_hint(...) (error_hint(__VA_ARGS__), -1)
#endif

#endif
