/* See dns.h. The lock on the directory of names orders those who come and those who go. */
#include "dns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "path.h"
#include "resolver.h"
#include "trace.h"

/* Beside the leases. */
static char *path_of(const struct bridge_network *network, const char *file)
{
	return memory_format("%.*s%s", (int)(strlen(network->leases) - strlen("leases")),
			     network->leases, file);
}

static int lock(const char *dir)
{
	AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return -1;
	return take_fd(&fd);
}

/* The process that the pid file names, if it is still that dnsmasq: its arguments name the file. */
static pid_t running(const char *pid_file)
{
	AUTO_TEXT struct text pid = {0}, arguments = {0};
	AUTO_FREE char *path = NULL;
	struct error none;

	if (file_read(AT_FDCWD, pid_file, 32, &pid, &none) < 0 || atoi(text_string(&pid)) <= 0)
		return 0;
	path = memory_format("/proc/%d/cmdline", atoi(pid.data));
	if (file_read(AT_FDCWD, path, 65536, &arguments, &none) < 0 ||
	    !memmem(arguments.data, arguments.length, pid_file, strlen(pid_file)))
		return 0;
	return atoi(pid.data);
}

static void add_arguments(const struct bridge_network *network, const char *dir,
			  const char *pid_file, struct strings *argv)
{
	static const char *const fixed[] = {
		"dnsmasq",	     "--conf-file=/dev/null", "--no-resolv",	 "--no-hosts",
		"--bind-interfaces", "--user=root",	      "--domain-needed", "--group=root"};
	AUTO_STRINGS struct strings servers = {0};
	AUTO_FREE char *hosts = memory_format("--addn-hosts=%s", dir);
	AUTO_FREE char *pid = memory_format("--pid-file=%s", pid_file);
	AUTO_FREE char *listen = memory_format("--listen-address=%s",
					       address_text(network->subnet[IPV4].gateway).text);
	struct error none;

	for (size_t i = 0; i < ARRAY_LENGTH(fixed); i++)
		strings_add(argv, fixed[i]);
	strings_add(argv, hosts);
	strings_add(argv, pid);
	strings_add(argv, listen);
	if (!network->internal)
		resolver_host_servers(&servers, &none);
	for (size_t i = 0; i < servers.count; i++) {
		AUTO_FREE char *server = memory_format("--server=%s", servers.items[i]);

		strings_add(argv, server);
	}
}

/* Not by a PATH, which may lack the directories of daemons. */
static const char *program(void)
{
	return access("/usr/sbin/dnsmasq", X_OK) == 0 ? "/usr/sbin/dnsmasq" : "/usr/bin/dnsmasq";
}

/* It goes to the background by itself, when it listens. */
static int start(const struct bridge_network *network, const char *dir, const char *pid_file,
		 struct error *err)
{
	AUTO_STRINGS struct strings argv = {0};
	posix_spawnattr_t plain;
	sigset_t none;
	pid_t pid;
	int status = 0;

	add_arguments(network, dir, pid_file, &argv);
	trace("%A", argv.items);
	/* Our own signals may be blocked, and that would be inherited. */
	sigemptyset(&none);
	posix_spawnattr_init(&plain);
	posix_spawnattr_setsigmask(&plain, &none);
	posix_spawnattr_setflags(&plain, POSIX_SPAWN_SETSIGMASK);
	errno = posix_spawn(&pid, program(), NULL, &plain, argv.items, (char *[]){NULL});
	posix_spawnattr_destroy(&plain);
	if (errno) {
		error_sys(err, "start dnsmasq for network %s", network->name);
		return error_hint(err, ENOENT, "it comes with: apt install dnsmasq-base");
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		return error_set(err, ECHILD, "start dnsmasq on %s: it ended with status %d",
				 address_text(network->subnet[IPV4].gateway).text,
				 WEXITSTATUS(status));
	return 0;
}

static bool is_empty(const char *dir)
{
	AUTO_CLOSE_DIR DIR *stream = opendir(dir);
	struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		if (*entry->d_name != '.')
			return false;
	return true;
}

int dns_add(const struct bridge_network *network, const char *id, const char *line,
	    struct error *err)
{
	AUTO_FREE char *dir = path_of(network, "hosts");
	AUTO_FREE char *pid_file = path_of(network, "dnsmasq.pid");
	AUTO_FREE char *file = path_join(dir, id);
	AUTO_TEXT struct text text = {0};
	AUTO_CLOSE int held = -1;
	pid_t pid;

	if (path_make_dirs(dir, 0700, err) < 0)
		return -1;
	held = lock(dir);
	text_add_string(&text, line);
	if (file_replace(file, &text, 0600, false, err) < 0)
		return -1;
	pid = running(pid_file);
	if (pid == 0)
		return start(network, dir, pid_file, err);
	trace("kill -HUP %d # dnsmasq reads the names again", pid);
	kill(pid, SIGHUP);
	return 0;
}

int dns_repair(const struct bridge_network *network, struct error *err)
{
	AUTO_FREE char *dir = path_of(network, "hosts");
	AUTO_FREE char *pid_file = path_of(network, "dnsmasq.pid");
	AUTO_CLOSE int held = lock(dir);

	if (held < 0 || is_empty(dir) || running(pid_file))
		return 0;
	return start(network, dir, pid_file, err);
}

void dns_remove(const struct bridge_network *network, const char *id)
{
	AUTO_FREE char *dir = path_of(network, "hosts");
	AUTO_FREE char *pid_file = path_of(network, "dnsmasq.pid");
	AUTO_FREE char *file = path_join(dir, id);
	AUTO_CLOSE int held = lock(dir);
	pid_t pid = running(pid_file);

	if (held < 0 || unlink(file) < 0 || pid == 0)
		return;
	kill(pid, is_empty(dir) ? SIGTERM : SIGHUP);
}
