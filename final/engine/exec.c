/* A further command in a container; see exec.h. Read join first. */
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "environment.h"
#include "events.h"
#include "forwarding.h"
#include "keeper.h"
#include "launch.h"
#include "signals.h"
#include "streams.h"
#include "terminal.h"
#include "trace.h"

struct exec {
	const struct container *container;
	struct cgroup *cgroup;
	int pidfd; /* of the container's first process */
	bool ends_with_us;
};

/* Those that the container has of its own: joining one that we are in is an error for some kinds. */
static int namespaces_to_join(pid_t pid)
{
	static const struct {
		const char *name;
		int flag;
	} kinds[] = {
		{"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},	      {"uts", CLONE_NEWUTS},
		{"ipc", CLONE_NEWIPC},	 {"net", CLONE_NEWNET},	      {"pid", CLONE_NEWPID},
		{"time", CLONE_NEWTIME}, {"cgroup", CLONE_NEWCGROUP},
	};
	int flags = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		AUTO_FREE char *theirs = memory_format("/proc/%d/ns/%s", pid, kinds[i].name);
		AUTO_FREE char *ours = memory_format("/proc/self/ns/%s", kinds[i].name);
		struct stat a, b;

		if (stat(theirs, &a) == 0 && stat(ours, &b) == 0 && a.st_ino != b.st_ino)
			flags |= kinds[i].flag;
	}
	return flags;
}

/* Ends as the child does. It is what whoever started us holds: signals for it are passed on. */
static void stand_for(pid_t child)
{
	sigset_t all;

	sigfillset(&all);
	/* Its streams too: who is at their other end is to see when the child closes them. */
	syscall(SYS_close_range, 0, ~0U, 0);
	for (;;) {
		siginfo_t info = {0};
		int number = sigwaitinfo(&all, &info);

		if (number > 0 && number != SIGCHLD && forwarding_includes(number))
			kill(child, number);
		info.si_pid = 0;
		if (number == SIGCHLD &&
		    waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG) == 0 && info.si_pid > 0)
			_exit(process_exit_status(&info));
	}
}

/* A pid namespace holds only children of whoever joins it: the command is one. It returns; we stay,
 * outside, and end with it. */
static int continue_as_child(bool ends_with_us, struct error *err)
{
	pid_t child;

	if (ends_with_us && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_sys(err, "ask for SIGKILL when the parent ends");
	child = fork();

	if (child < 0)
		return error_sys(err, "fork into the container");
	if (child > 0)
		stand_for(child);
	/* Again, for a terminal goes to the leader of a session. */
	if (setsid() < 0)
		return error_sys(err, "start a session");
	return 0;
}

/* In one call, for the kernel does it in the order that works, or not at all: the user namespace
 * comes first, because it gives the capabilities that joining the others takes; the mount namespace
 * changes our root and our directory to the container's; the pid namespace is only that of children
 * to come. */
static int join(void *context, struct error *err)
{
	const struct exec *exec = context;
	pid_t pid = exec->container->state.pid;
	int flags = namespaces_to_join(pid);

	/* While the host's /sys/fs/cgroup can be reached. */
	if (cgroup_enter(exec->cgroup, err) < 0)
		return -1;
	/* From here on the container's processes could look into us: into descriptors, memory, and
	 * /proc/PID/exe, which is our program on the host (CVE-2016-9962, CVE-2019-5736). */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_sys(err, "close our own /proc entry");
	trace("nsenter --target %d --all", pid);
	if (flags && setns(exec->pidfd, flags) < 0)
		return error_sys(err, "join the namespaces of container %s", exec->container->id);
	/* Whoever we were is nobody in a user namespace. */
	if ((flags & CLONE_NEWUSER) && id_map_become_root(err) < 0)
		return -1;
	return continue_as_child(exec->ends_with_us, err);
}

/* The container's capabilities, or all; limits and profiles are the container's in either case. */
static struct privileges privileges_of(const struct container_config *own, bool privileged)
{
	struct privileges privileges = {.limited = true,
					.seccomp = true,
					.capabilities = own->capabilities};
	bool filtered;

	attributes_restrict(&own->attributes, &privileges);
	filtered = privileges.seccomp;
	attributes_restrict(&(struct attributes){.privileged = privileged}, &privileges);
	privileges.seccomp = filtered;
	return privileges;
}

static int start(struct exec *exec, const struct exec_config *config, const int stdio[3],
		 struct process *process, struct error *err)
{
	const struct container_config *own = &exec->container->config;
	AUTO_STRINGS struct strings env = {0};
	struct process_config command = {
		.argv = config->argv,
		.env = &env,
		.cwd = config->cwd ? config->cwd
		       : own->cwd  ? own->cwd
				   : "/",
		.user = config->user ? config->user : own->user,
		.stdio = {stdio[0], stdio[1], stdio[2]},
		.input = config->input,
		.terminal = config->terminal,
		.size = terminal_size(),
		.cwd_is_there = true,
		.cgroup_fd = cgroup_clone_fd(exec->cgroup),
		.die_with_parent = config->ends_with_us,
		.privileges = privileges_of(own, config->privileged),
		.attributes = &own->attributes,
		.hooks = {.in_child = join, .context = exec},
	};

	strings_add_all(&env, &own->env);
	for (size_t i = 0; i < config->env.count; i++)
		environment_set(&env, config->env.items[i]);
	return process_start(process, &command, err);
}

/* Pipes, and not our own streams: a container could open those anew, for writing. */
static int start_with_pipes(struct exec *exec, const struct exec_config *config,
			    struct process *process, struct error *err)
{
	struct streams streams = STREAMS_NONE;
	int child[3] = {-1, -1, -1};
	int result = streams_open_pipes(&streams, config->input, child, err);

	if (result == 0)
		result = sharing_give_streams(&exec->container->config.sharing, child, err);
	if (result == 0)
		result = start(exec, config, child, process, err);
	if (result == 0 && !config->ends_with_us)
		result = keeper_start(streams.output, 2, err);
	if (result == 0) {
		relay_add(&process->relay, streams.output[0], STDOUT_FILENO, false);
		relay_add(&process->relay, streams.output[1], STDERR_FILENO, false);
		if (config->input)
			relay_add(&process->relay, STDIN_FILENO, streams.input, true);
	}
	for (int fd = 0; fd < 3; fd++)
		cleanup_fd(&child[fd]);
	return result;
}

static int start_at_terminal(struct exec *exec, const struct exec_config *config,
			     struct process *process, struct error *err)
{
	if (start(exec, config, (int[]){0, 0, 0}, process, err) < 0)
		return -1;
	return config->ends_with_us ? 0 : keeper_start(&process->terminal, 1, err);
}

static int start_detached(struct exec *exec, const struct exec_config *config,
			  struct process *process, struct error *err)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return error_sys(err, "open '/dev/null'");
	return start(exec, config, (int[]){null, null, null}, process, err);
}

static void tell(const struct engine *engine, const struct exec *exec,
		 const struct exec_config *config)
{
	static const char *const actions[] = {"exec_create", "exec_start"};
	AUTO_FREE char *id = memory_format("execID=%s", config->id);
	const struct strings more = {&id, 1};
	AUTO_TEXT struct text text = {0};

	for (size_t i = 0; config->argv[i]; i++)
		text_add_format(&text, " %s", config->argv[i]);
	for (size_t i = 0; *config->id && i < ARRAY_LENGTH(actions); i++) {
		AUTO_FREE char *action = memory_format("%s:%s", actions[i], text_string(&text));

		events_add_container(engine, exec->container, action, &more);
	}
}

static int start_connected(struct exec *exec, const struct exec_config *config,
			   struct process *process, struct error *err)
{
	if (config->terminal)
		return start_at_terminal(exec, config, process, err);
	if (config->detached)
		return start_detached(exec, config, process, err);
	return start_with_pipes(exec, config, process, err);
}

int exec_start(const struct engine *engine, const struct container *container,
	       const struct exec_config *config, struct process *process, struct error *err)
{
	AUTO_CLOSE int pidfd = container_open_process(container, err);
	AUTO_FREE char *name = launch_cgroup_name(engine, container);
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	struct exec exec = {.container = container,
			    .pidfd = pidfd,
			    .ends_with_us = config->ends_with_us};

	if (pidfd < 0 || cgroup_open(name, &cgroup, err) < 0)
		return -1;
	exec.cgroup = cgroup;
	if (start_connected(&exec, config, process, err) < 0)
		return -1;
	tell(engine, &exec, config);
	return 0;
}

void exec_ended(const struct engine *engine, const struct container *container,
		const struct exec_config *config, int status)
{
	AUTO_FREE char *id = memory_format("execID=%s", config->id);
	AUTO_FREE char *code = memory_format("exitCode=%d", status);
	const struct strings more = {(char *[]){id, code}, 2};

	events_add_container(engine, container, "exec_die", &more);
}
