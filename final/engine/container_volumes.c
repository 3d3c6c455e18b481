/* The volumes of one container; see container_volumes.h. */
#include "container_volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"
#include "process.h"
#include "trace.h"
#include "tree_copy.h"
#include "visit.h"
#include "volume_store.h"

int container_volumes_read(const struct container_config *config, struct volumes *volumes,
			   struct error *err)
{
	for (size_t i = 0; i < config->volumes.count; i++)
		if (volumes_read(volumes, config->volumes.items[i], err) < 0)
			return -1;
	return 0;
}

static void write_all(const struct volumes *volumes, struct strings *texts)
{
	strings_release(texts);
	for (size_t i = 0; i < volumes->count; i++) {
		AUTO_TEXT struct text text = {0};

		volume_write(&volumes->items[i], &text);
		strings_add(texts, text_string(&text));
	}
}

/* --- which ones ---------------------------------------------------------------------------------- */

/* What the container's own options put in the same place comes first. */
static void add_those_of(const struct volumes *theirs, bool read_only, struct volumes *volumes)
{
	for (size_t i = 0; i < theirs->count; i++) {
		if (theirs->items[i].type == VOLUME_TMPFS ||
		    volumes_have_target(volumes, theirs->items[i].target))
			continue;
		volumes_add_copy(volumes, &theirs->items[i]);
		volumes->items[volumes->count - 1].read_only |= read_only;
	}
}

static int add_from(const struct engine *engine, const char *from, struct volumes *volumes,
		    struct error *err)
{
	AUTO_FREE char *name = memory_format("%.*s", (int)strcspn(from, ":"), from);
	const char *mode = from[strlen(name)] ? from + strlen(name) + 1 : "rw";
	AUTO_CONTAINER struct container container = {0};
	AUTO_VOLUMES struct volumes theirs = {0};

	if (!*name)
		return error_set(err, EINVAL, "malformed volumes-from specification: ''");
	if (strcmp(mode, "ro") != 0 && strcmp(mode, "rw") != 0)
		return error_set(err, EINVAL, "invalid mode for volumes-from: %s", mode);
	if (container_find(engine, name, &container, err) < 0 ||
	    container_volumes_read(&container.config, &theirs, err) < 0)
		return -1;
	add_those_of(&theirs, strcmp(mode, "ro") == 0, volumes);
	return 0;
}

static int add_those_of_image(const struct image *image, struct volumes *volumes, struct error *err)
{
	for (size_t i = 0; i < image->config.volumes.count; i++) {
		AUTO_FREE char *target = path_normal("/", image->config.volumes.items[i]);

		if (strcmp(target, "/") == 0)
			return error_set(err, EINVAL,
					 "invalid specification: destination can't be '/'");
		if (!volumes_have_target(volumes, target))
			volumes_add_named(volumes, NULL, target);
	}
	return 0;
}

/* --- making and filling -------------------------------------------------------------------------- */

/* What is to be filled, and with what. */
struct filling {
	const struct engine *engine;
	const struct volume *volume;
	const char *path; /* of the volume */
	bool in_place;	  /* it is a directory of the host's */
};

static int copy_into(int from, const char *path, struct error *err)
{
	AUTO_TREE_COPY struct tree_copy copy = {0};
	AUTO_CLOSE int to = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (to < 0)
		return error_sys(err, "open '%s'", path);
	return tree_copy_contents(&copy, from, to, err);
}

/* Copies beside, and takes the place of the empty directory by one rename: a volume is empty or has
 * all. Where another container uses it, which may start at this moment and mount the empty directory,
 * that must stay. */
static int fill(const struct filling *filling, int from, struct error *err)
{
	AUTO_FREE char *staged = memory_format("%s.new", filling->path);
	AUTO_STRINGS struct strings users = {0};

	trace("cp -a --no-target-directory IMAGE%q %q", filling->volume->target, filling->path);
	if (volume_store_users(filling->engine, filling->volume->source, &users, err) < 0)
		return -1;
	if (users.count || filling->in_place)
		return copy_into(from, filling->path, err);
	if (path_remove_tree(staged, err) < 0)
		return -1;
	if (mkdir(staged, 0755) < 0)
		return error_sys(err, "make directory '%s'", staged);
	if (copy_into(from, staged, err) < 0)
		return -1;
	if (rename(staged, filling->path) < 0)
		return error_sys(err, "rename '%s' to '%s'", staged, filling->path);
	return 0;
}

/* A visitor of the image. */
static int fill_from_image(void *context, int root_fd, struct error *err)
{
	const struct filling *filling = context;
	struct error none;
	AUTO_CLOSE int from = path_open_in_root(root_fd, filling->volume->target,
						O_RDONLY | O_DIRECTORY, 0, &none);

	if (from >= 0)
		return fill(filling, from, err);
	if (none.code == ENOENT || none.code == ENOTDIR)
		return 0;
	*err = none;
	return -1;
}

/* Docker's words, and what its client makes of them. */
static int refuse_device(const char *path, const struct stored_volume *stored, struct error *err)
{
	if (!stored->options.count)
		return error_sys(err, "open volume '%s'", path);
	error_set(err, PROCESS_NOT_FOUND,
		  "error while mounting volume '%s': failed to mount local volume: mount %s:%s: %s",
		  stored->path, path, stored->path, strerror(errno));
	return -1;
}

static int fill_if_empty(const struct engine *engine, const struct image *image,
			 const struct volume *volume, const struct stored_volume *stored,
			 struct error *err)
{
	const char *path = stored_volume_source(stored);
	struct filling filling = {engine, volume, path, stored->options.count > 0};
	const struct visitor visitor = {fill_from_image, &filling};
	AUTO_CLOSE int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int empty;

	/* What is in memory begins empty each time; and an image's directory is not a part of one. */
	if (!path || volume->no_copy || volume->subpath)
		return 0;
	empty = fd < 0 ? refuse_device(path, stored, err) : tree_is_empty(fd, err);
	if (empty <= 0)
		return empty;
	if (visit_layers(engine, &image->layers, &visitor, err) < 0)
		return error_wrap(err, "fill volume '%s'", volume->source);
	return 0;
}

static int claim(const struct engine *engine, const struct image *image, const char *id,
		 struct volume *volume, struct error *err)
{
	const struct stored_volume wanted = {.name = volume->source,
					     .made_for = volume->source ? NULL : (char *)id,
					     .labels = volume->labels,
					     .options = volume->driver_options};
	AUTO_STORED_VOLUME struct stored_volume stored = {0};

	if (volume->type != VOLUME_NAMED)
		return 0;
	if (volume_store_create(engine, &wanted, &stored, err) < 0)
		return -1;
	if (!volume->source)
		volume->source = memory_string(stored.name);
	return fill_if_empty(engine, image, volume, &stored, err);
}

static int claim_all(const struct engine *engine, const struct image *image, const char *id,
		     struct volumes *volumes, struct error *err)
{
	AUTO_CLOSE int lock = volume_store_lock(engine, err);

	if (lock < 0)
		return -1;
	for (size_t i = 0; i < volumes->count; i++)
		if (claim(engine, image, id, &volumes->items[i], err) < 0)
			return -1;
	return 0;
}

int container_claim_volumes(const struct engine *engine, const struct image *image,
			    const struct strings *from, struct container_config *config,
			    struct error *err)
{
	AUTO_VOLUMES struct volumes volumes = {0};
	int result;

	if (container_volumes_read(config, &volumes, err) < 0)
		return -1;
	for (size_t i = 0; i < from->count; i++)
		if (add_from(engine, from->items[i], &volumes, err) < 0)
			return -1;
	if (add_those_of_image(image, &volumes, err) < 0)
		return -1;
	if (volumes.count == 0)
		return 0;
	result = claim_all(engine, image, config->id, &volumes, err);
	write_all(&volumes, &config->volumes);
	if (result < 0)
		volume_store_remove_made_for(engine, config->id, &config->volumes);
	return result;
}

/* --- for the mounts ------------------------------------------------------------------------------ */

static int find_stored(const struct engine *engine, const struct volume *volume,
		       struct stored_volume *stored, struct error *err)
{
	const struct stored_volume wanted = {.name = volume->source,
					     .labels = volume->labels,
					     .options = volume->driver_options};
	AUTO_CLOSE int lock = -1;

	if (volume_store_find(engine, volume->source, stored, err) == 0)
		return 0;
	lock = err->code == ENOENT ? volume_store_lock(engine, err) : -1;
	return lock < 0 ? -1 : volume_store_create(engine, &wanted, stored, err);
}

/* A bind of its directory; or a tmpfs, with just the options that it was made with. */
static int turn_into_mount(const struct engine *engine, struct volume *volume, struct error *err)
{
	AUTO_STORED_VOLUME struct stored_volume stored = {0};
	const char *source, *options;

	if (find_stored(engine, volume, &stored, err) < 0)
		return -1;
	source = stored_volume_source(&stored);
	options = stored_volume_option(&stored, "o");
	if (source && access(source, F_OK) < 0)
		return refuse_device(source, &stored, err);
	cleanup_memory(&volume->source);
	volume->source = source ? memory_string(source) : NULL;
	volume->type = source ? VOLUME_BIND : VOLUME_TMPFS;
	volume->read_only |= stored_volume_has_flag(&stored, "ro");
	volume->whole_options = true;
	if (!source)
		volume->tmpfs_options = memory_format("%s%s%s", options ? options : "",
						      options && *options ? "," : "",
						      volume->read_only ? "ro" : "rw");
	return 0;
}

int container_volumes(const struct engine *engine, const struct container_config *config,
		      bool with_tmpfs, struct volumes *volumes, struct error *err)
{
	AUTO_VOLUMES struct volumes all = {0};

	if (container_volumes_read(config, &all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.count; i++) {
		struct volume *volume = &all.items[i];

		if (volume->type == VOLUME_NAMED && turn_into_mount(engine, volume, err) < 0)
			return -1;
		if (volume->type != VOLUME_TMPFS || with_tmpfs)
			volumes_add_copy(volumes, volume);
	}
	return volumes_prepare(volumes, err);
}
