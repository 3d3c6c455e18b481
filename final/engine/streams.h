/*
 * The standard streams of a container, as its monitor holds them: pipes, or the other end of its
 * terminal.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "error.h"
#include "text.h"

struct streams {
	int output[2];	   /* its stdout and stderr, or the terminal and none; -1: at its end */
	int input;	   /* -1: it has none, or it is closed */
	int terminal;	   /* for its size; -1: none */
	struct text typed; /* what it has not read yet, from `passed` on */
	size_t passed;
};

/* Nothing is open. */
#define STREAMS_NONE ((struct streams){.output = {-1, -1}, .input = -1, .terminal = -1})

/* Makes pipes; child[0..2] are the container's ends, which the caller closes. Without `input` child[0]
 * is /dev/null. */
int streams_open_pipes(struct streams *streams, bool input, int child[3], struct error *err);

/* The same for the other end of a terminal, which stays the caller's. */
int streams_open_terminal(struct streams *streams, bool input, int terminal, struct error *err);

/* Reads some of output i. Returns 0 if there is nothing now, or never again. */
size_t streams_read(struct streams *streams, int i, char *bytes, size_t most);

/* Keeps input for the container. */
void streams_type(struct streams *streams, const char *bytes, size_t count);

/* Whether there is input that waits for the container to read. */
bool streams_have_input(const struct streams *streams);

/* Passes on what can be. What nobody will read is dropped. */
void streams_pass_input(struct streams *streams);

/* Closes the input: a pipe's reader then sees its end. What waits is dropped. */
void streams_end_input(struct streams *streams);

#endif
