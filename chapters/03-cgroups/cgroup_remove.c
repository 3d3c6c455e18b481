/* The end of a cgroup; see cgroup_remove.h. */
#include "cgroup_remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "path.h"
#include "text.h"
#include "trace.h"

#define TRIES_MOST 110 /* some ten seconds, see pause_before_try */

static bool is_listed(const char *procs_path, const char *pid)
{
	AUTO_TEXT struct text list = {0};
	struct error ignored;
	char *rest;

	if (file_read(AT_FDCWD, procs_path, 16 << 20, &list, &ignored) < 0)
		return false;
	rest = list.data;
	for (const char *line; (line = strsep(&rest, "\n"));)
		if (strcmp(line, pid) == 0)
			return true;
	return false;
}

/* By the time it is used, a number may be another process's: so it is held fast first, and killed
 * only if the number is in the list still. pidfd_open(2) */
static void kill_one(const char *procs_path, const char *pid)
{
	AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);

	if (pidfd < 0 || !is_listed(procs_path, pid))
		return;
	trace("kill -KILL %s", pid);
	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

/* Version 1, and version 2 before Linux 5.14. A process may be missed that was forked meanwhile: the
 * next round gets it. Delete this when 5.14 is the oldest kernel and version 1 is gone. */
static void kill_listed(const char *dir)
{
	AUTO_FREE char *freezer = path_join(dir, "freezer.state");
	AUTO_FREE char *path = path_join(dir, "cgroup.procs");
	AUTO_TEXT struct text list = {0};
	struct error ignored;
	char *rest;

	/* A frozen process does not even die. */
	file_write_value(AT_FDCWD, freezer, "THAWED", &ignored);
	if (file_read(AT_FDCWD, path, 16 << 20, &list, &ignored) < 0)
		return;
	rest = list.data;
	for (const char *pid; (pid = strsep(&rest, "\n"));)
		if (*pid)
			kill_one(path, pid);
}

static void kill_all(const char *dir)
{
	AUTO_FREE char *path = path_join(dir, "cgroup.kill");
	struct error ignored;

	if (access(path, F_OK) < 0) {
		kill_listed(dir);
		return;
	}
	trace("echo 1 > %q", path);
	file_write_value(AT_FDCWD, path, "1", &ignored);
}

/* Kills what is in a cgroup and below, and removes what is below, the deepest first. Whether it
 * worked, the caller's rmdir tells. There are no symbolic links in a cgroup file system. */
static void empty_tree(const char *dir)
{
	AUTO_CLOSE_DIR DIR *entries = NULL;
	AUTO_STRINGS struct strings children = {0};
	const struct dirent *entry;

	kill_all(dir);
	entries = opendir(dir);
	while (entries && (entry = readdir(entries)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			strings_add(&children, entry->d_name);
	/* However deep the tree is, one descriptor is enough. */
	cleanup_dir(&entries);
	for (size_t i = 0; i < children.count; i++) {
		AUTO_FREE char *child = path_join(dir, children.items[i]);

		empty_tree(child);
		trace("rmdir %q", child);
		rmdir(child);
	}
}

/* 1, 2, 4 … 64, then 100 milliseconds: a killed process takes its time to end. */
static void pause_before_try(int tries)
{
	usleep(tries < 7 ? 1000U << tries : 100000);
}

int cgroup_remove(const char *dir, struct error *err)
{
	trace("rmdir %q", dir);
	for (int tries = 0; rmdir(dir) < 0 && errno != ENOENT; tries++) {
		if (errno != EBUSY || tries == TRIES_MOST)
			return error_sys(err, "remove the cgroup '%s'", dir);
		empty_tree(dir);
		pause_before_try(tries);
	}
	return 0;
}
