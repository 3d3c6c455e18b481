/* A program's own cgroup; see cgroup_own.h. */
#include "cgroup_own.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup_layout.h"
#include "cgroup_tree.h"
#include "path.h"
#include "trace.h"

#define PARENT "coracle"

/* The number of a pid says nothing in another pid namespace. */
static unsigned long own_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) < 0 ? 0 : st.st_ino;
}

static bool is_left_behind(const char *name)
{
	unsigned long namespace;
	char dash;
	int pid;

	return sscanf(name, "%d-%lx%c", &pid, &namespace, &dash) == 3 && dash == '-' && pid > 0 &&
	       namespace == own_namespace() && kill(pid, 0) < 0 && errno == ESRCH;
}

static void sweep(void)
{
	AUTO_STRINGS struct strings dirs = {0};
	AUTO_CGROUP_LAYOUT struct cgroup_layout layout = {0};
	struct error ignored;

	if (cgroup_layout_read(&layout, &ignored) < 0)
		return;
	/* Each: whoever was killed while it removed one may have left it in the last only. */
	for (size_t i = 0; i < layout.count; i++) {
		AUTO_FREE char *dir = path_join(layout.hierarchies[i].mount, PARENT);

		cgroup_tree_children(dir, &dirs);
	}
	for (size_t i = 0; i < dirs.count; i++) {
		const char *last = strrchr(dirs.items[i], '/') + 1;
		AUTO_FREE char *name = path_join(PARENT, last);
		AUTO_CGROUP struct cgroup *cgroup = NULL;

		if (is_left_behind(last) && cgroup_open(name, &cgroup, &ignored) == 0)
			cgroup_destroy(cgroup, &ignored);
	}
}

int cgroup_create_own(const struct cgroup_limits *limits, struct cgroup **cgroup, struct error *err)
{
	AUTO_FREE char *name = memory_format(PARENT "/%d-%lx-%lx", getpid(), own_namespace(),
					     (unsigned long)trace_clock_us());

	sweep();
	return cgroup_create(name, limits, cgroup, err);
}
