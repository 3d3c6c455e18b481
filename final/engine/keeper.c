/* The other ends of a command's streams; see keeper.h. */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

#define KEPT_MAX 2

/* The streams become 0 and 1, the pipe 2, and nothing else of ours stays open: who waits for the end of
 * our own output is not to wait for this process. */
static void take_streams(const int *fds, size_t count, int alive)
{
	int kept[KEPT_MAX + 1] = {fds[0], fds[count - 1], alive};

	/* Out of the way first. */
	for (int i = 0; i <= KEPT_MAX; i++)
		kept[i] = fcntl(kept[i], F_DUPFD, KEPT_MAX + 1);
	for (int i = 0; i <= KEPT_MAX; i++)
		dup2(kept[i], i);
	syscall(SYS_close_range, KEPT_MAX + 1, ~0U, 0);
}

/* Reads until the end of both; EIO is that of a terminal. */
static void drain(void)
{
	struct pollfd streams[KEPT_MAX] = {{0, POLLIN, 0}, {1, POLLIN, 0}};
	char bytes[4096];

	while (streams[0].fd >= 0 || streams[1].fd >= 0) {
		if (poll(streams, KEPT_MAX, -1) < 0)
			return;
		for (int i = 0; i < KEPT_MAX; i++) {
			ssize_t count = 1;

			if (streams[i].revents)
				count = read(streams[i].fd, bytes, sizeof(bytes));
			if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
				streams[i].fd = -1;
		}
	}
}

static _Noreturn void keep(const int *fds, size_t count, int alive)
{
	char byte;

	/* The end of our terminal is not its end. */
	setsid();
	take_streams(fds, count, alive);
	while (read(2, &byte, 1) < 0 && errno == EINTR)
		;
	drain();
	_exit(0);
}

int keeper_start(const int *fds, size_t count, struct error *err)
{
	AUTO_CLOSE int alive = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(err, "make a pipe for the keeper of the streams");
	alive = ends[0];
	pid = fork();
	if (pid < 0)
		return error_sys(err, "fork the keeper of the streams");
	if (pid == 0) {
		close(ends[1]);
		keep(fds, count, alive);
	}
	/* The other end stays open: it closes when we end. */
	return 0;
}
