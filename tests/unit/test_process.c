/* Chapter 01: start, hooks, failures, ends, users, environment. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attributes.h"
#include "channel.h"
#include "cleanup.h"
#include "command.h"
#include "environment.h"
#include "file.h"
#include "path.h"
#include "privileges.h"
#include "process.h"
#include "tap.h"
#include "user.h"

/* --- hooks and failures -------------------------------------------------------------------- */

/* What the hooks of a test do; in memory that parent and child share. */
struct plan {
	char order[100]; /* "parent child" */
	pid_t child;	 /* as in_parent saw it */
	pid_t parent;	 /* the process that runs the test */
	bool parent_fails, child_fails;
	int raise_in_parent, raise_in_child; /* a signal for the process itself */
	bool child_ends;
};

static int in_parent(void *context, pid_t pid, struct error *err)
{
	struct plan *plan = context;

	/* Time for a child that does not wait to show it. */
	usleep(20000);
	strcat(plan->order, "parent ");
	plan->child = pid;
	if (plan->raise_in_parent)
		kill(getpid(), plan->raise_in_parent);
	return plan->parent_fails ? error_set(err, ENOTUNIQ, "the parent's hook fails") : 0;
}

static int in_child(void *context, struct error *err)
{
	struct plan *plan = context;

	if (plan->raise_in_child)
		kill(getpid(), plan->raise_in_child);
	strcat(plan->order, getpid() == plan->parent ? "wrong " : "child ");
	if (plan->child_ends)
		_exit(3);
	return plan->child_fails ? error_set(err, ENOTUNIQ, "the child's hook fails on '%s'", "x")
				 : 0;
}

static struct plan *new_plan(void)
{
	struct plan *plan = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	plan->parent = getpid();
	return plan;
}

/* Starts `sh -c script` and waits for it; the exit status, or -1 with *err. */
static int run(struct plan *plan, const char *script, struct error *err)
{
	char *const argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};
	struct process_config config = {
		.argv = argv,
		.hooks = {.in_parent = in_parent, .in_child = in_child, .context = plan},
	};
	AUTO_PROCESS struct process process = {0};
	int status = -1;

	if (process_start(&process, &config, err) < 0 || process_wait(&process, &status, err) < 0)
		return -1;
	return status;
}

static bool no_child_is_left(void)
{
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

static void test_hooks(void)
{
	struct plan *plan = new_plan();
	struct error err;

	is_number(run(plan, "exit 7", &err), 7, "the command's status");
	is(plan->order, "parent child ", "in_parent has run before in_child begins");
	ok(plan->child > 0 && no_child_is_left(), "the process has a pid, and is reaped");
	munmap(plan, sizeof(*plan));
}

/* The channel of a child among its descriptors: the only SOCK_SEQPACKET. */
static int own_channel(void)
{
	for (int fd = 3; fd < 256; fd++) {
		socklen_t length = sizeof(int);
		int type;

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
		    type == SOCK_SEQPACKET)
			return fd;
	}
	return -1;
}

/* As a process of the container could, that has the stub in its hands. */
static int say_too_much(void *context, struct error *err)
{
	const struct message *second = context;
	struct message message = {.type = MESSAGE_EXEC};

	if (channel_send(own_channel(), &message, err) < 0 ||
	    channel_send(own_channel(), second, err) < 0)
		return -1;
	_exit(0);
}

static int start_talker(struct message *second, struct error *err)
{
	char *const argv[] = {(char *)"/bin/true", NULL};
	struct process_config config = {.argv = argv,
					.hooks = {.in_child = say_too_much, .context = second}};
	AUTO_PROCESS struct process process = {0};

	return process_start(&process, &config, err);
}

static void test_channel(void)
{
	struct message message = {.type = MESSAGE_NOT_EXECUTED, .err.code = 9999}, got;
	AUTO_CLOSE int ours = -1, theirs = -1;
	struct error err = {0};

	ok(channel_open(&ours, &theirs, &err) == 0, "a channel");
	memset(message.err.text, 'x', sizeof(message.err.text));
	message.err.text[1] = '\033';
	ok(channel_send(theirs, &message, &err) == 0 && channel_receive(ours, &got, &err) == 1 &&
		   got.err.code == 9999 && memchr(got.err.text, '\0', sizeof(got.err.text)) &&
		   !strchr(got.err.text, '\033'),
	   "a text without an end, and with an escape, is neither when it arrives");
	cleanup_fd(&ours);
	cleanup_fd(&theirs);
	ok(start_talker(&message, &err) < 0 && strstr(err.text, "unknown error"),
	   "an errno that nobody has heard of");
	message = (struct message){.type = MESSAGE_TERMINAL, .fd = STDERR_FILENO};
	ok(start_talker(&message, &err) < 0 && err.code == EPROTO,
	   "a terminal that comes after EXEC is none of ours");
}

static bool same_signals(const sigset_t *one, const sigset_t *other)
{
	for (int number = 1; number < NSIG; number++)
		if (sigismember(one, number) != sigismember(other, number))
			return false;
	return true;
}

static void check_failure(const struct plan *how, const char *want)
{
	struct plan *plan = new_plan();
	struct error err = {0};
	sigset_t before, after;

	*plan = *how;
	plan->parent = getpid();
	sigprocmask(SIG_SETMASK, NULL, &before);
	is_number(run(plan, "exit 7", &err), -1, want);
	is(err.text, want, want);
	is_number(process_failure_status(&err), 125, "status 125");
	ok(no_child_is_left(), "no child is left");
	sigprocmask(SIG_SETMASK, NULL, &after);
	ok(same_signals(&before, &after), "the signal mask is as before");
	munmap(plan, sizeof(*plan));
}

static void test_failures(void)
{
	check_failure(&(struct plan){.parent_fails = true}, "the parent's hook fails");
	check_failure(&(struct plan){.child_fails = true}, "the child's hook fails on 'x'");
	check_failure(&(struct plan){.child_ends = true},
		      "the child ended with status 3 during set-up");
	check_failure(&(struct plan){.raise_in_child = SIGKILL},
		      "the child was killed by signal 9 during set-up (a memory limit that is too "
		      "low does that)");
}

/* --- signals ------------------------------------------------------------------------------- */

static void test_signals(void)
{
	struct plan *plan = new_plan();
	struct error err;

	plan->raise_in_parent = SIGTERM;
	is_number(run(plan, "sleep 10", &err), 128 + SIGTERM,
		  "a signal that comes before process_wait is forwarded by it");
	*plan = (struct plan){.raise_in_child = SIGPIPE};
	is_number(run(plan, "exit 7", &err), 128 + SIGPIPE, "a signal to the child ends it");
	is(plan->order, "parent child ", "but not in the middle of a hook");
	signal(SIGCHLD, SIG_IGN);
	*plan = (struct plan){0};
	is_number(run(plan, "exit 7", &err), 7, "a status is known though SIGCHLD was ignored");
	munmap(plan, sizeof(*plan));
}

/* Starts sleep as user 1234 in a parent of its own; returns a pidfd of the sleep. */
static int start_orphan(bool die_with_parent, pid_t *parent)
{
	char *const argv[] = {(char *)"/bin/sleep", (char *)"60", NULL};
	struct process_config config = {.argv = argv,
					.user = "1234",
					.die_with_parent = die_with_parent};
	struct process process = {0};
	struct error err;
	pid_t pid = 0;
	int pipes[2];

	if (pipe(pipes) < 0)
		return -1;
	*parent = fork();
	if (*parent == 0) {
		if (process_start(&process, &config, &err) < 0 ||
		    write(pipes[1], &process.pid, sizeof(pid)) < 0)
			_exit(1);
		pause();
	}
	close(pipes[1]);
	if (read(pipes[0], &pid, sizeof(pid)) != sizeof(pid))
		return -1;
	close(pipes[0]);
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool ends_with_parent(bool die_with_parent)
{
	pid_t parent = 0;
	AUTO_CLOSE int pidfd = start_orphan(die_with_parent, &parent);
	struct pollfd fds = {.fd = pidfd, .events = POLLIN};
	bool ended;

	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	ended = poll(&fds, 1, die_with_parent ? 5000 : 200) == 1;
	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	return ended;
}

static void test_parents(void)
{
	ok(ends_with_parent(true), "die_with_parent: also when the command has become a user");
	ok(!ends_with_parent(false), "else it lives on");
}

/* --- commands ------------------------------------------------------------------------------ */

static void check_command(const char *name, const char *path, int code, const char *want)
{
	AUTO_STRINGS struct strings env = {0};
	AUTO_FREE char *entry = memory_format("PATH=%s", path), *file = NULL;
	struct error err = {0};

	strings_add(&env, entry);
	if (command_find(name, &env, &file, &err) == 0)
		is(file, want, name);
	else
		is(err.text, want, name);
	is_number(err.code, code, "its code");
}

static int make_file(const char *path, mode_t mode, const char *content)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	struct error err;

	return fd < 0 ? -1 : file_write_all(fd, content, strlen(content), path, &err);
}

static void test_commands(void)
{
	char dir[] = "/tmp/test-process-XXXXXX";
	struct error err;

	if (!ok(mkdtemp(dir) && chdir(dir) == 0 && mkdir("a", 0755) == 0 && mkdir("b", 0755) == 0 &&
			make_file("a/tool", 0644, "") == 0 && make_file("b/tool", 0755, "") == 0 &&
			make_file("here", 0755, "") == 0,
		"files to look for"))
		return;
	check_command("sh", "/nowhere:/bin", 0, "/bin/sh");
	check_command("./b/tool", "", 0, "./b/tool");
	check_command("tool", "/tmp/none:/bin:", PROCESS_NOT_FOUND,
		      "exec: \"tool\": executable file not found in $PATH");
	check_command("here", "/bin:", EACCES,
		      "exec: \"here\": cannot run executable found relative to current directory");
	check_command("tool", "b", EACCES,
		      "exec: \"tool\": cannot run executable found relative to current directory");
	check_command("", "/bin", PROCESS_NOT_FOUND,
		      "exec: \"\": executable file not found in $PATH");
	check_command("./a/tool", "", PROCESS_NOT_EXECUTABLE,
		      "exec: \"./a/tool\": permission denied (is it executable for this user?)");
	check_command("./a", "", PROCESS_NOT_EXECUTABLE, "exec: \"./a\": is a directory");
	check_command("./here/x", "", PROCESS_NOT_FOUND,
		      "exec: \"./here/x\": stat ./here/x: not a directory");
	path_remove_tree(dir, &err);
}

/* --- environment --------------------------------------------------------------------------- */

static void check_environment(const char *image, const char *user, const char *want)
{
	AUTO_STRINGS struct strings from_image = {0}, from_user = {0}, env = {0};
	AUTO_FREE char *images = memory_string(image), *users = memory_string(user);
	AUTO_TEXT struct text all = {0};

	for (char *word = strtok(images, " "); word; word = strtok(NULL, " "))
		strings_add(&from_image, word);
	for (char *word = strtok(users, " "); word; word = strtok(NULL, " "))
		strings_add(&from_user, word);
	environment_build("boat", &from_image, &from_user, &env);
	for (size_t i = 1; i < env.count; i++)
		text_add_format(&all, "%s%s", i > 1 ? " " : "", env.items[i]);
	is(text_string(&all), want, want);
	ok(!env.items[env.count], "it ends in NULL");
}

static void test_environment(void)
{
	AUTO_STRINGS struct strings env = {0};

	check_environment("", "", "HOSTNAME=boat");
	check_environment("A=1 B=2", "A=3", "HOSTNAME=boat A=3 B=2");
	check_environment("A=1 A=2", "", "HOSTNAME=boat A=2");
	check_environment("A=1 B=2 C=3", "B", "HOSTNAME=boat A=1 C=3");
	check_environment("A=1", "A B HOSTNAME", "");
	check_environment("AB=1", "A=2 A", "HOSTNAME=boat AB=1");
	check_environment("A=", "B=x=y", "HOSTNAME=boat A= B=x=y");
	strings_add(&env, "AB=1");
	strings_add(&env, "A=x=y");
	is(environment_get(&env, "A"), "x=y", "a value may hold '='");
	is(environment_get(&env, "B"), NULL, "a name that is not there");
}

/* --- users --------------------------------------------------------------------------------- */

/* Writes "uid gid groups home", or the error, as a process whose root is `root` sees it. */
static void print_user(int fd, const char *root, const char *spec)
{
	struct user user = {0};
	struct error err;

	if (chroot(root) < 0 || chdir("/") < 0)
		_exit(1);
	if (user_look_up(spec, &user, &err) < 0) {
		dprintf(fd, "%s", err.text);
	} else {
		dprintf(fd, "%u %u ", user.uid, user.gid);
		for (size_t i = 0; i < user.group_count && i < 9; i++)
			dprintf(fd, "%s%u", i ? "," : "", user.groups[i]);
		dprintf(fd, " %s", user.home);
	}
	user_release(&user);
	_exit(0);
}

static void check_user(const char *root, const char *spec, const char *want)
{
	AUTO_TEXT struct text got = {0};
	struct error err;
	int pipes[2];
	pid_t pid;

	fflush(stdout);
	if (pipe(pipes) < 0 || (pid = fork()) < 0)
		return;
	if (pid == 0)
		print_user(pipes[1], root, spec);
	close(pipes[1]);
	file_read_fd(pipes[0], "pipe", 10000, &got, &err);
	close(pipes[0]);
	waitpid(pid, NULL, 0);
	is(text_string(&got), want, spec ? spec : "no user");
}

static const char passwd[] = "root:x:0:0::/root:/bin/sh\n"
			     "bob:x:1000:100::/home/bob:/bin/sh\n"
			     "12:x:77:78::/:\n"
			     "broken line\n"
			     "minus:x:4294967295:0::/:\n"
			     "badgroup:x:5:4294967295::/:\n"
			     "many:x:6:6::/:\n"
			     "nohome:x:7:7:::\n";
static const char group[] = "root:x:0:\n"
			    "users:x:100:bob\n"
			    "audio:x:29:alice,bob\n"
			    "games:x:60:alice\n"
			    "2000:x:2001:\n"
			    "bad:x:4294967295:\n"
			    "tape:x:26:bob,root\n";

static void test_users_without_files(const char *root)
{
	check_user(root, NULL, "0 0 0 /");
	check_user(root, "4242", "4242 0 0 /");
	check_user(root, "4242:7", "4242 7 7 /");
	check_user(root, "root", "unable to find user root: no matching entries in passwd file");
	check_user(root, "5:wheel",
		   "unable to find group wheel: no matching entries in group file");
}

static void test_users_with_files(const char *root)
{
	check_user(root, NULL, "0 0 0,26 /root");
	check_user(root, "", "0 0 0,26 /root");
	check_user(root, "bob", "1000 100 100,29,26 /home/bob");
	check_user(root, "1000", "1000 100 100,29,26 /home/bob");
	check_user(root, "bob:games", "1000 60 60 /home/bob");
	check_user(root, "bob:", "1000 100 100,29,26 /home/bob");
	check_user(root, ":5", "0 5 5 /root");
	check_user(root, "12", "77 78 78 /");
	check_user(root, "4242:2000", "4242 2001 2001 /");
	check_user(root, "nohome", "7 7 7 /");
	check_user(root, "2147483647", "2147483647 0 0 /");
	check_user(root, "alice", "unable to find user alice: no matching entries in passwd file");
	check_user(root, "-1", "unable to find user -1: no matching entries in passwd file");
	for (const char *const *spec =
		     (const char *const[]){"2147483648", "4294967295", "99999999999999999999",
					   "minus", "badgroup", "bob:bad", "bob:2147483648", NULL};
	     *spec; spec++)
		check_user(root, *spec, "uids and gids must be in range 0-2147483647");
}

static void test_users(void)
{
	char root[] = "/tmp/test-process-XXXXXX";
	AUTO_TEXT struct text groups = {0};
	struct error err;

	if (!ok(mkdtemp(root) && chmod(root, 0755) == 0 && chdir(root) == 0 &&
			mkdir("etc", 0755) == 0,
		"a root"))
		return;
	test_users_without_files(root);
	ok(mkfifo("etc/passwd", 0644) == 0, "a pipe where the file should be");
	check_user(root, "4242", "4242 0 0 /");
	unlink("etc/passwd");
	ok(make_file("etc/passwd", 0644, passwd) == 0 && make_file("etc/group", 0644, group) == 0,
	   "files");
	test_users_with_files(root);
	for (int i = 0; i < 70000; i++)
		text_add_format(&groups, "g%d:x:%d:many\n", i, i);
	make_file("etc/group", 0644, text_string(&groups));
	check_user(root, "many", "user many is in more than 65536 groups");
	path_remove_tree(root, &err);
}

/* --- capabilities -------------------------------------------------------------------------- */

static void check_capabilities(const char *add, const char *drop, uint64_t want)
{
	AUTO_STRINGS struct strings added = {0}, dropped = {0};
	AUTO_FREE char *name = memory_format("add '%s', drop '%s'", add, drop);
	uint64_t capabilities = 0;
	struct error err;

	if (*add)
		strings_add(&added, add);
	if (*drop)
		strings_add(&dropped, drop);
	ok(privileges_capabilities(&added, &dropped, &capabilities, &err) == 0, name);
	is_number((long long)capabilities, (long long)want, name);
}

static void test_capabilities(void)
{
	AUTO_STRINGS struct strings names = {0};
	uint64_t before = 5, all = 0;
	struct error err;

	for (int number = 0; number < 64; number++)
		if (prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1)
			all |= UINT64_C(1) << number;
	check_capabilities("", "", 0xa80425fb);
	check_capabilities("NET_ADMIN", "", 0xa80435fb);
	check_capabilities("cap_net_admin", "chown", 0xa80435fa);
	check_capabilities("kill", "ALL", 0x20);
	check_capabilities("all", "", all);
	check_capabilities("ALL", "Cap_Chown", all & ~UINT64_C(1));
	strings_add(&names, "CAP_");
	ok(privileges_capabilities(&names, &(struct strings){0}, &before, &err) < 0 && before == 5,
	   "an unknown name is refused, and the result left alone");
	is(err.text, "invalid CapAdd: unknown capability: \"CAP_\" (see capabilities(7))",
	   "in Docker's words");
}

/* Each lane: what goes in comes out, whoever is slow. */
static void test_relay(void)
{
	struct relay relay = {0};
	struct pollfd fds[RELAY_FDS];
	char got[8192] = "";
	int in[2], out[2];

	if (!ok(pipe(in) == 0 && pipe(out) == 0, "two pipes"))
		return;
	relay_add(&relay, in[0], out[1], true);
	ok(write(in[1], "hello", 5) == 5, "a piece is written");
	close(in[1]);
	for (int turn = 0; turn < 3; turn++) {
		relay_expect(&relay, fds);
		poll(fds, RELAY_FDS, 0);
		relay_move(&relay, fds);
	}
	ok(read(out[0], got, sizeof(got)) == 5 && strcmp(got, "hello") == 0, "it comes out");
	ok(read(out[0], got, sizeof(got)) == 0, "and then the end");
	relay_expect(&relay, fds);
	ok(fds[0].fd == -1 && fds[1].fd == -1, "a lane that has ended waits for nothing");
	close(out[0]);
}

static void check_option(int (*check)(const char *text, struct error *err), const char *text,
			 const char *want)
{
	struct error err = {0};

	ok((check(text, &err) == 0) == !*want && strstr(err.text, want), text);
}

static int check_security(const char *text, struct error *err)
{
	struct attributes attributes = {0};
	int result = attributes_add_security(&attributes, text, err);

	attributes_release(&attributes);
	return result;
}

static void test_label(void)
{
	struct attributes attributes = {0};
	struct text context = {0};

	strings_add(&attributes.security, "label=disable");
	attributes_label(&attributes, &context);
	ok(context.length == 0, "no label unless one is asked for");
	strings_add(&attributes.security, "label=level:s0:c1,c2");
	strings_add(&attributes.security, "label:type:svirt_t");
	attributes_label(&attributes, &context);
	is(text_string(&context), "system_u:system_r:svirt_t:s0:c1,c2",
	   "what a label leaves out is a container's");
	text_release(&context);
	attributes_release(&attributes);
}

static void test_attributes(void)
{
	struct privileges privileges = {.limited = true, .seccomp = true};
	struct attributes attributes = {0};

	check_option(attributes_check_ulimit, "nofile=1024:2048", "");
	check_option(attributes_check_ulimit, "core=-1", "");
	check_option(attributes_check_ulimit, "nofile=-1:5", "soft limit must be less");
	check_option(attributes_check_ulimit, "nofile", "invalid ulimit argument: nofile");
	check_option(attributes_check_ulimit, "files=1", "invalid ulimit type: files");
	check_option(attributes_check_ulimit, "nofile=1:", "a limit is a number");
	check_option(check_security, "no-new-privileges", "");
	check_option(check_security, "no-new-privileges:true", "");
	check_option(check_security, "seccomp=unconfined", "");
	check_option(check_security, "label=disable", "");
	check_option(check_security, "seccomp=", "opening seccomp profile");
	check_option(check_security, "label=nonsense", "label is disable");
	check_option(check_security, "nonsense=1", "no-new-privileges");
	strings_add(&attributes.security, "seccomp=unconfined");
	strings_add(&attributes.security, "no-new-privileges=true");
	strings_add(&attributes.security, "seccomp=builtin");
	attributes_restrict(&attributes, &privileges);
	ok(privileges.seccomp && privileges.no_new_privileges, "of two, the last counts");
	ok(!attributes_unmasked(&attributes), "paths are masked unless asked");
	attributes_release(&attributes);
}

int main(void)
{
	test_relay();
	test_attributes();
	test_label();
	test_hooks();
	test_channel();
	test_failures();
	test_signals();
	test_parents();
	test_commands();
	test_environment();
	test_users();
	test_capabilities();
	return tap_done();
}
