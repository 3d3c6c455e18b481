/* A container's standard streams; see streams.h. */
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cleanup.h"

static int open_pipe(int *ours, int *theirs, bool we_write, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(err, "make a pipe for the container's streams");
	*ours = ends[we_write];
	*theirs = ends[!we_write];
	/* Our end alone: the flag is the open file's, and an end is one. */
	if (fcntl(*ours, F_SETFL, O_NONBLOCK) < 0)
		return error_sys(err, "make a pipe non-blocking");
	return 0;
}

int streams_open_pipes(struct streams *streams, bool input, int child[3], struct error *err)
{
	if (open_pipe(&streams->output[0], &child[1], false, err) < 0 ||
	    open_pipe(&streams->output[1], &child[2], false, err) < 0)
		return -1;
	if (input)
		return open_pipe(&streams->input, &child[0], true, err);
	child[0] = open("/dev/null", O_RDWR | O_CLOEXEC); /* as Docker */
	return child[0] < 0 ? error_sys(err, "open '/dev/null' for the container") : 0;
}

int streams_open_terminal(struct streams *streams, bool input, int terminal, struct error *err)
{
	streams->terminal = terminal;
	streams->output[0] = fcntl(terminal, F_DUPFD_CLOEXEC, 3);
	if (streams->output[0] >= 0 && input)
		streams->input = fcntl(terminal, F_DUPFD_CLOEXEC, 3);
	if (streams->output[0] < 0 || (input && streams->input < 0))
		return error_sys(err, "duplicate the container's terminal");
	return 0;
}

size_t streams_read(struct streams *streams, int i, char *bytes, size_t most)
{
	ssize_t count = read(streams->output[i], bytes, most);

	if (count > 0)
		return (size_t)count;
	/* EIO: nobody has the terminal open any more. */
	if (count == 0 || (errno != EINTR && errno != EAGAIN))
		cleanup_fd(&streams->output[i]);
	return 0;
}

void streams_type(struct streams *streams, const char *bytes, size_t count)
{
	if (streams->input >= 0)
		text_add(&streams->typed, bytes, count);
}

bool streams_have_input(const struct streams *streams)
{
	return streams->passed < streams->typed.length;
}

void streams_pass_input(struct streams *streams)
{
	ssize_t count = write(streams->input, streams->typed.data + streams->passed,
			      streams->typed.length - streams->passed);

	if (count > 0)
		streams->passed += (size_t)count;
	else if (count < 0 && errno != EINTR && errno != EAGAIN)
		cleanup_fd(&streams->input);
	if (!streams_have_input(streams) || streams->input < 0)
		streams->typed.length = streams->passed = 0;
}

void streams_end_input(struct streams *streams)
{
	cleanup_fd(&streams->input);
	streams->typed.length = streams->passed = 0;
}
