/*
 * Running coracle-image; see image_helper.h. It answers once, with a struct helper_answer, over a
 * socket that is its standard input; its output is the caller's progress, its standard error takes
 * the trace.
 */
#include "image_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "path.h"
#include "text.h"
#include "trace.h"

#define HELPER "libexec/coracle/coracle-image"

static void build_argv(const struct image_request *request, const char *file, const char *command,
		       struct strings *argv)
{
	AUTO_FREE char *root = memory_format("--root=%s", request->root ? request->root : "");
	AUTO_FREE char *platform =
		memory_format("--platform=%s", request->platform ? request->platform : "");
	AUTO_FREE char *since =
		memory_format("--explain-since=%llu", (unsigned long long)trace_begin_us());

	strings_add(argv, file);
	strings_add(argv, command);
	strings_add(argv, root);
	strings_add(argv, "--channel=0");
	if (request->platform)
		strings_add(argv, platform);
	if (request->downloads) {
		strings_add(argv, "--downloads");
		strings_add(argv, request->downloads);
	}
	if (request->user) {
		strings_add(argv, "--user");
		strings_add(argv, request->user);
	}
	if (request->quiet)
		strings_add(argv, "--quiet");
	if (trace_is_on())
		strings_add(argv, since);
	strings_add(argv, "--");
	strings_add(argv, request->name);
}

/* Between fork and exec. */
static void become_helper(const struct image_request *request, int channel, char *const *argv)
{
	/* A pull that nobody waits for any more is ended; what it has verified so far stays. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(channel, STDIN_FILENO) < 0)
		_exit(STDIN_FILENO + 1);
	if (!request->quiet && dup2(request->output_fd, STDOUT_FILENO) < 0)
		_exit(STDOUT_FILENO + 1);
	execv(argv[0], argv);
	_exit(127);
}

static int explain_end(int status, const char *file, struct error *err)
{
	if (WIFSIGNALED(status))
		return error_set(err, ECHILD, "'%s' was killed by signal %d", file,
				 WTERMSIG(status));
	return error_set(err, ECHILD, "'%s' ended with status %d and said nothing", file,
			 WEXITSTATUS(status));
}

/* Receives the answer, which is the end of the work; the exit status only counts without one. */
static int await_answer(pid_t pid, int channel, const char *file, struct error *err)
{
	struct error answer = {0};
	ssize_t count;
	int status = 0;

	do
		count = recv(channel, &answer, sizeof(answer), 0);
	while (count < 0 && errno == EINTR);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (count != sizeof(answer))
		return explain_end(status, file, err);
	if (answer.code == 0)
		return 0;
	*err = answer;
	return -1;
}

static int run(const struct image_request *request, const char *file, const struct strings *argv,
	       struct error *err)
{
	AUTO_CLOSE int ours = -1, theirs = -1;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_sys(err, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	trace("%A", argv->items);
	pid = fork();
	if (pid < 0)
		return error_sys(err, "fork for '%s'", file);
	if (pid == 0)
		become_helper(request, theirs, argv->items);
	cleanup_fd(&theirs);
	/* If it has gone, it has said why. */
	if (request->secret)
		send(ours, request->secret, strlen(request->secret), MSG_NOSIGNAL);
	return await_answer(pid, ours, file, err);
}

int image_helper_pull(const struct image_request *request, struct error *err)
{
	AUTO_STRINGS struct strings argv = {0};
	AUTO_FREE char *file = NULL;

	if (path_of_own(HELPER, &file, err) < 0)
		return -1;
	build_argv(request, file, "pull", &argv);
	return run(request, file, &argv, err);
}

static int log_in_or_out(const struct image_request *request, const char *command,
			 struct error *err)
{
	AUTO_STRINGS struct strings argv = {0};
	AUTO_FREE char *file = NULL;

	if (path_of_own(HELPER, &file, err) < 0)
		return -1;
	build_argv(request, file, command, &argv);
	return run(request, file, &argv, err);
}

int image_helper_login(const struct image_login *login, struct error *err)
{
	struct image_request request = {.name = login->server,
					.quiet = true,
					.user = login->user,
					.secret = login->password};

	return log_in_or_out(&request, "login", err);
}

int image_helper_logout(const char *server, struct error *err)
{
	struct image_request request = {.name = server, .quiet = true};

	return log_in_or_out(&request, "logout", err);
}

int image_helper_remove(const struct image_request *request, const struct strings *in_use,
			struct error *err)
{
	AUTO_STRINGS struct strings argv = {0};
	AUTO_FREE char *file = NULL;

	if (path_of_own(HELPER, &file, err) < 0)
		return -1;
	build_argv(request, file, "remove", &argv);
	strings_add_all(&argv, in_use);
	return run(request, file, &argv, err);
}

/* A copy that exec leaves open, and that is not one of the standard streams, which the helper has
 * other uses for. */
static int pass_input(int input_fd, struct strings *argv, struct error *err)
{
	AUTO_FREE char *option = NULL;
	int fd;

	fd = fcntl(input_fd, F_DUPFD, STDERR_FILENO + 1);
	if (fd < 0)
		return error_sys(err, "duplicate the archive's descriptor");
	option = memory_format("--input=%d", fd);
	strings_add(argv, option);
	return fd;
}

int image_helper_archive(const struct image_request *request, const struct image_archive *archive,
			 struct error *err)
{
	AUTO_STRINGS struct strings argv = {0}, common = {0};
	AUTO_FREE char *file = NULL;
	AUTO_CLOSE int input = -1;

	if (path_of_own(HELPER, &file, err) < 0)
		return -1;
	build_argv(request, file, archive->command, &common);
	strings_add(&argv, common.items[0]);
	strings_add(&argv, common.items[1]);
	if (archive->input_fd >= 0) {
		input = pass_input(archive->input_fd, &argv, err);
		if (input < 0)
			return -1;
	}
	if (archive->options)
		strings_add_all(&argv, archive->options);
	strings_add_argv(&argv, common.items + 2);
	if (archive->operands)
		strings_add_all(&argv, archive->operands);
	return run(request, file, &argv, err);
}
