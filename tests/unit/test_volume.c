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
#define overlay_owns_attribute copy_of_overlay_owns_attribute
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
		{"n/x:/b",
		 "create n/x: \"n/x\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path"},
		{"n:/b",
		 "create n: volume name is too short, names should be at least two alphanumeric characters"},
		{"/a:/b:ro,rw", "invalid mode: ro,rw"},
		{"/a:/b:nocopy", "invalid mode: nocopy"},
		{"name:/b:rshared", "invalid mode: rshared"},
	};
	AUTO_VOLUMES struct volumes volumes = {0};
	struct error err;

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		volumes_add(&volumes, rows[i].text, &err);
		is(err.text, rows[i].words, rows[i].text);
	}
	is_number((long long)volumes.count, 0, "none of them was added");
}

static void test_mounts(void)
{
	/* as given; as it is written again; or the words of the refusal */
	static const struct {
		const char *text, *written;
	} rows[] = {
		{"type=bind,src=/a,dst=/b//,ro", "type=bind,source=/a,target=/b,readonly=true"},
		{"\"type=bind\",\"source=/a,\"\"x\",target=/b",
		 "type=bind,\"source=/a,\"\"x\",target=/b"},
		{"TYPE=bind,source=/a,target=/b,bind-propagation=rslave,bind-recursive=disabled",
		 "type=bind,source=/a,target=/b,bind-propagation=rslave,bind-recursive=disabled"},
		{"source=name,target=/b,volume-nocopy",
		 "type=volume,source=name,target=/b,volume-nocopy=true"},
		{"target=/b", "type=volume,target=/b"},
		{"type=tmpfs,target=/b,tmpfs-size=64m,tmpfs-mode=1770",
		 "type=tmpfs,target=/b,\"tmpfs-options=noexec,nosuid,nodev,size=67108864,mode=1770\""},
		{"type=bind", "target is required"},
		{"type=bind,target", "invalid field 'target' must be a key=value pair"},
		{"type=bind,target=/b,x=y", "unexpected key 'x' in 'x=y'"},
		{"type=bind,source=/a,target=/b,ro=yes", "invalid value for ro: yes"},
		{"type=bind,source=/a,target=/b,volume-nocopy",
		 "cannot mix 'volume-*' options with mount type 'bind'"},
		{"type=bind,target=/b",
		 "invalid mount config for type \"bind\": field Source must not be empty"},
		{"type=tmpfs,source=/a,target=/b",
		 "invalid mount config for type \"tmpfs\": field Source must not be specified"},
		{"type=tmpfs,target=/b,tmpfs-mode=9", "invalid value for tmpfs-mode: 9"},
		{"type=tmpfs,target=/b,\"tmpfs-options=nosuid,nodev,size=1m\"",
		 "type=tmpfs,target=/b,\"tmpfs-options=nosuid,nodev,size=1m\""},
		{"type=npipe,target=/b",
		 "invalid mount config for type \"npipe\": mount type unknown"},
		{"type=bind,source=/a,target=/b,bind-recursive=readonly,ro",
		 "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		AUTO_VOLUMES struct volumes volumes = {0}, again = {0};
		AUTO_TEXT struct text text = {0}, twice = {0};
		struct error err = {.text = ""};

		if (volumes_add_mount(&volumes, rows[i].text, &err) < 0) {
			is(err.text, rows[i].written, rows[i].text);
			continue;
		}
		volume_write(&volumes.items[0], &text);
		is(text_string(&text), rows[i].written, rows[i].text);
		volumes_read(&again, text_string(&text), &err);
		if (again.count)
			volume_write(&again.items[0], &twice);
		is(text_string(&twice), rows[i].written, "and read again, the same");
	}
}

static void test_tmpfs(void)
{
	static const struct {
		const char *text, *options;
	} rows[] = {
		{"/a", "noexec,nosuid,nodev"},
		{"/a:exec,size=1m,size=2m", "nosuid,nodev,size=2m"},
		{"/a:dev,nodev,ro,mode=700", "noexec,nosuid,nodev,ro,mode=700"},
		{"/a:rw,,suid", "noexec,nodev"},
		{"/a:bad=1", "invalid tmpfs option [\"bad=1\"]"},
		{"/a:size", "invalid tmpfs option [\"size\"]"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		AUTO_VOLUMES struct volumes volumes = {0};
		struct error err;
		int result = volumes_add_tmpfs(&volumes, rows[i].text, &err);

		is(result < 0 ? err.text : volumes.items[0].tmpfs_options, rows[i].options,
		   rows[i].text);
	}
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

/* An upper directory over so many layers. */
static void test_road(__typeof__(mount_by_path) *road, const char *dir, size_t count)
{
	AUTO_FREE char *upper = make_layer(dir, "upper"), *work = path_join(dir, "work");
	AUTO_FREE char *target = path_join(dir, "target");
	CLEANUP(close_directories) struct directories dirs = {0};
	struct overlay overlay = {.upper = upper, .work = work};
	struct error err = {.text = ""};
	AUTO_FREE char *first = NULL;
	int result;

	mkdir(work, 0755);
	mkdir(target, 0755);
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *name = memory_format("a,b:c\\d %0150zu", i);
		AUTO_FREE char *layer = make_layer(dir, name);

		strings_add(&overlay.layers, layer);
		if (i == 0)
			first = take_ptr(&name);
	}
	result = open_directories(&overlay, target, &dirs, &err);
	if (result == 0)
		result = road(&overlay, &dirs, target, &err);
	/* 1: this kernel is older than the road. */
	if (!ok(result >= 0, count > 1 ? "128 layers, far more than a page of paths" : "one layer"))
		printf("# %s\n", err.text);
	ok(result > 0 || (exists(target, "upper") && exists(target, first)),
	   "the upper directory and the lowest are seen, whatever their names");
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
	test_road(mount_by_descriptor, dir, 1);
	test_road(mount_by_path, dir, 1);
	test_road(mount_by_descriptor, dir, LAYERS_MAX);
	test_road(mount_by_path, dir, LAYERS_MAX);
	path_remove_tree(dir, &err);
}

int main(void)
{
	test_specifications();
	test_refusals();
	test_mounts();
	test_tmpfs();
	test_options();
	test_roads();
	return tap_done();
}
