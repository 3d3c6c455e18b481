/* overlayfs; see overlay.h. Read overlay_mount first. */
#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "cleanup.h"
#include "mounts.h"
#include "trace.h"

/* Docker's limit. The kernel's own is 500. */
#define LAYERS_MAX 128

/* mount(2) takes one page of options; pages are at least this large. */
#define OPTIONS_MAX 4096

/* The directories, open: what is missing is named before anything is mounted, and a descriptor is
 * short, whatever the path is. 0: none. */
struct directories {
	int layers[LAYERS_MAX];
	int upper, work, target;
};

static void close_directories(struct directories *dirs)
{
	for (size_t i = 0; i < LAYERS_MAX; i++)
		if (dirs->layers[i] > 0)
			close(dirs->layers[i]);
	if (dirs->upper > 0)
		close(dirs->upper);
	if (dirs->work > 0)
		close(dirs->work);
	if (dirs->target > 0)
		close(dirs->target);
}

/* Not O_PATH: fsconfig(2) takes such descriptors only since Linux 6.15. */
static int open_directory(const char *what, const char *path, int *fd, struct error *err)
{
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return error_sys(err, "open the %s directory '%s'", what, path);
	return 0;
}

static int open_directories(const struct overlay *overlay, const char *target,
			    struct directories *dirs, struct error *err)
{
	for (size_t i = 0; i < overlay->layers.count; i++)
		if (open_directory("layer", overlay->layers.items[i], &dirs->layers[i], err) < 0)
			return -1;
	if (overlay->upper && open_directory("upper", overlay->upper, &dirs->upper, err) < 0)
		return -1;
	if (overlay->upper && open_directory("work", overlay->work, &dirs->work, err) < 0)
		return -1;
	return open_directory("target", target, &dirs->target, err);
}

/* A colon divides layers, a comma options. */
static void add_escaped(struct text *options, const char *path)
{
	for (; *path; path++) {
		if (strchr(":,\\", *path))
			text_add_string(options, "\\");
		text_add(options, path, 1);
	}
}

/* Adds the options as mount(8) wants them. The kernel's order is top first. */
static void add_options(const struct overlay *overlay, struct text *options)
{
	for (size_t i = overlay->layers.count; i-- > 0;) {
		text_add_string(options, options->length ? ":" : "lowerdir=");
		add_escaped(options, overlay->layers.items[i]);
	}
	if (overlay->upper) {
		text_add_string(options, ",upperdir=");
		add_escaped(options, overlay->upper);
		text_add_string(options, ",workdir=");
		add_escaped(options, overlay->work);
	}
	text_add_string(options, ",userxattr,index=off");
}

/* The same by descriptor: at most 20 bytes for a layer, and nothing to escape. */
static void add_short_options(const struct overlay *overlay, const struct directories *dirs,
			      struct text *options)
{
	for (size_t i = overlay->layers.count; i-- > 0;)
		text_add_format(options, "%s/proc/self/fd/%d",
				options->length ? ":" : "lowerdir=", dirs->layers[i]);
	if (overlay->upper)
		text_add_format(options, ",upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d",
				dirs->upper, dirs->work);
	text_add_string(options, ",userxattr,index=off");
}

static int refuse(struct error *err)
{
	error_sys(err, "mount the overlay");
	error_hint(err, ENODEV, "this kernel has no overlayfs: try 'modprobe overlay'");
	return error_hint(
		err, EINVAL,
		"is the upper directory itself on an overlayfs, or the work directory on another file system?");
}

/* The road of Linux before 6.13: mount(2), one page of options. */
static int mount_by_path(const struct overlay *overlay, const struct directories *dirs,
			 const char *target, struct error *err)
{
	AUTO_TEXT struct text options = {0};

	add_options(overlay, &options);
	/* Real paths tell more in /proc/PID/mountinfo; but kernels differ in how they unescape. */
	if (options.length >= OPTIONS_MAX || strchr(options.data, '\\')) {
		text_release(&options);
		add_short_options(overlay, dirs, &options);
	}
	if (mount("overlay", target, "overlay", 0, options.data) < 0)
		return refuse(err);
	return 0;
}

static int set_descriptor(int fs, const char *name, int fd, struct error *err)
{
	if (fsconfig(fs, FSCONFIG_SET_FD, name, NULL, fd) < 0)
		return error_sys(err, "set the overlay's %s", name);
	return 0;
}

static int set_descriptors(int fs, const struct overlay *overlay, const struct directories *dirs,
			   struct error *err)
{
	for (size_t i = overlay->layers.count; i-- > 0;)
		if (set_descriptor(fs, "lowerdir+", dirs->layers[i], err) < 0)
			return -1;
	if (!overlay->upper)
		return 0;
	if (set_descriptor(fs, "upperdir", dirs->upper, err) < 0)
		return -1;
	return set_descriptor(fs, "workdir", dirs->work, err);
}

/* The road of Linux 6.13 and newer: no path, so no limit. Returns 1 if the kernel is older. */
static int mount_by_descriptor(const struct overlay *overlay, const struct directories *dirs,
			       const char *target, struct error *err)
{
	AUTO_CLOSE int fs = fsopen("overlay", FSOPEN_CLOEXEC), fd = -1;

	if (fs < 0)
		return refuse(err);
	if (set_descriptors(fs, overlay, dirs, err) < 0) {
		/* EOPNOTSUPP: before 6.5; EINVAL: before 6.13. */
		if (err->code == EOPNOTSUPP || err->code == EINVAL)
			return 1;
		return mount_explain(fs, err);
	}
	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", "overlay", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "index", "off", 0) < 0)
		return error_sys(err, "set the overlay's options");
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		refuse(err);
		return mount_explain(fs, err);
	}
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		return refuse(err);
	return mount_attach(fd, dirs->target, target, err);
}

/* The kernel wants an upper directory or two layers: one layer alone is a bind mount. */
static int bind_layer(const char *layer, const struct directories *dirs, const char *target,
		      struct error *err)
{
	AUTO_CLOSE int fd = -1;

	trace("mount --bind -o ro %q %q", layer, target);
	fd = mount_clone(dirs->layers[0], false, err);
	if (fd < 0 || mount_make_read_only(fd, false, err) < 0)
		return -1;
	return mount_attach(fd, dirs->target, target, err);
}

static void trace_mount(const struct overlay *overlay, const char *target)
{
	AUTO_TEXT struct text options = {0};

	add_options(overlay, &options);
	trace("mount -t overlay -o %q overlay %q", text_string(&options), target);
}

int overlay_mount(const struct overlay *overlay, const char *target, struct error *err)
{
	CLEANUP(close_directories) struct directories dirs = {0};
	int result;

	if (overlay->layers.count < 1 || overlay->layers.count > LAYERS_MAX)
		return error_set(err, EINVAL,
				 "mount an overlay of %zu layers: 1 to %d are possible",
				 overlay->layers.count, LAYERS_MAX);
	if (open_directories(overlay, target, &dirs, err) < 0)
		return -1;
	if (overlay->layers.count == 1 && !overlay->upper)
		return bind_layer(overlay->layers.items[0], &dirs, target, err);
	trace_mount(overlay, target);
	result = mount_by_descriptor(overlay, &dirs, target, err);
	if (result > 0)
		result = mount_by_path(overlay, &dirs, target, err);
	return result < 0 ? error_wrap(err, "mount overlay on '%s'", target) : 0;
}

bool overlay_owns_attribute(const char *name)
{
	return text_starts_with(name, "user.overlay.") ||
	       text_starts_with(name, "trusted.overlay.");
}
