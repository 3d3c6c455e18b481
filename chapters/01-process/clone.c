/* The clone itself; see clone.h. */
#include "clone.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "trace.h"

/* Adds "--pid --mount …", as unshare(1) calls the namespaces. */
static void add_namespace_names(uint64_t flags, struct text *names)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} known[] = {
		{CLONE_NEWUSER, "user"}, {CLONE_NEWPID, "pid"},	      {CLONE_NEWNS, "mount"},
		{CLONE_NEWUTS, "uts"},	 {CLONE_NEWIPC, "ipc"},	      {CLONE_NEWNET, "net"},
		{CLONE_NEWTIME, "time"}, {CLONE_NEWCGROUP, "cgroup"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (flags & known[i].flag)
			text_add_format(names, " --%s", known[i].name);
}

static void trace_clone(uint64_t flags)
{
	AUTO_TEXT struct text names = {0};

	add_namespace_names(flags, &names);
	if (names.length)
		trace("unshare --fork%s", text_string(&names));
	else
		trace("# clone3: a new process");
}

/* Returns the pid in the parent, 0 in the child. glibc has no wrapper for clone3(2). */
static pid_t clone_child(const struct process_config *config, int *pidfd, struct error *err)
{
	struct clone_args args = {
		.flags = config->clone_flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	if (config->cgroup_fd > 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)config->cgroup_fd;
	}
	trace_clone(config->clone_flags);
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0) {
		error_sys(err, "clone a process");
		error_hint(err, EPERM, "new namespaces need root");
		error_hint(err, EAGAIN, "the limit of processes is reached");
		error_hint(err, ENOSPC, "the limit of namespaces is reached");
		error_hint(err, ENOSYS, "it takes Linux 5.5, and no filter that forbids clone3");
	}
	return pid;
}

/* A process can't leave its pid namespace, nor its clocks: these say where its children are born. */
static int children_in(const char *file, int kind, struct error *err)
{
	AUTO_CLOSE int fd = -1;

	trace("nsenter --%s=%q", kind == CLONE_NEWPID ? "pid" : "time", file);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, kind) < 0) {
		error_sys(err, "join the namespace '%s'", file);
		return error_hint(err, EINVAL, "it is of another kind, or not below ours");
	}
	return 0;
}

static int shift_clocks(int64_t seconds, struct error *err)
{
	AUTO_FREE char *offsets =
		memory_format("boottime %" PRId64 " 0\nmonotonic %" PRId64 " 0", seconds, seconds);

	trace("unshare --time && echo %q > /proc/self/timens_offsets", offsets);
	if (unshare(CLONE_NEWTIME) < 0) {
		error_sys(err, "make a time namespace");
		return error_hint(err, EINVAL, "is the kernel built with CONFIG_TIME_NS?");
	}
	return file_write_value(AT_FDCWD, "/proc/self/timens_offsets", offsets, err);
}

static int prepare_birth(const struct process_config *config, struct error *err)
{
	if (config->boottime_s && shift_clocks(config->boottime_s, err) < 0)
		return -1;
	return config->pid_namespace ? children_in(config->pid_namespace, CLONE_NEWPID, err) : 0;
}

/* What is started next is born where we are. */
static int forget_birth(const struct process_config *config, struct error *err)
{
	if (config->boottime_s && children_in("/proc/self/ns/time", CLONE_NEWTIME, err) < 0)
		return -1;
	return config->pid_namespace ? children_in("/proc/self/ns/pid", CLONE_NEWPID, err) : 0;
}

int clone_process(const struct process_config *config, pid_t *pid, int *pidfd, struct error *err)
{
	struct error late;
	pid_t child = prepare_birth(config, err);

	if (child == 0)
		child = clone_child(config, pidfd, err);
	*pid = child > 0 ? child : 0;
	if (child != 0 && forget_birth(config, child < 0 ? &late : err) < 0)
		return -1;
	return child < 0 ? -1 : 0;
}
