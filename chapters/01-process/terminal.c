/* Terminals; see terminal.h. */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "trace.h"

/* By descriptor from here on: the name of the new terminal could lead elsewhere in a root of others. */
static int open_pair(int *ours, int *theirs, struct error *err)
{
	AUTO_CLOSE int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct statfs where;
	int unlock = 0;

	if (master < 0)
		return error_sys(err, "open '/dev/pts/ptmx'");
	if (fstatfs(master, &where) < 0 || where.f_type != DEVPTS_SUPER_MAGIC)
		return error_set(err, ENODEV, "'/dev/pts/ptmx' is not of a devpts");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return error_sys(err, "unlock a new terminal");
	*theirs = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*theirs < 0)
		return error_sys(err, "open a new terminal");
	*ours = take_fd(&master);
	return 0;
}

int terminal_open(const struct winsize *size, struct error *err)
{
	AUTO_CLOSE int ours = -1, theirs = -1;

	trace("# open a terminal: /dev/pts/ptmx, TIOCGPTPEER");
	if (open_pair(&ours, &theirs, err) < 0)
		return -1;
	if (size->ws_row || size->ws_col)
		terminal_resize(theirs, size);
	/* A session has one: Ctrl-C there is SIGINT to the session's foreground. */
	trace("setsid --ctty");
	if (ioctl(theirs, TIOCSCTTY, 0) < 0)
		return error_sys(err, "make it the controlling terminal");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(theirs, fd) < 0)
			return error_sys(err, "make the terminal the standard stream %d", fd);
	return take_fd(&ours);
}

struct winsize terminal_size(void)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	return size;
}

void terminal_resize(int fd, const struct winsize *size)
{
	ioctl(fd, TIOCSWINSZ, size);
}

/* Waits until nobody holds the other end of the pipe, and then sets the modes as they were. In a
 * session of its own, so that what ends our process group does not end it too. */
static void keep_guard(int fd, const struct termios *before, int pipe)
{
	char nothing;

	setsid();
	if (dup2(fd, 0) < 0 || dup2(pipe, 1) < 0)
		_exit(1);
	syscall(SYS_close_range, 2, ~0U, 0);
	while (read(1, &nothing, 1) < 0 && errno == EINTR)
		;
	tcsetattr(0, TCSANOW, before);
	_exit(0);
}

int terminal_make_raw(int fd, struct raw_terminal *raw, struct error *err)
{
	AUTO_CLOSE int ours = -1, theirs = -1;
	struct termios before, now;
	int ends[2];

	if (tcgetattr(fd, &before) < 0)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(err, "make a pipe");
	theirs = ends[0];
	ours = ends[1];
	raw->guard = fork();
	if (raw->guard == 0) {
		cleanup_fd(&ours);
		keep_guard(fd, &before, theirs);
	}
	if (raw->guard < 0) {
		raw->guard = 0;
		return error_sys(err, "fork a guard of the terminal");
	}
	raw->pipe = take_fd(&ours);
	now = before;
	cfmakeraw(&now);
	trace("stty raw -echo");
	if (tcsetattr(fd, TCSANOW, &now) < 0)
		return error_sys(err, "make the terminal raw");
	return 0;
}

void terminal_restore(struct raw_terminal *raw)
{
	if (raw->guard > 0) {
		close(raw->pipe);
		while (waitpid(raw->guard, NULL, 0) < 0 && errno == EINTR)
			;
	}
	*raw = (struct raw_terminal){0};
}
