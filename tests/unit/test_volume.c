/* Chapter 04: what -v means, and both roads to an overlay. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"
#include "tap.h"
#include "volume.h"

/* A copy of the module, for its static functions: this kernel takes only one of the roads. */
#define overlay_mount copy_of_overlay_mount
#include "../../chapters/04-overlayfs/overlay.c"

static void test_specifications(void)
{
	AUTO_VOLUMES struct volumes volumes = {0};
	AUTO_FREE char *here = getcwd(NULL, 0);
	AUTO_FREE char *below = path_join(here, "x/z");
	struct error err;

	is_number(volumes_add(&volumes, "/a/./b//:/c/../d/:ro", &err), 0, "a bind mount");
	is(volumes.items[0].source, "/a/b", "the source is in normal form");
	is(volumes.items[0].target, "/d", "so is the target");
	ok(volumes.items[0].read_only, "ro is read-only");
	is_number(volumes_add(&volumes, "./x/y/../z:/e", &err), 0, "a relative source");
	is(volumes.items[1].source, below, "it is below the current directory");
	ok(!volumes.items[1].read_only, "nothing is read-write");
	is_number(volumes_add(&volumes, "/a:/f:", &err), 0, "an empty mode is none");
	is_number(volumes_add(&volumes, "/a:/d", &err), -1, "a target is taken once");
	is_number((long long)volumes.count, 3, "a mistake adds nothing");
}

static void test_refusals(void)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"", "invalid volume specification: ''"},
		{":", "invalid volume specification: ':'"},
		{"/a:", "invalid volume specification: '/a:'"},
		{"/a:/b:rw:", "invalid volume specification: '/a:/b:rw:'"},
		{"/a:/b:RO", "invalid mode: RO"},
		{"/a:..",
		 "invalid volume specification: '/a:..': invalid mount config for type \"bind\": invalid mount path: '..' mount path must be absolute"},
		{"/a:/b/..",
		 "invalid volume specification: '/a:/b/..': invalid mount config for type \"bind\": invalid specification: destination can't be '/'"},
		{"name:/b",
		 "named volume 'name': named volumes come later; give a host path, './name' for a relative one"},
		{"/b",
		 "anonymous volume '/b': volumes without a host path come later; give HOST:CONTAINER"},
	};
	AUTO_VOLUMES struct volumes volumes = {0};
	struct error err;

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		volumes_add(&volumes, rows[i].text, &err);
		is(err.text, rows[i].words, rows[i].text);
	}
	is_number((long long)volumes.count, 0, "none of them was added");
}

static void test_options(void)
{
	AUTO_TEXT struct text options = {0};
	struct overlay overlay = {.upper = "/u,p", .work = "/w"};
	struct error err;

	strings_add(&overlay.layers, "/bottom");
	strings_add(&overlay.layers, "/t:o\\p");
	add_options(&overlay, &options);
	is(options.data,
	   "lowerdir=/t\\:o\\\\p:/bottom,upperdir=/u\\,p,workdir=/w,userxattr,index=off",
	   "the top comes first, and separators are escaped");
	errno = ENODEV;
	refuse(&err);
	is(err.text,
	   "mount the overlay: No such device (this kernel has no overlayfs: try 'modprobe overlay')",
	   "a kernel without overlayfs is said to be one");
	strings_release(&overlay.layers);
}

/* Makes DIR/NAME with a file of the same name in it. Returns the path. */
static char *make_layer(const char *dir, const char *name)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_FREE char *file = path_join(path, name);
	struct error err;

	path_make_dirs(path, 0755, &err);
	close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	return take_ptr(&path);
}

static bool exists(const char *dir, const char *name)
{
	AUTO_FREE char *path = path_join(dir, name);

	return access(path, F_OK) == 0;
}

static void test_road(__typeof__(mount_by_path) *road, const char *dir, const char *name)
{
	AUTO_FREE char *upper = make_layer(dir, "upper"), *work = path_join(dir, "work");
	AUTO_FREE char *target = path_join(dir, "target"), *layer = make_layer(dir, "a,b:c\\d");
	CLEANUP(close_directories) struct directories dirs = {0};
	struct overlay overlay = {.upper = upper, .work = work};
	struct error err = {.text = ""};
	int result;

	mkdir(work, 0755);
	mkdir(target, 0755);
	strings_add(&overlay.layers, layer);
	result = open_directories(&overlay, target, &dirs, &err);
	if (result == 0)
		result = road(&overlay, &dirs, target, &err);
	/* 1: this kernel is older than the road. */
	ok(result >= 0, name);
	if (result < 0)
		printf("# %s\n", err.text);
	ok(result > 0 || (exists(target, "upper") && exists(target, "a,b:c\\d")),
	   "both directories are seen, whatever their names");
	umount(target);
	strings_release(&overlay.layers);
}

static void test_roads(void)
{
	char dir[] = "/var/tmp/test-overlay.XXXXXX";
	struct error err;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || !mkdtemp(dir)) {
		ok(true, "the roads need root # skip");
		return;
	}
	test_road(mount_by_descriptor, dir, "an overlay by descriptors");
	test_road(mount_by_path, dir, "an overlay by mount(2)");
	path_remove_tree(dir, &err);
}

int main(void)
{
	test_specifications();
	test_refusals();
	test_options();
	test_roads();
	return tap_done();
}
