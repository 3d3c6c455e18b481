/* The root file system; see rootfs.h. Read the table first, then the exported functions. */
#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <mntent.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "device_nodes.h"
#include "file.h"
#include "host_devices.h"
#include "mounts.h"
#include "path.h"
#include "trace.h"

/* The root while it is being set up, still at its place on the host. */
struct root {
	int fd;
	const char *path;
	const struct rootfs_wishes *wishes;
};

/* One mount, in the words of mount(8). */
struct mount_row {
	const char *target, *type, *source, *options;
	/* What to do in it once it is mounted; NULL: nothing. */
	int (*fill)(const struct root *root, int fd, const char *path, struct error *err);
};

static int mount_row(const struct root *root, const struct mount_row *row, struct error *err);

/* Also for a target that is missing: then it is made later, and is no link. */
static int refuse_link(const struct root *root, const char *target, struct error *err)
{
	AUTO_CLOSE int fd = path_open_in_root(root->fd, target, O_PATH | O_NOFOLLOW, 0, err);
	struct stat st;

	if (fd < 0)
		return err->code == ENOENT ? 0 : -1;
	if (fstat(fd, &st) < 0)
		return error_sys(err, "look at '%s'", target);
	if (S_ISLNK(st.st_mode))
		return error_set(
			err, ELOOP,
			"mount on '%s' in the root file system: it is a symbolic link, and must be a directory",
			target);
	return 0;
}

/* --- /sys/fs/cgroup ------------------------------------------------------------------------ */

#define CGROUP_OPTIONS "ro,nosuid,nodev,noexec"

/* Without a cgroup namespace a mount shows the host's whole hierarchy: the container gets the part at
 * `own` instead, its own cgroup, as Docker's do. */
static int show_own_part(const struct root *root, const char *target, const char *own,
			 struct error *err)
{
	AUTO_FREE char *part = memory_format("%s%s", target, own);
	AUTO_CLOSE int whole = path_open_in_root(root->fd, target, O_PATH, 0, err);
	AUTO_CLOSE int inside = path_open_in_root(root->fd, part, O_PATH, 0, err);
	AUTO_FREE char *link = memory_format("/proc/self/fd/%d", whole);
	AUTO_CLOSE int below = -1, view = -1;

	if (whole < 0 || inside < 0)
		return -1;
	trace("mount --bind %q%q %q%q", root->path, part, root->path, target);
	view = mount_clone(inside, false, err);
	if (view < 0)
		return -1;
	if (umount2(link, MNT_DETACH) < 0)
		return error_sys(err, "unmount '%s'", target);
	below = path_open_in_root(root->fd, target, O_PATH, 0, err);
	return below < 0 ? -1 : mount_attach(view, below, target, err);
}

/* The same where the host has it mounted at the usual place: a bind mount, and nothing to unmount, for
 * which the kernel waits for all processors. Returns 1 if it has not. */
static int bind_own_part(const struct root *root, const char *target, const char *own,
			 struct error *err)
{
	AUTO_FREE char *part = memory_format("%s%s", target, own);
	AUTO_CLOSE int source = open(part, O_PATH | O_DIRECTORY | O_CLOEXEC), place = -1, view = -1;
	const char *options = CGROUP_OPTIONS + (root->wishes->privileged ? strlen("ro,") : 0);
	struct statfs there;

	if (source < 0 || fstatfs(source, &there) < 0 || there.f_type != CGROUP_SUPER_MAGIC)
		return 1;
	place = path_make_dirs_in_root(root->fd, target, err);
	if (place < 0)
		return -1;
	trace("mount --bind -o %s %q %q%q", options, part, root->path, target);
	view = mount_clone(source, false, err);
	if (view < 0 || mount_restrict(view, options, err) < 0)
		return -1;
	return mount_attach(view, place, target, err);
}

/* Mounts one version 1 hierarchy: its controllers as the kernel lists them, "cpu,cpuacct"; `own` is
 * the cgroup that we are in, "/" in a cgroup namespace. */
static int mount_hierarchy(const struct root *root, const char *controllers, const char *own,
			   struct error *err)
{
	const char *name = strchr(controllers, '=');
	AUTO_FREE char *target = memory_format("/sys/fs/cgroup/%s", name ? name + 1 : controllers);
	AUTO_FREE char *options =
		memory_format(CGROUP_OPTIONS ",%s%s", name ? "none," : "", controllers);
	const struct mount_row row = {target, "cgroup", "cgroup", options, NULL};
	bool whole = strcmp(own, "/") == 0;
	int bound = whole ? 1 : bind_own_part(root, target, own, err);

	if (bound <= 0)
		return bound;
	if (mount_row(root, &row, err) < 0)
		return -1;
	return whole ? 0 : show_own_part(root, target, own, err);
}

/* Links cpu and cpuacct to the directory "cpu,cpuacct": programs look for either. */
static int link_controllers(int fd, const char *path, const char *controllers, struct error *err)
{
	AUTO_FREE char *copy = memory_string(controllers);
	char *rest = copy, *name;

	if (!strchr(controllers, ',') || strchr(controllers, '='))
		return 0;
	while ((name = strsep(&rest, ","))) {
		trace("ln -s %q %q/%s", controllers, path, name);
		if (symlinkat(controllers, fd, name) < 0)
			return error_sys(err, "make link '%s/%s'", path, name);
	}
	return 0;
}

/* A line is "4:memory:/path"; version 2's is "0::/path". cgroups(7) */
static int fill_hierarchies(const struct root *root, int fd, const char *path, struct error *err)
{
	AUTO_TEXT struct text lines = {0};
	char *end;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &lines, err) < 0)
		return -1;
	/* From the last line to the first, for the kernel lists the newest hierarchy first. */
	while ((end = strrchr(lines.data, '\n'))) {
		const char *controllers;
		char *line;

		*end = '\0';
		line = strrchr(lines.data, '\n');
		line = line ? line + 1 : lines.data;
		strsep(&line, ":");
		controllers = strsep(&line, ":");
		if (!controllers || !*controllers)
			continue;
		if (mount_hierarchy(root, controllers, line ? line : "/", err) < 0 ||
		    link_controllers(fd, path, controllers, err) < 0)
			return -1;
	}
	if (root->wishes->privileged)
		return 0;
	trace("mount -o remount,bind,ro %q", path);
	return mount_make_read_only(fd, false, err);
}

/* Version 2 is one file system, and its options are too: a mount from the host's cgroup namespace
 * that leaves out what systemd has set takes it away from the whole host. The caller frees it. */
static char *unified_options(void)
{
	static const char *const words[] = {"nsdelegate",	  "memory_recursiveprot",
					    "memory_localevents", "memory_hugetlb_accounting",
					    "pids_localevents",	  "favordynmods"};
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	AUTO_TEXT struct text options = {0};
	const struct mntent *entry = NULL;

	text_add_format(&options, CGROUP_OPTIONS);
	while (mounts && (entry = getmntent(mounts)) && strcmp(entry->mnt_type, "cgroup2") != 0)
		;
	for (size_t i = 0; entry && i < ARRAY_LENGTH(words); i++)
		if (hasmntopt(entry, words[i]))
			text_add_format(&options, ",%s", words[i]);
	if (mounts)
		endmntent(mounts);
	return take_ptr(&options.data);
}

/* In the cgroup namespace, what is mounted shows the container's cgroup as its root. */
static int fill_sys(const struct root *root, int fd, const char *path, struct error *err)
{
	static const struct mount_row v1 = {"/sys/fs/cgroup", "tmpfs", "tmpfs",
					    "nosuid,nodev,noexec,mode=755", fill_hierarchies};
	struct mount_row v2 = {"/sys/fs/cgroup", "cgroup2", "cgroup", NULL, NULL};
	AUTO_FREE char *options = NULL;
	struct statfs host;

	(void)fd, (void)path;
	if (statfs("/sys/fs/cgroup", &host) < 0)
		return errno == ENOENT ? 0 : error_sys(err, "look at '/sys/fs/cgroup'");
	/* A host of version 1, or with both, has a tmpfs there, and the hierarchies in it. */
	if (host.f_type != CGROUP2_SUPER_MAGIC)
		return mount_row(root, &v1, err);
	v2.options = options = unified_options();
	return mount_row(root, &v2, err);
}

/* --- the table ----------------------------------------------------------------------------- */

static int fill_dev(const struct root *root, int fd, const char *path, struct error *err)
{
	(void)root;
	return device_nodes_make(fd, path, err);
}

/* In this order: a row may lie inside one above it. The options are Docker's. */
static const struct mount_row rows[] = {
	/* Step 2.5: shows the processes of the pid namespace of whoever mounts it. */
	{"/proc", "proc", "proc", "nosuid,noexec,nodev", NULL},
	/* Not nodev: its devices are to work. The image's own /dev is hidden, whatever it holds. */
	{"/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k", fill_dev},
	/* Every mount of devpts is an instance of its own; gid 5 is tty in every distribution. */
	{"/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5",
	 NULL},
	/* Shows the network interfaces of the network namespace of whoever mounts it. */
	{"/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro", fill_sys},
	/* POSIX message queues of the ipc namespace. */
	{"/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev", NULL},
	/* POSIX shared memory: 64 MiB, which databases find too small. */
	{"/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=67108864", NULL},
};

static bool is_shm(const struct mount_row *row)
{
	return strcmp(row->target, "/dev/shm") == 0;
}

/* The row's options, as the wishes change them. The caller frees the result. */
static char *row_options(const struct root *root, const struct mount_row *row)
{
	const struct rootfs_wishes *wishes = root->wishes;
	bool kernel = strcmp(row->type, "sysfs") == 0 || strncmp(row->type, "cgroup", 6) == 0;

	if (wishes->shm_bytes && is_shm(row))
		return memory_format("nosuid,noexec,nodev,mode=1777,size=%" PRIu64,
				     wishes->shm_bytes);
	if (!wishes->privileged || !kernel)
		return memory_string(row->options);
	/* "ro" is the first of them, or the last. */
	if (text_starts_with(row->options, "ro,"))
		return memory_string(row->options + strlen("ro,"));
	return memory_format("%.*s", (int)(strlen(row->options) - strlen(",ro")), row->options);
}

static int mount_row(const struct root *root, const struct mount_row *row, struct error *err)
{
	AUTO_FREE char *path = path_join(root->path, row->target);
	AUTO_FREE char *options = row_options(root, row);
	AUTO_CLOSE int target = -1, fd = -1;

	if (refuse_link(root, row->target, err) < 0)
		return -1;
	trace("mkdir -p %q", path);
	target = path_make_dirs_in_root(root->fd, row->target, err);
	if (target < 0)
		return -1;
	if (is_shm(row) && root->wishes->shm_of) {
		fd = mount_clone_from(root->wishes->shm_of, row->target, err);
	} else {
		trace("mount -t %s -o %s %s %q", row->type, options, row->source, path);
		fd = mount_new(row->type, row->source, options, err);
	}
	if (fd < 0 || mount_attach(fd, target, row->target, err) < 0)
		return error_wrap(err, "mount %s", row->target);
	return row->fill ? row->fill(root, fd, path, err) : 0;
}

static int make_devices(const struct root *root, struct error *err)
{
	const struct rootfs_wishes *wishes = root->wishes;

	for (size_t i = 0; i < wishes->devices.count; i++) {
		AUTO_HOST_DEVICE struct host_device device = {0};

		if (host_device_parse(wishes->devices.items[i], &device, err) < 0 ||
		    host_device_make(root->fd, &device, err) < 0)
			return -1;
	}
	return wishes->privileged ? host_devices_make_all(root->fd, err) : 0;
}

static int bind_init(const struct root *root, struct error *err)
{
	AUTO_CLOSE int target = -1, program = -1, fd = -1;
	AUTO_FREE char *source = NULL;

	if (path_of_own("libexec/coracle/coracle-init", &source, err) < 0)
		return -1;
	trace("mount --bind -o ro %q %q" ROOTFS_INIT, source, root->path);
	program = open(source, O_PATH | O_CLOEXEC);
	if (program < 0)
		return error_sys(err, "open '%s'", source);
	target = mount_open_target(root->fd, ROOTFS_INIT, false, err);
	fd = target < 0 ? -1 : mount_clone(program, false, err);
	if (fd < 0 || mount_make_read_only(fd, false, err) < 0)
		return -1;
	return mount_attach(fd, target, ROOTFS_INIT, err);
}

/* pivot_root(2) wants a mount, and the directory may be an ordinary one. Returns its descriptor. */
static int bind_to_itself(const char *path, struct error *err)
{
	AUTO_CLOSE int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;

	if (dir < 0)
		return error_sys(err, "open the root directory '%s'", path);
	trace("mount --bind %q %q", path, path);
	fd = mount_clone(dir, false, err);
	if (fd < 0 || mount_attach(fd, dir, path, err) < 0)
		return error_wrap(err, "bind '%s' to itself", path);
	return take_fd(&fd);
}

/* --- exported ------------------------------------------------------------------------------ */

int rootfs_isolate(struct error *err)
{
	/* A mount namespace begins as a copy, and systemd makes all mounts shared: then a mount
	 * made in the copy would appear on the host too. mount_namespaces(7) */
	trace("mount --make-rprivate /");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_sys(err, "make all mounts private");
	return 0;
}

int rootfs_mount(const struct rootfs *rootfs, struct error *err)
{
	AUTO_CLOSE int fd = bind_to_itself(rootfs->path, err);
	static const struct rootfs_wishes none;
	const struct root root = {fd, rootfs->path, rootfs->wishes ? rootfs->wishes : &none};

	if (fd < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		if (!(is_shm(&rows[i]) && root.wishes->no_shm) &&
		    mount_row(&root, &rows[i], err) < 0)
			return -1;
	if (make_devices(&root, err) < 0)
		return -1;
	return rootfs->init ? bind_init(&root, err) : 0;
}

int rootfs_pivot(const struct rootfs *rootfs, struct error *err)
{
	trace("cd %q", rootfs->path);
	if (chdir(rootfs->path) < 0)
		return error_sys(err, "change to the root directory '%s'", rootfs->path);
	/* Both are ".": the old root ends up on top of the new one, in the same place, so that no
	 * directory for it has to be there. pivot_root(2), "pivot_root(".", ".")" */
	trace("pivot_root . .");
	if (syscall(SYS_pivot_root, ".", ".") < 0) {
		error_sys(err, "make '%s' the root", rootfs->path);
		return error_hint(err, EBUSY, "is it the root of this host?");
	}
	trace("umount -l .");
	if (umount2(".", MNT_DETACH) < 0)
		return error_sys(err, "let go of the old root");
	trace("cd /");
	if (chdir("/") < 0)
		return error_sys(err, "change to the new root");
	return 0;
}

int rootfs_bind_console(void *unused, struct error *err)
{
	AUTO_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), target = -1, fd = -1;

	(void)unused;
	if (root < 0)
		return error_sys(err, "open '/'");
	trace("touch /dev/console && mount --bind /dev/pts/0 /dev/console");
	target = mount_open_target(root, "/dev/console", false, err);
	fd = target < 0 ? -1 : mount_clone(STDIN_FILENO, false, err);
	if (fd < 0 || mount_attach(fd, target, "/dev/console", err) < 0)
		return error_wrap(err, "bind the terminal to '/dev/console'");
	return 0;
}

char *const *rootfs_command(const struct rootfs *rootfs, char *const *argv, struct strings *command)
{
	if (!rootfs->init)
		return argv;
	rootfs_init_command(argv, command);
	return command->items;
}

void rootfs_init_command(char *const *argv, struct strings *command)
{
	strings_add(command, ROOTFS_INIT);
	strings_add(command, "--");
	strings_add_argv(command, argv);
}
