/* A cgroup stands still; see cgroup_freeze.h. */
#include "cgroup_freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_tree.h"
#include "file.h"
#include "path.h"
#include "trace.h"

#define TRIES_MOST 1000 /* of 10 milliseconds */

static bool reads(const char *path, const char *value)
{
	AUTO_TEXT struct text text = {0};
	struct error ignored;

	return file_read(AT_FDCWD, path, 4096, &text, &ignored) == 0 &&
	       strncmp(text_string(&text), value, strlen(value)) == 0;
}

/* Version 1 says FREEZING until all have stopped; a process that was forked at the wrong moment is
 * only caught by writing it again. Version 2 tells in another file. */
static bool has_become(const char *dir, bool unified, bool frozen)
{
	AUTO_FREE char *path = path_join(dir, "freezer.state");
	struct error ignored;

	if (unified)
		return cgroup_tree_number(dir, "cgroup.events", "frozen") == frozen;
	if (reads(path, frozen ? "FROZEN" : "THAWED"))
		return true;
	file_write_value(AT_FDCWD, path, frozen ? "FROZEN" : "THAWED", &ignored);
	return false;
}

static int set_frozen(const char *path, const char *value, struct error *err)
{
	trace("echo %s > %q", value, path);
	return file_write_value(AT_FDCWD, path, value, err);
}

int cgroup_freeze(struct cgroup *cgroup, bool frozen, struct error *err)
{
	bool unified = cgroup_is_unified(cgroup);
	AUTO_FREE char *dir = cgroup_dir(cgroup, "freezer");
	AUTO_FREE char *path = NULL;
	const char *const words[2] = {unified ? "0" : "THAWED", unified ? "1" : "FROZEN"};
	struct error ignored;

	if (!dir)
		return error_set(err, ENOTSUP, "this host has no cgroup controller 'freezer'");
	path = path_join(dir, unified ? "cgroup.freeze" : "freezer.state");
	if (set_frozen(path, words[frozen], err) < 0)
		return -1;
	for (int tries = 0; tries < TRIES_MOST; tries++) {
		if (has_become(dir, unified, frozen))
			return 0;
		usleep(10000);
	}
	if (frozen)
		set_frozen(path, words[false], &ignored);
	return error_set(err, ETIMEDOUT, "freeze '%s': a process in it did not stop", dir);
}

bool cgroup_is_frozen(const struct cgroup *cgroup)
{
	AUTO_FREE char *dir = cgroup_dir(cgroup, "freezer");
	AUTO_FREE char *path = NULL;

	if (!dir)
		return false;
	path = path_join(dir, cgroup_is_unified(cgroup) ? "cgroup.freeze" : "freezer.state");
	return reads(path, cgroup_is_unified(cgroup) ? "1" : "FR");
}
