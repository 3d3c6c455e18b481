/* The process that unpacks a layer, and how it is locked up; see unpacker.h. */
#include "unpacker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "privileges.h"
#include "trace.h"
#include "user.h"

#define BIT(number) (UINT64_C(1) << (number))
#define PIPE_BYTES (1 << 20)

/* What making files of any owner, mode, type and capability needs; nothing else. */
static const struct privileges unpacker_privileges = {
	.limited = true,
	.capabilities = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) |
			BIT(CAP_MKNOD) | BIT(CAP_SETFCAP),
	.seccomp = true,
	.no_new_privileges = true,
};

/* All that the child has of the world. */
struct workplace {
	const char *staging_dir;
	int input_fd, blob_fd, channel;
};

struct answer {
	bool failed;
	struct layer_result result;
	struct error err;
};

/* --- the child ---------------------------------------------------------------------------- */

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes all descriptors but standard error and these: any directory among them would be a way out
 * of the new root. close_range(2) */
static int close_others(const int *kept, size_t count, struct error *err)
{
	int sorted[8] = {0};
	unsigned int from = 0;

	memcpy(sorted, kept, count * sizeof(*kept));
	qsort(sorted, count, sizeof(*sorted), compare_fds);
	for (size_t i = 0; i < count; i++) {
		if (sorted[i] < 0)
			continue;
		if ((unsigned int)sorted[i] > from &&
		    syscall(SYS_close_range, from, sorted[i] - 1, 0) < 0)
			return error_sys(err, "close inherited descriptors");
		from = (unsigned int)sorted[i] + 1;
	}
	if (syscall(SYS_close_range, from, ~0U, 0) < 0)
		return error_sys(err, "close inherited descriptors");
	return 0;
}

/* Without CAP_SYS_CHROOT, and without a descriptor of a directory outside, there is no way back
 * from this root: chroot(2) lists the ways. */
static int enter_root(const char *staging_dir, struct error *err)
{
	trace("cd %q && chroot .", staging_dir);
	if (chdir(staging_dir) < 0)
		return error_sys(err, "change to '%s'", staging_dir);
	if (chroot(".") < 0)
		return error_sys(err, "make '%s' the root directory", staging_dir);
	return 0;
}

static int lock_up(const char *staging_dir, const int *kept, size_t count, struct error *err)
{
	struct user root = {0};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_sys(err, "ask for SIGKILL when the parent ends");
	if (close_others(kept, count, err) < 0 || enter_root(staging_dir, err) < 0)
		return -1;
	if (privileges_drop(&unpacker_privileges, &root, err) < 0)
		return -1;
	return privileges_lock(&unpacker_privileges, err);
}

static int unpack(const struct workplace *place, struct layer_result *result, struct error *err)
{
	const int kept[] = {2, trace_fd(), place->input_fd, place->blob_fd, place->channel};
	AUTO_CLOSE int directory = -1;

	if (lock_up(place->staging_dir, kept, ARRAY_LENGTH(kept), err) < 0)
		return error_wrap(err, "lock up the unpacker");
	directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_sys(err, "open the layer's directory");
	return layer_unpack(place->input_fd, place->blob_fd, directory, result, err);
}

static _Noreturn void run_child(const struct workplace *place)
{
	struct answer answer = {0};

	answer.failed = unpack(place, &answer.result, &answer.err) < 0;
	/* If this fails, the parent sees the end of the channel without an answer. */
	send(place->channel, &answer, sizeof(answer), MSG_NOSIGNAL);
	_exit(0);
}

/* --- the parent --------------------------------------------------------------------------- */

/* Its own network: none. Its own processes: none that it could signal, although it is root's. */
static pid_t clone_child(struct error *err)
{
	struct clone_args args = {
		.flags = CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	trace("unshare --fork --net --pid --ipc");
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0) {
		error_sys(err, "clone the unpacker");
		error_hint(err, EPERM, "unpacking a layer needs root");
	}
	return pid;
}

static int wait_for(pid_t pid, int *status, struct error *err)
{
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return error_sys(err, "wait for the unpacker");
	return 0;
}

static int explain_silence(int status, struct error *err)
{
	if (WIFSIGNALED(status))
		return error_set(err, ECHILD, "the unpacker was killed by signal %d%s",
				 WTERMSIG(status),
				 WTERMSIG(status) == SIGKILL ? " (is memory short?)" : "");
	return error_set(err, ECHILD, "the unpacker ended without an answer");
}

/* Returns 1 for an answer, 0 for the end without one. What it says is not believed too much: it may
 * have been taken over by what it read. */
static int receive_answer(int channel, struct answer *answer, struct error *err)
{
	ssize_t count;

	do
		count = recv(channel, answer, sizeof(*answer), 0);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return error_sys(err, "receive the unpacker's answer");
	if (count != sizeof(*answer))
		return 0;
	answer->result.digest[sizeof(answer->result.digest) - 1] = '\0';
	answer->result.diff_id[sizeof(answer->result.diff_id) - 1] = '\0';
	answer->err.text[sizeof(answer->err.text) - 1] = '\0';
	return 1;
}

int unpacker_start(struct unpacker *unpacker, int blob_fd, const char *staging_dir,
		   struct error *err)
{
	AUTO_CLOSE int input = -1, output = -1, ours = -1, theirs = -1;
	int pair[2];
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_sys(err, "make a pipe");
	output = pair[0];
	input = pair[1];
	/* Fewer switches between the two; a user's total of pipes may be reached, and that is fine. */
	fcntl(input, F_SETPIPE_SZ, PIPE_BYTES);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_sys(err, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	pid = clone_child(err);
	if (pid < 0)
		return -1;
	if (pid == 0)
		run_child(&(struct workplace){staging_dir, output, blob_fd, theirs});
	*unpacker = (struct unpacker){pid, take_fd(&input), take_fd(&ours)};
	return 0;
}

int unpacker_finish(struct unpacker *unpacker, struct layer_result *result, struct error *err)
{
	struct answer answer;
	int answered, status;

	if (unpacker->input_fd > 0)
		close(unpacker->input_fd);
	unpacker->input_fd = 0;
	answered = receive_answer(unpacker->channel, &answer, err);
	if (answered == 0 && wait_for(unpacker->pid, &status, err) == 0) {
		unpacker->pid = 0;
		explain_silence(status, err);
	}
	unpacker_release(unpacker);
	if (answered <= 0)
		return -1;
	if (answer.failed)
		*err = answer.err;
	else
		*result = answer.result;
	return answer.failed ? -1 : 0;
}

void unpacker_release(struct unpacker *unpacker)
{
	struct error ignored;
	int status;

	if (unpacker->pid > 0) {
		kill(unpacker->pid, SIGKILL);
		wait_for(unpacker->pid, &status, &ignored);
	}
	if (unpacker->input_fd > 0)
		close(unpacker->input_fd);
	if (unpacker->channel > 0)
		close(unpacker->channel);
	*unpacker = (struct unpacker){0};
}
