/*
 * Trace: every step that the kernel is asked for is announced by one line of code, whose text is
 * the equivalent shell command.
 *
 *	trace("mount -t proc proc %q", target);
 *
 * It serves as the comment on the step, and as --explain: one line for each step, as it happens,
 * with the chapter of the source file, the microseconds since the run began, and the text. Off, it
 * costs one branch. The sink is the only global state of the project: a descriptor that parent,
 * child and helper share.
 *
 * Formats: %s %d %u %o %x %c with l, ll and z; %q is a char * quoted for a shell; %A is a NULL
 * terminated char ** with each item quoted. A step that has no shell form is a shell comment,
 * "# …".
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* Opens the sink: a duplicate of `fd` that is closed on exec. `begin_us` is when the run began, as
 * trace_clock_us() gives it, 0 for now. On failure tracing stays off. */
int trace_open(int fd, uint64_t begin_us, struct error *err);
void trace_close(void);
bool trace_is_on(void);
/* When the run began: for a helper program that is to go on in the same time. */
uint64_t trace_begin_us(void);
/* The descriptor of the sink, -1 if tracing is off: what close_range(2) must leave open. */
int trace_fd(void);
uint64_t trace_clock_us(void);

#define TRACE_FAULTS_CALL 0x636f72
#ifdef TRACE_FAULTS
/* In the programs of `make FAULTS=1`, and in no other, tells each step to a tracer too, by a system
 * call that does not exist: tests/faults cuts runs there. ptrace(2) */
void trace_fault(const char *source_file, int line);
#else
#define trace_fault(source_file, line) ((void)0)
#endif

#define trace(...)                                                                                 \
	do {                                                                                       \
		trace_fault(__FILE__, __LINE__);                                                   \
		if (trace_is_on())                                                                 \
			trace_step(__FILE__, __VA_ARGS__);                                         \
	} while (0)

/* Use trace(), which costs nothing when tracing is off. */
void trace_step(const char *source_file, const char *format, ...);

#endif
