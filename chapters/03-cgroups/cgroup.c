/* Control groups, whichever version; see cgroup.h. */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup_layout.h"
#include "cgroup_remove.h"
#include "cgroup_settings.h"
#include "cgroup_systemd.h"
#include "cgroup_tree.h"
#include "cgroup_v1.h"
#include "cgroup_v2.h"
#include "file.h"
#include "path.h"
#include "text.h"
#include "trace.h"

/* How often the shared parent may vanish under us: another command removes it when it is empty. */
#define TRIES_MOST 100

struct cgroup {
	char *name;
	char *base; /* of a delegated cgroup, which counts as the mount point then; NULL: none */
	struct cgroup_layout layout;
	size_t made; /* in how many hierarchies of the layout, from the first, it is ours */
	int fd;	     /* its directory on v2; 0: none */
};

/* The caller frees it. */
static char *dir_in(const struct cgroup *cgroup, size_t hierarchy)
{
	return path_join(cgroup->layout.hierarchies[hierarchy].mount, cgroup->name);
}

/* Knows where it would be; nothing is made. */
static int locate(const char *name, struct cgroup **located, struct error *err)
{
	AUTO_CGROUP struct cgroup *cgroup = memory_zeroed(1, sizeof(*cgroup));
	AUTO_FREE char *normal = path_normal("/", name);

	if (!*name || strcmp(normal + 1, name) != 0)
		return error_set(err, EINVAL, "invalid name of a cgroup: '%s'", name);
	cgroup->name = memory_string(name);
	if (cgroup_layout_read(&cgroup->layout, err) < 0)
		return -1;
	*located = take_ptr(&cgroup);
	return 0;
}

static void make_parents(const char *mount, const char *dir)
{
	AUTO_FREE char *copy = memory_string(dir);
	char *slash = copy + strlen(mount) + 1;

	while ((slash = strchr(slash, '/'))) {
		*slash = '\0';
		mkdir(copy, 0755);
		*slash++ = '/';
	}
}

/* The leaf must be new, its parents may be there. The parents are only tried when they are missing,
 * and again if another command has just removed them. */
static int make_in(const char *mount, const char *dir, struct error *err)
{
	trace("mkdir -p %q", dir);
	for (int tries = 0; mkdir(dir, 0755) < 0; tries++) {
		if (errno != ENOENT || tries == TRIES_MOST)
			return error_sys(err, "make the cgroup '%s'", dir);
		make_parents(mount, dir);
	}
	return 0;
}

static int make_everywhere(struct cgroup *cgroup, struct error *err)
{
	while (cgroup->made < cgroup->layout.count) {
		AUTO_FREE char *dir = dir_in(cgroup, cgroup->made);

		if (make_in(cgroup->layout.hierarchies[cgroup->made].mount, dir, err) < 0)
			return -1;
		cgroup->made++;
	}
	return 0;
}

static int open_unified(struct cgroup *cgroup, struct error *err)
{
	AUTO_FREE char *dir = dir_in(cgroup, 0);

	cgroup->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup->fd >= 0)
		return 0;
	cgroup->fd = 0;
	return error_sys(err, "open the cgroup '%s'", dir);
}

static int set_up(struct cgroup *cgroup, const struct cgroup_limits *limits, struct error *err)
{
	if (!cgroup->layout.unified)
		return cgroup_v1_set_up(&cgroup->layout, cgroup->name, limits, err);
	if (open_unified(cgroup, err) < 0)
		return -1;
	return cgroup_v2_set_up(cgroup->layout.hierarchies[0].mount, cgroup->name, cgroup->fd,
				limits, err);
}

/* Leaves the host as it was found. Parents that other containers are in stay: EBUSY. So do those of
 * other names than ours, which --cgroup-parent has named and somebody else may have made. */
static void remove_parents(const char *mount, const char *dir)
{
	AUTO_FREE char *parent = memory_string(dir);
	char *slash;

	while ((slash = strrchr(parent, '/')) > parent + strlen(mount)) {
		*slash = '\0';
		if (!text_starts_with(strrchr(parent, '/') + 1, "coracle"))
			return;
		trace("rmdir --ignore-fail-on-non-empty %q", parent);
		if (rmdir(parent) < 0)
			return;
	}
}

void cgroup_warnings(const struct cgroup_limits *limits, struct strings *warnings)
{
	AUTO_CGROUP_LAYOUT struct cgroup_layout layout = {0};
	struct error ignored;

	if (limits->memory_bytes && limits->memory_swap_bytes >= 0 &&
	    cgroup_layout_read(&layout, &ignored) == 0 && !cgroup_layout_counts_swap(&layout))
		strings_add(
			warnings,
			"Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.");
	if (limits->oom_kill_disable && !limits->memory_bytes)
		strings_add(
			warnings,
			"OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.");
}

char *cgroup_name_below(const char *parent, const char *name)
{
	const char *slash = strrchr(name, '/');
	AUTO_FREE char *normal = parent ? path_normal("/", parent) : NULL;
	AUTO_FREE char *below = NULL;

	if (!normal || !normal[1])
		return memory_string(normal && slash ? slash + 1 : name);
	below = path_join(normal, slash ? slash + 1 : name);
	return memory_string(below + 1);
}

/* Its hierarchy is then the first that is removed: a frozen process does not even die. */
static void put_freezer_last(struct cgroup *cgroup)
{
	struct cgroup_hierarchy *all = cgroup->layout.hierarchies;

	for (size_t i = 0; i < cgroup->made; i++)
		if (strings_contain(&all[i].controllers, "freezer")) {
			struct cgroup_hierarchy freezer = all[i];

			all[i] = all[cgroup->made - 1];
			all[cgroup->made - 1] = freezer;
			return;
		}
}

/* Under systemd a cgroup is made in a scope of its own, and nowhere else. */
static int delegate(struct cgroup *cgroup, const char *parent, struct error *err)
{
	char **mount = &cgroup->layout.hierarchies[0].mount;
	const char *slash = strrchr(cgroup->name, '/');
	AUTO_FREE char *id = memory_string(slash ? slash + 1 : cgroup->name);
	AUTO_FREE char *below = NULL;

	if (!cgroup->layout.unified || !cgroup_systemd_runs())
		return 0;
	if (cgroup_systemd_delegate(*mount, parent, id, &cgroup->base, err) < 0)
		return -1;
	cleanup_memory(&cgroup->name);
	cgroup->name = memory_format("coracle/%s", id);
	below = path_join(*mount, cgroup->base);
	cleanup_memory(mount);
	*mount = take_ptr(&below);
	return 0;
}

int cgroup_create(const char *name, const struct cgroup_limits *limits, struct cgroup **created,
		  struct error *err)
{
	AUTO_FREE char *wanted = cgroup_name_below(limits->parent, name);
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	struct error ignored;

	if (locate(wanted, &cgroup, err) < 0 || delegate(cgroup, limits->parent, err) < 0)
		return -1;
	if (make_everywhere(cgroup, err) < 0 || set_up(cgroup, limits, err) < 0) {
		cgroup_destroy(cgroup, &ignored);
		return -1;
	}
	*created = take_ptr(&cgroup);
	return 0;
}

int cgroup_open(const char *name, struct cgroup **opened, struct error *err)
{
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	bool found = false;

	if (locate(name, &cgroup, err) < 0)
		return -1;
	/* After a crash it may be left in some hierarchies only. */
	for (; cgroup->made < cgroup->layout.count; cgroup->made++) {
		AUTO_FREE char *dir = dir_in(cgroup, cgroup->made);

		found = found || access(dir, F_OK) == 0;
	}
	if (!found)
		return error_set(err, ENOENT, "there is no cgroup '%s'", name);
	if (cgroup->layout.unified && open_unified(cgroup, err) < 0)
		return -1;
	*opened = take_ptr(&cgroup);
	return 0;
}

char *cgroup_name(const struct cgroup *cgroup)
{
	return cgroup->base ? path_join(cgroup->base, cgroup->name) : memory_string(cgroup->name);
}

int cgroup_clone_fd(const struct cgroup *cgroup)
{
	return cgroup->fd;
}

int cgroup_enter(struct cgroup *cgroup, struct error *err)
{
	if (cgroup->layout.unified)
		return 0;
	return cgroup_v1_enter(&cgroup->layout, cgroup->name, err);
}

int cgroup_add(struct cgroup *cgroup, pid_t pid, struct error *err)
{
	if (cgroup->layout.unified)
		return 0;
	return cgroup_v1_add(&cgroup->layout, cgroup->name, pid, err);
}

int cgroup_update(struct cgroup *cgroup, const struct cgroup_limits *limits, struct error *err)
{
	AUTO_CGROUP_SETTINGS struct cgroup_settings settings = {0};
	AUTO_FREE char *dir = dir_in(cgroup, 0);

	if (!cgroup->layout.unified)
		return cgroup_v1_update(&cgroup->layout, cgroup->name, limits, err);
	if (cgroup_v2_settings(limits, &settings, err) < 0)
		return -1;
	return cgroup_v2_write(dir, &settings, err);
}

char *cgroup_dir(const struct cgroup *cgroup, const char *controller)
{
	const struct cgroup_hierarchy *found = cgroup->layout.hierarchies;

	if (!cgroup->layout.unified)
		found = cgroup_layout_find(&cgroup->layout, controller);
	return found ? path_join(found->mount, cgroup->name) : NULL;
}

bool cgroup_is_unified(const struct cgroup *cgroup)
{
	return cgroup->layout.unified;
}

int cgroup_pids(const struct cgroup *cgroup, struct strings *pids, struct error *err)
{
	AUTO_FREE char *dir = dir_in(cgroup, 0);

	return cgroup_tree_pids(dir, pids, err);
}

int cgroup_destroy(struct cgroup *cgroup, struct error *err)
{
	put_freezer_last(cgroup);
	for (; cgroup->made > 0; cgroup->made--) {
		AUTO_FREE char *dir = dir_in(cgroup, cgroup->made - 1);

		if (cgroup_remove(dir, err) < 0)
			return -1;
		remove_parents(cgroup->layout.hierarchies[cgroup->made - 1].mount, dir);
	}
	return 0;
}

void cgroup_release(struct cgroup **cgroup)
{
	if (!*cgroup)
		return;
	cleanup_memory(&(*cgroup)->name);
	cleanup_memory(&(*cgroup)->base);
	cgroup_layout_release(&(*cgroup)->layout);
	if ((*cgroup)->fd > 0)
		close((*cgroup)->fd);
	cleanup_memory(cgroup);
}
