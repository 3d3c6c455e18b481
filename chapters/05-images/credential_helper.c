/* Running docker-credential-NAME; see credential_helper.h. */
#include "credential_helper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "trace.h"

#define OUTPUT_BYTES_MAX (64 << 10)

static void become(const char *program, const char *verb, int channel)
{
	char *const argv[] = {memory_string(program), memory_string(verb), NULL};

	/* Its reader may go first, and its caller ignores what it does not need to. */
	signal(SIGPIPE, SIG_DFL);
	if (dup2(channel, STDIN_FILENO) >= 0 && dup2(channel, STDOUT_FILENO) >= 0)
		execvp(program, argv);
	_exit(127);
}

/* One socket is both its input and its output: closed for writing on our side, it is the end. */
static int talk(int channel, const char *input, struct text *output, struct error *err)
{
	if (file_write_all(channel, input, strlen(input), "credential helper", err) < 0)
		return -1;
	if (shutdown(channel, SHUT_WR) < 0)
		return error_sys(err, "end the input of a credential helper");
	return file_read_fd(channel, "credential helper", OUTPUT_BYTES_MAX, output, err);
}

static int conclude(pid_t pid, const char *program, const struct text *output, struct error *err)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ENOENT, "run '%s': there is no such program in $PATH",
				 program);
	return error_set(err, EIO, "'%s' failed: %.*s", program,
			 (int)strcspn(text_string(output), "\r\n"), text_string(output));
}

int credential_helper_run(const char *name, const char *verb, const char *input,
			  struct text *output, struct error *err)
{
	AUTO_FREE char *program = memory_format("docker-credential-%s", name);
	AUTO_CLOSE int ours = -1, theirs = -1;
	struct error ignored;
	int pair[2];
	pid_t pid;

	if (strchr(name, '/'))
		return error_set(err, EINVAL, "the credential helper '%s' is not a name", name);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_sys(err, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	trace("%s %s", program, verb);
	pid = fork();
	if (pid < 0)
		return error_sys(err, "fork for '%s'", program);
	if (pid == 0)
		become(program, verb, theirs);
	cleanup_fd(&theirs);
	/* How it ended says more than a write that failed. */
	talk(ours, input, output, &ignored);
	cleanup_fd(&ours);
	return conclude(pid, program, output, err);
}
