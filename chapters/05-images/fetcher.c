/* The outside of the fetcher process; see fetcher.h. */
#include "fetcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "privileges.h"
#include "registry.h"
#include "trace.h"

#define NOBODY 65534

/* Closes what was inherited and is not for a process that strangers may take over: the lock of the
 * store, and whatever our own caller left open. */
static int close_others(int channel, struct error *err)
{
	unsigned int first = (unsigned int)channel, second = (unsigned int)trace_fd();

	if (!trace_is_on())
		second = first;
	if (first > second) {
		first = second;
		second = (unsigned int)channel;
	}
	if ((first > 3 && syscall(SYS_close_range, 3, first - 1, 0) < 0) ||
	    (second > first + 1 && syscall(SYS_close_range, first + 1, second - 1, 0) < 0) ||
	    syscall(SYS_close_range, second + 1, ~0U, 0) < 0)
		return error_sys(err, "close inherited descriptors");
	return 0;
}

/* Standard input is the helper's own channel, on which an answer counts as the truth. */
static int close_standard_streams(struct error *err)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			return error_sys(err, "put '/dev/null' in place of descriptor %d", fd);
	return 0;
}

static int become_nobody(struct error *err)
{
	const struct privileges none = {.limited = true,
					.seccomp = true,
					.no_new_privileges = true};
	const struct user nobody = {.uid = NOBODY, .gid = NOBODY};

	/* An ordinary user has nothing that could be dropped but this. */
	if (geteuid() == 0 && privileges_drop(&none, &nobody, err) < 0)
		return -1;
	/* A change of uid clears it, so it comes after. prctl(2) */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_sys(err, "ask for SIGKILL when the parent ends");
	return privileges_lock(&none, err);
}

static void run(int channel, const struct registry_access *access)
{
	struct fetch_answer answer = {.failed = true};

	if (close_standard_streams(&answer.err) < 0 || close_others(channel, &answer.err) < 0 ||
	    become_nobody(&answer.err) < 0) {
		error_wrap(&answer.err, "start the fetcher");
		send(channel, &answer, sizeof(answer), MSG_NOSIGNAL);
		_exit(1);
	}
	fetch_loop_run(channel, access);
	_exit(0);
}

static int explain_death(struct fetcher *fetcher, struct error *err)
{
	int status = 0;

	if (fetcher->pid > 0 && waitpid(fetcher->pid, &status, 0) == fetcher->pid)
		fetcher->pid = 0;
	if (WIFSIGNALED(status))
		return error_set(err, ECHILD, "the fetcher was killed by signal %d",
				 WTERMSIG(status));
	return error_set(err, ECHILD, "the fetcher ended with status %d", WEXITSTATUS(status));
}

/* What the fetcher says is not to be trusted, be it only that its strings have an end. */
static void distrust(struct fetch_answer *answer)
{
	struct error said;

	answer->media_type[sizeof(answer->media_type) - 1] = '\0';
	answer->identity_token[sizeof(answer->identity_token) - 1] = '\0';
	answer->digest[sizeof(answer->digest) - 1] = '\0';
	answer->err.text[sizeof(answer->err.text) - 1] = '\0';
	error_set(&said, answer->err.code, "%s", answer->err.text);
	answer->err = said;
}

static int make_memory(struct error *err)
{
	int fd = memfd_create("document", MFD_CLOEXEC);

	return fd < 0 ? error_sys(err, "make a file in memory") : fd;
}

/* Sends one request and waits for its answer. */
static int ask(struct fetcher *fetcher, const struct fetch_request *request, int fd,
	       struct fetch_answer *answer, struct error *err)
{
	if (fetcher_request(fetcher, request, fd, err) < 0)
		return -1;
	do
		if (fetcher_wait(fetcher, answer, err) < 0)
			return -1;
	while (answer->retry_ms);
	if (!answer->failed)
		return 0;
	*err = answer->err;
	return -1;
}

struct fetch_request fetch_request_for(const char *kind, const char *name, uint64_t most_bytes)
{
	struct fetch_request request = {.most_bytes = most_bytes};

	snprintf(request.rest, sizeof(request.rest), "%s/%s", kind, name);
	return request;
}

int fetcher_start(struct fetcher *fetcher, const struct registry_access *access, struct error *err)
{
	AUTO_CLOSE int ours = -1, theirs = -1;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_sys(err, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	trace("# fork: the fetcher, which alone talks to the registry");
	fetcher->pid = fork();
	if (fetcher->pid < 0) {
		fetcher->pid = 0;
		return error_sys(err, "fork the fetcher");
	}
	if (fetcher->pid == 0) {
		cleanup_fd(&ours);
		run(theirs, access);
	}
	fetcher->channel = take_fd(&ours);
	return 0;
}

int fetcher_request(struct fetcher *fetcher, const struct fetch_request *request, int fd,
		    struct error *err)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)request, .iov_len = sizeof(*request)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.room,
				 .msg_controllen = sizeof(control.room)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	*header = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
				   .cmsg_type = SCM_RIGHTS,
				   .cmsg_len = CMSG_LEN(sizeof(fd))};
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (sendmsg(fetcher->channel, &message, MSG_NOSIGNAL) < 0)
		return errno == EPIPE ? explain_death(fetcher, err)
				      : error_sys(err, "send a request to the fetcher");
	return 0;
}

int fetcher_wait(struct fetcher *fetcher, struct fetch_answer *answer, struct error *err)
{
	struct fetch_answer received;
	ssize_t count;

	do
		count = recv(fetcher->channel, &received, sizeof(received), 0);
	while (count < 0 && errno == EINTR);
	if (count != sizeof(received))
		return explain_death(fetcher, err);
	distrust(&received);
	*answer = received;
	return 0;
}

int fetcher_get(struct fetcher *fetcher, const struct fetch_request *request, struct text *document,
		struct fetch_answer *answer, struct error *err)
{
	AUTO_CLOSE int fd = make_memory(err);

	if (fd < 0 || ask(fetcher, request, fd, answer, err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_sys(err, "rewind what was fetched");
	/* A copy: the fetcher may still hold the file, and could change it after it was verified. */
	return file_read_fd(fd, request->rest, request->most_bytes, document, err);
}

int fetcher_head(struct fetcher *fetcher, struct fetch_request request, struct fetch_answer *answer,
		 struct error *err)
{
	AUTO_CLOSE int fd = make_memory(err);

	request.head = true;
	return fd < 0 ? -1 : ask(fetcher, &request, fd, answer, err);
}

void fetcher_release(struct fetcher *fetcher)
{
	if (fetcher->pid > 0) {
		kill(fetcher->pid, SIGKILL);
		waitpid(fetcher->pid, NULL, 0);
	}
	if (fetcher->channel > 0)
		close(fetcher->channel);
	*fetcher = (struct fetcher){0};
}
