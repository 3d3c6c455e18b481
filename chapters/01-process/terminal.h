/*
 * Terminals: a pair of ends, of which the process has one and we the other.
 *
 * What is typed at the user's terminal goes to the other end as it is, and the container's terminal
 * does what a terminal does with it: echo, line editing, Ctrl-C. So the user's own must do none of
 * that for as long: it is raw.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "cleanup.h"
#include "error.h"

/* Opens a new terminal of the devpts at /dev/pts, and makes it the controlling terminal and the three
 * standard streams of the calling process, which leads a session and has none. Returns the other end,
 * which the caller closes. A size of zero is left as it is.
 * Errors: ENOENT without a devpts there; ENODEV if something else is there. pty(7), ioctl_tty(2) */
int terminal_open(const struct winsize *size, struct error *err);

/* The size of the terminal that standard output, or else input, is; zeroed if neither is one. */
struct winsize terminal_size(void);

/* Sets the size of the terminal whose other end is `fd`; its foreground processes get SIGWINCH. */
void terminal_resize(int fd, const struct winsize *size);

/* The user's terminal while it is raw. Zeroed: nothing is to be restored. */
struct raw_terminal {
	pid_t guard; /* restores it when `pipe` closes, however we end; 0: none */
	int pipe;
};

/* Makes the terminal `fd` raw. Nothing is done if it is none. termios(3) */
int terminal_make_raw(int fd, struct raw_terminal *raw, struct error *err);
void terminal_restore(struct raw_terminal *raw);
#define AUTO_RAW CLEANUP(terminal_restore)

#endif
