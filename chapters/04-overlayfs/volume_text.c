/*
 * Volumes as text: -v, --mount, --tmpfs; see volume.h. The mistakes are told in Docker's words,
 * since people search for them.
 */
#include "volume.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "path.h"
#include "volume_mount.h"
#include "volume_tmpfs.h"

/* --- common ------------------------------------------------------------------------------------ */

static const char *type_word(enum volume_type type)
{
	static const char *const words[] = {"bind", "volume", "tmpfs"};

	return words[type];
}

static int check_target(const struct volumes *volumes, const char *target, struct error *err)
{
	AUTO_FREE char *normal = path_normal("/", target);

	if (*target != '/')
		return error_set(err, EINVAL,
				 "invalid mount path: '%s' mount path must be absolute", target);
	if (strcmp(normal, "/") == 0)
		return error_set(err, EINVAL, "invalid specification: destination can't be '/'");
	if (volumes_have_target(volumes, normal))
		return error_set(err, EEXIST, "Duplicate mount point: %s", normal);
	return 0;
}

/* Only a bad target is told with all that it belongs to. */
static int refuse_target(const char *text, const char *type, struct error *err)
{
	if (err->code == EEXIST)
		return -1;
	error_wrap(err, "invalid mount config for type \"%s\"", type);
	return text ? error_wrap(err, "invalid volume specification: '%s'", text) : -1;
}

/* As the docker command does: "./x" is below the current directory. The caller frees it. */
static char *absolute_source(const char *source)
{
	AUTO_FREE char *here = getcwd(NULL, 0);

	return path_normal(here ? here : "/", source);
}

static bool is_path(const char *source)
{
	return *source == '/' || strcmp(source, ".") == 0 || strcmp(source, "..") == 0 ||
	       text_starts_with(source, "./") || text_starts_with(source, "../");
}

static const char *const propagations[] = {"private", "rprivate", "slave",
					   "rslave",  "shared",	  "rshared"};

static const char *find_propagation(const char *word)
{
	for (size_t i = 0; i < ARRAY_LENGTH(propagations); i++)
		if (strcmp(propagations[i], word) == 0)
			return propagations[i];
	return NULL;
}

/* Takes over what the volume owns. */
static void add(struct volumes *volumes, struct volume *volume)
{
	volumes->items =
		memory_resized(volumes->items, volumes->count + 1, sizeof(*volumes->items));
	volumes->items[volumes->count++] = *volume;
	*volume = (struct volume){0};
}

/* --- -v ---------------------------------------------------------------------------------------- */

/* "SRC:DST:MODE" in its parts; those that are missing are NULL. */
struct parts {
	char *source, *target, *modes;
};

/* Each kind of mode at most once, and only where it has a meaning. */
static int set_mode(struct volume *volume, const char *mode, unsigned *seen)
{
	static const char *const ignored[] = {"cached", "delegated", "consistent"};
	const char *propagation = find_propagation(mode);
	unsigned kind = 0;

	if (strcmp(mode, "ro") == 0 || strcmp(mode, "rw") == 0) {
		volume->read_only = mode[1] == 'o';
		kind = 1;
	} else if (strcmp(mode, "z") == 0 || strcmp(mode, "Z") == 0) {
		kind = 2; /* labels of SELinux for files: they stay as they are, as on a host without it */
	} else if (propagation && volume->type == VOLUME_BIND) {
		volume->propagation = propagation;
		kind = 4;
	} else if (strcmp(mode, "nocopy") == 0 && volume->type == VOLUME_NAMED) {
		volume->no_copy = true;
		kind = 8;
	}
	for (size_t i = 0; !kind && i < ARRAY_LENGTH(ignored); i++)
		kind = strcmp(ignored[i], mode) == 0 ? 16 : 0;
	if (!kind || *seen & kind)
		return -1;
	*seen |= kind;
	return 0;
}

static int set_modes(struct volume *volume, const char *modes, struct error *err)
{
	AUTO_FREE char *copy = memory_string(modes ? modes : "");
	char *rest = copy, *mode;
	unsigned seen = 0;

	if (!modes || !*modes)
		return 0;
	while ((mode = strsep(&rest, ",")))
		if (set_mode(volume, mode, &seen) < 0)
			return error_set(err, EINVAL, "invalid mode: %s", modes);
	return 0;
}

static int split(char *copy, const char *text, struct parts *parts, struct error *err)
{
	char *rest = copy;

	parts->source = strsep(&rest, ":");
	parts->target = strsep(&rest, ":");
	parts->modes = strsep(&rest, ":");
	if (rest || !*parts->source || (parts->target && !*parts->target))
		return error_set(err, EINVAL, "invalid volume specification: '%s'", text);
	if (!parts->target) {
		parts->target = parts->source;
		parts->source = NULL;
	}
	return 0;
}

int volumes_add(struct volumes *volumes, const char *text, struct error *err)
{
	AUTO_FREE char *copy = memory_string(text);
	AUTO_VOLUME struct volume volume = {0};
	struct parts parts;

	if (split(copy, text, &parts, err) < 0)
		return -1;
	volume.type = parts.source && is_path(parts.source) ? VOLUME_BIND : VOLUME_NAMED;
	if (set_modes(&volume, parts.modes, err) < 0)
		return -1;
	if (check_target(volumes, parts.target, err) < 0)
		return refuse_target(text, type_word(volume.type), err);
	if (volume.type == VOLUME_NAMED && parts.source && volume_check_name(parts.source, err) < 0)
		return -1;
	if (volume.type == VOLUME_BIND)
		volume.source = absolute_source(parts.source);
	else if (parts.source)
		volume.source = memory_string(parts.source);
	volume.target = path_normal("/", parts.target);
	add(volumes, &volume);
	return 0;
}

int volume_check_name(const char *name, struct error *err)
{
	bool fine = isalnum((unsigned char)*name);

	for (const char *at = name; fine && *at; at++)
		fine = isalnum((unsigned char)*at) || strchr("_.-", *at);
	if (!fine || strlen(name) > 255)
		return error_set(
			err, EINVAL,
			"create %s: \"%s\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path",
			name, name);
	if (!name[1])
		return error_set(
			err, EINVAL,
			"create %s: volume name is too short, names should be at least two alphanumeric characters",
			name);
	return 0;
}

int volume_check_driver(const char *driver, struct error *err)
{
	if (strcmp(driver, "local") == 0)
		return 0;
	return error_set(err, ENOTSUP, "error looking up volume plugin %s: plugin \"%s\" not found",
			 driver, driver);
}

/* --- --mount ----------------------------------------------------------------------------------- */

/* Whether a path is relative, and ".." leads nowhere above its beginning. */
static bool is_local(const char *path)
{
	int depth = 0;

	if (*path == '/')
		return false;
	for (size_t length; *path && depth >= 0; path += length, path += strspn(path, "/")) {
		length = strcspn(path, "/");
		if (length == 2 && path[0] == '.' && path[1] == '.')
			depth--;
		else if (length != 1 || *path != '.')
			depth++;
	}
	return depth >= 0;
}

static int check_mount(const struct volumes *volumes, const struct volume *volume,
		       struct error *err)
{
	const char *source = volume->source;

	if (check_target(volumes, volume->target, err) < 0)
		return -1;
	if (volume->type == VOLUME_BIND && !source)
		return error_set(err, EINVAL, "field Source must not be empty");
	if (volume->type == VOLUME_BIND && *source != '/')
		return error_set(err, EINVAL,
				 "invalid mount path: '%s' mount path must be absolute", source);
	if (volume->type == VOLUME_TMPFS && source)
		return error_set(err, EINVAL, "field Source must not be specified");
	if (volume->subpath && !source)
		return error_set(err, EINVAL, "must not set Subpath when using anonymous volumes");
	if (volume->subpath && !is_local(volume->subpath))
		return error_set(err, EINVAL, "subpath must be a relative path within the volume");
	if (volume->type == VOLUME_NAMED && !source && volume->read_only)
		return error_set(err, EINVAL,
				 "must not set ReadOnly mode when using anonymous volumes");
	return 0;
}

int volumes_add_mount(struct volumes *volumes, const char *text, struct error *err)
{
	AUTO_VOLUME struct volume volume = {0};
	char *normal;

	if (volume_parse_mount(text, &volume, err) < 0)
		return -1;
	volume.propagation = volume.propagation ? find_propagation(volume.propagation) : NULL;
	if (volume.source && volume.type == VOLUME_NAMED &&
	    volume_check_name(volume.source, err) < 0)
		return -1;
	if (volume.source && is_path(volume.source)) {
		normal = absolute_source(volume.source);
		cleanup_memory(&volume.source);
		volume.source = normal;
	}
	if (check_mount(volumes, &volume, err) < 0)
		return refuse_target(NULL, type_word(volume.type), err);
	normal = path_normal("/", volume.target);
	cleanup_memory(&volume.target);
	volume.target = normal;
	add(volumes, &volume);
	return 0;
}

/* --- --tmpfs, and what we add ------------------------------------------------------------------ */

int volumes_add_tmpfs(struct volumes *volumes, const char *text, struct error *err)
{
	AUTO_VOLUME struct volume volume = {.type = VOLUME_TMPFS};
	AUTO_FREE char *target = memory_format("%.*s", (int)strcspn(text, ":"), text);
	const char *options = strchr(text, ':');

	if (check_target(volumes, target, err) < 0)
		return refuse_target(NULL, "tmpfs", err);
	if (volume_tmpfs_options(options ? options + 1 : "", &volume.tmpfs_options, err) < 0)
		return -1;
	volume.target = path_normal("/", target);
	add(volumes, &volume);
	return 0;
}

void volumes_add_file(struct volumes *volumes, const char *source, const char *target,
		      bool read_only)
{
	struct volume volume = {.source = memory_string(source),
				.target = memory_string(target),
				.read_only = read_only};

	add(volumes, &volume);
}

void volumes_add_named(struct volumes *volumes, const char *name, const char *target)
{
	struct volume volume = {.type = VOLUME_NAMED,
				.source = name ? memory_string(name) : NULL,
				.target = path_normal("/", target)};

	add(volumes, &volume);
}

void volumes_add_copy(struct volumes *volumes, const struct volume *volume)
{
	struct volume copy = *volume;

	copy.source = volume->source ? memory_string(volume->source) : NULL;
	copy.target = memory_string(volume->target);
	copy.tmpfs_options = volume->tmpfs_options ? memory_string(volume->tmpfs_options) : NULL;
	copy.subpath = volume->subpath ? memory_string(volume->subpath) : NULL;
	copy.labels = copy.driver_options = (struct strings){0};
	strings_add_all(&copy.labels, &volume->labels);
	strings_add_all(&copy.driver_options, &volume->driver_options);
	copy.tree = 0;
	add(volumes, &copy);
}

bool volumes_have_target(const struct volumes *volumes, const char *target)
{
	for (size_t i = 0; i < volumes->count; i++)
		if (strcmp(volumes->items[i].target, target) == 0)
			return true;
	return false;
}

/* --- for the record of a container --------------------------------------------------------------- */

static void write_modes(const struct volume *volume, struct text *text)
{
	const char *modes[] = {volume->read_only ? "ro" : NULL, volume->propagation,
			       volume->no_copy ? "nocopy" : NULL};
	char before = ':';

	for (size_t i = 0; i < ARRAY_LENGTH(modes); i++)
		if (modes[i]) {
			text_add_format(text, "%c%s", before, modes[i]);
			before = ',';
		}
}

void volume_write(const struct volume *volume, struct text *text)
{
	if (volume->by_mount || volume->type == VOLUME_TMPFS) {
		volume_write_mount(volume, text);
		return;
	}
	if (volume->source)
		text_add_format(text, "%s:", volume->source);
	text_add_string(text, volume->target);
	write_modes(volume, text);
}

int volumes_read(struct volumes *volumes, const char *text, struct error *err)
{
	return text_starts_with(text, "type=") ? volumes_add_mount(volumes, text, err)
					       : volumes_add(volumes, text, err);
}

void volume_release(struct volume *volume)
{
	if (volume->tree > 0)
		cleanup_fd(&volume->tree);
	cleanup_memory(&volume->source);
	cleanup_memory(&volume->target);
	cleanup_memory(&volume->tmpfs_options);
	cleanup_memory(&volume->subpath);
	strings_release(&volume->labels);
	strings_release(&volume->driver_options);
	*volume = (struct volume){0};
}

void volumes_release(struct volumes *volumes)
{
	for (size_t i = 0; i < volumes->count; i++)
		volume_release(&volumes->items[i]);
	cleanup_memory(&volumes->items);
	volumes->count = 0;
}
