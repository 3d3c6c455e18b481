/* Locked-up processes; see worker.h. */
#include "worker.h"

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
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "mounts.h"
#include "privileges.h"
#include "trace.h"
#include "user.h"

#define NOBODY 65534
#define BIT(number) (UINT64_C(1) << (number))

/* What making files of any owner, mode, type and capability needs; nothing else. */
#define FILE_CAPABILITIES                                                                          \
	(BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) |              \
	 BIT(CAP_MKNOD) | BIT(CAP_SETFCAP))

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

/* Closes all descriptors but these: any directory among them would be a way out of the new root, and
 * an end of a pipe that stays open keeps its reader waiting. close_range(2) */
static int close_others(const struct worker_config *config, int channel, struct error *err)
{
	int kept[WORKER_FDS_MAX + 3] = {STDERR_FILENO, trace_fd(), channel};
	unsigned int from = 0;

	memcpy(kept + 3, config->fds, sizeof(config->fds));
	qsort(kept, ARRAY_LENGTH(kept), sizeof(*kept), compare_fds);
	for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
		if (kept[i] < 0)
			continue;
		if ((unsigned int)kept[i] > from &&
		    syscall(SYS_close_range, from, kept[i] - 1, 0) < 0)
			return error_sys(err, "close inherited descriptors");
		from = (unsigned int)kept[i] + 1;
	}
	if (syscall(SYS_close_range, from, ~0U, 0) < 0)
		return error_sys(err, "close inherited descriptors");
	return 0;
}

/* Changes to a view of the directory in which a device is only a file: who has CAP_MKNOD could make the
 * node of a disk, and read it. The view is mounted nowhere, and lasts as long as the process is in it.
 * open_tree(2) */
static int enter_view(const char *dir, struct error *err)
{
	struct mount_attr attributes = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	};
	AUTO_CLOSE int fd = -1, view = -1;

	trace("mount --bind -o nosuid,nodev,noexec %q %q", dir, dir);
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "open '%s'", dir);
	view = mount_clone(fd, false, err);
	if (view < 0)
		return -1;
	if (mount_setattr(view, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
		return error_sys(err, "forbid devices below '%s'", dir);
	trace("cd %q", dir);
	if (fchdir(view) < 0)
		return error_sys(err, "change to '%s'", dir);
	return 0;
}

/* Without CAP_SYS_CHROOT, and without a descriptor of a directory outside, there is no way back
 * from this root: chroot(2) lists the ways. /proc/self/fdinfo is a directory that is always there,
 * holds a few numbers about our own descriptors, and nothing can be made in it. */
static int enter_root(const char *dir, struct error *err)
{
	const char *nothing = "/proc/self/fdinfo";

	if (dir && enter_view(dir, err) < 0)
		return -1;
	if (!dir) {
		trace("cd %q", nothing);
		if (chdir(nothing) < 0)
			return error_sys(err, "change to '%s'", nothing);
	}
	trace("chroot .");
	if (chroot(".") < 0)
		return error_sys(err, "make '%s' the root directory", dir ? dir : nothing);
	return 0;
}

static int lock_up(const struct worker_config *config, int channel, struct error *err)
{
	const struct privileges privileges = {
		.limited = true,
		.capabilities = config->root_dir ? FILE_CAPABILITIES : 0,
		.seccomp = true,
		.no_new_privileges = true,
	};
	const struct user root = {0}, nobody = {.uid = NOBODY, .gid = NOBODY};

	if (close_others(config, channel, err) < 0 || enter_root(config->root_dir, err) < 0 ||
	    privileges_drop(&privileges, config->root_dir ? &root : &nobody, err) < 0)
		return -1;
	/* A change of uid clears it, so it comes after. prctl(2) */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_sys(err, "ask for SIGKILL when the parent ends");
	return privileges_lock(&privileges, err);
}

static _Noreturn void run_child(const struct worker_config *config, int channel)
{
	struct answer answer = {0};

	if (lock_up(config, channel, &answer.err) < 0) {
		answer.failed = true;
		error_wrap(&answer.err, "lock up %s", config->name);
	} else {
		answer.failed = config->work(config->context, &answer.result, &answer.err) < 0;
	}
	/* If this fails, the parent sees the end of the channel without an answer. */
	send(channel, &answer, sizeof(answer), MSG_NOSIGNAL);
	_exit(0);
}

/* --- the parent --------------------------------------------------------------------------- */

/* Its own network: none. Its own processes: none that it could signal, although it may be root's;
 * and with its first process all others of them end. */
static pid_t clone_child(const struct worker_config *config, struct error *err)
{
	struct clone_args args = {
		.flags = config->parses ? CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC : 0,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	trace("%s# %s", config->parses ? "unshare --fork --net --pid --ipc " : "", config->name);
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0) {
		error_sys(err, "clone %s", config->name);
		error_hint(err, EPERM, "unpacking a layer needs root");
	}
	return pid;
}

static int wait_for(pid_t pid, int *status, struct error *err)
{
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return error_sys(err, "wait for a worker");
	return 0;
}

static int explain_silence(const char *name, int status, struct error *err)
{
	if (WIFSIGNALED(status))
		return error_set(err, ECHILD, "%s was killed by signal %d%s", name,
				 WTERMSIG(status),
				 WTERMSIG(status) == SIGKILL ? " (is memory short?)" : "");
	return error_set(err, ECHILD, "%s ended without an answer", name);
}

/* Returns 1 for an answer, 0 for the end without one. */
static int receive_answer(int channel, struct answer *answer, struct error *err)
{
	struct error said;
	ssize_t count;

	do
		count = recv(channel, answer, sizeof(*answer), 0);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return error_sys(err, "receive a worker's answer");
	if (count != sizeof(*answer))
		return 0;
	/* Its strings need not have an end, nor be fit for a terminal. */
	answer->result.digest[sizeof(answer->result.digest) - 1] = '\0';
	answer->result.diff_id[sizeof(answer->result.diff_id) - 1] = '\0';
	answer->err.text[sizeof(answer->err.text) - 1] = '\0';
	error_set(&said, answer->err.code, "%s", answer->err.text);
	answer->err = said;
	return 1;
}

int worker_start(struct worker *worker, const struct worker_config *config, struct error *err)
{
	AUTO_CLOSE int ours = -1, theirs = -1;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_sys(err, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	pid = clone_child(config, err);
	if (pid < 0)
		return -1;
	if (pid == 0)
		run_child(config, theirs);
	*worker = (struct worker){pid, take_fd(&ours)};
	return 0;
}

int worker_finish(struct worker *worker, const char *name, struct layer_result *result,
		  struct error *err)
{
	struct answer answer;
	int answered = receive_answer(worker->channel, &answer, err);
	int status;

	if (answered == 0 && wait_for(worker->pid, &status, err) == 0) {
		worker->pid = 0;
		explain_silence(name, status, err);
	}
	worker_release(worker);
	if (answered <= 0)
		return -1;
	if (answer.failed)
		*err = answer.err;
	else
		*result = answer.result;
	return answer.failed ? -1 : 0;
}

void worker_release(struct worker *worker)
{
	struct error ignored;
	int status;

	if (worker->pid > 0) {
		kill(worker->pid, SIGKILL);
		wait_for(worker->pid, &status, &ignored);
	}
	if (worker->channel > 0)
		close(worker->channel);
	*worker = (struct worker){0};
}
