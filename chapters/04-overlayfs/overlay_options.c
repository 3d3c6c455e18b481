/* The options of chapter 04; see overlay_options.h. */
#include "overlay_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "path.h"

static int option_volume(void *field, const char *value, struct error *err)
{
	return volumes_add(field, value, err);
}

static int option_mount(void *field, const char *value, struct error *err)
{
	return volumes_add_mount(field, value, err);
}

static int option_tmpfs(void *field, const char *value, struct error *err)
{
	return volumes_add_tmpfs(field, value, err);
}

const struct option_row storage_option_rows[] = {
	{"read-only", 0, NULL, option_flag, offsetof(struct storage_options, read_only),
	 "Mount / read-only", "MOUNT_ATTR_RDONLY", "mount_setattr(2)"},
	{"volume", 'v', "[SRC:]DST[:ro]", option_volume, offsetof(struct storage_options, volumes),
	 "Mount a directory or file of the host, or a volume", "open_tree and move_mount",
	 "mount(8)"},
	{"mount", 0, "type=TYPE,KEY=VALUE", option_mount, offsetof(struct storage_options, volumes),
	 "Mount a bind, volume or tmpfs: source, target, readonly, …", "open_tree and move_mount",
	 "mount(8)"},
	{"tmpfs", 0, "DST[:OPTIONS]", option_tmpfs, offsetof(struct storage_options, volumes),
	 "Mount a file system in memory", "tmpfs", "tmpfs(5)"},
	{0},
};

const struct option_row layer_option_rows[] = {
	{"layer", 0, "DIR", option_strings, offsetof(struct layer_options, layers),
	 "A layer of /; the first one is the bottom", "lowerdir", "mount(8)"},
	{"upper", 0, "DIR", option_string, offsetof(struct layer_options, upper),
	 "Keep what is written in DIR, made if missing", "upperdir", "mount(8)"},
	{0},
};

void storage_options_release(struct storage_options *options)
{
	volumes_release(&options->volumes);
}

static int make_absolute(char **path, struct error *err)
{
	AUTO_FREE char *here = getcwd(NULL, 0);
	AUTO_FREE char *absolute = NULL;

	if (!here)
		return error_sys(err, "find the current directory");
	absolute = path_normal(here, *path);
	cleanup_memory(path);
	*path = take_ptr(&absolute);
	return 0;
}

static int check_layer(char **layer, struct error *err)
{
	AUTO_FREE char *absolute = realpath(*layer, NULL);
	struct stat st;

	if (!absolute || stat(absolute, &st) < 0)
		return error_sys(err, "find the layer '%s'", *layer);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "the layer '%s' is not a directory", *layer);
	cleanup_memory(layer);
	*layer = take_ptr(&absolute);
	return 0;
}

int layer_options_check(struct layer_options *options, const char *userns, struct error *err)
{
	if (options->layers.count == 0)
		return error_set(err, EINVAL, "a layer is missing: --layer DIR");
	/* Owners are mapped by a mount, and overlayfs wants upper and work directory on one. */
	if (options->upper && userns && strcmp(userns, "auto") == 0)
		return error_set(err, EINVAL, "--upper does not go with --userns auto");
	for (size_t i = 0; i < options->layers.count; i++)
		if (check_layer(&options->layers.items[i], err) < 0)
			return -1;
	/* It may be missing: it is made later. */
	return options->upper ? make_absolute(&options->upper, err) : 0;
}

void layer_options_release(struct layer_options *options)
{
	strings_release(&options->layers);
	cleanup_memory(&options->upper);
}
