/* Volumes that the engine keeps; see volume_store.h. */
#include "volume_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "container.h"
#include "events.h"
#include "file.h"
#include "json.h"
#include "path.h"
#include "record.h"
#include "trace.h"
#include "volume.h"

#define RECORD_BYTES_MAX (1 << 20)

/* --- places -------------------------------------------------------------------------------------- */

static char *place(const struct engine *engine, const char *name)
{
	return memory_format("%s/volumes/%s", engine->root, name);
}

int volume_store_lock(const struct engine *engine, struct error *err)
{
	AUTO_FREE char *dir = path_join(engine->root, "volumes");
	AUTO_FREE char *path = path_join(dir, ".lock");
	AUTO_CLOSE int fd = -1;

	/* Root's alone: a volume may hold a setuid program that somebody left there. */
	if (path_make_dirs(dir, 0700, err) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, "open lock '%s'", path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_sys(err, "lock '%s'", path);
	return take_fd(&fd);
}

/* --- the record ---------------------------------------------------------------------------------- */

static int write_record(const struct stored_volume *volume, const char *dir, struct error *err)
{
	AUTO_FREE char *path = path_join(dir, "volume.json");
	AUTO_JSON cJSON *json = cJSON_CreateObject();
	AUTO_TEXT struct text text = {0};

	cJSON_AddStringToObject(json, "created_at", volume->created_at);
	if (volume->made_for)
		cJSON_AddStringToObject(json, "made_for", volume->made_for);
	cJSON_AddBoolToObject(json, "anonymous", volume->anonymous);
	json_add_strings(json, "labels", &volume->labels);
	if (volume->options.count)
		json_add_strings(json, "options", &volume->options);
	json_print(json, true, &text);
	return file_replace(path, &text, 0600, true, err);
}

static int read_record(struct stored_volume *volume, struct error *err)
{
	AUTO_FREE char *path = path_join(volume->dir, "volume.json");
	const char *created_at = "", *made_for = NULL;
	AUTO_TEXT struct text text = {0};
	AUTO_JSON cJSON *json = NULL;

	if (file_read(AT_FDCWD, path, RECORD_BYTES_MAX, &text, err) < 0)
		return -1;
	json = json_parse(path, text.data, text.length, err);
	if (!json || json_get_string(json, "created_at", &created_at, err) < 0 ||
	    json_get_string(json, "made_for", &made_for, err) < 0 ||
	    json_get_bool(json, "anonymous", &volume->anonymous, err) < 0 ||
	    json_get_strings(json, "labels", &volume->labels, err) < 0 ||
	    json_get_strings(json, "options", &volume->options, err) < 0)
		return -1;
	volume->created_at = memory_string(created_at);
	volume->made_for = made_for ? memory_string(made_for) : NULL;
	return 0;
}

int volume_store_find(const struct engine *engine, const char *name, struct stored_volume *volume,
		      struct error *err)
{
	AUTO_STORED_VOLUME struct stored_volume found = {0};

	if (volume_check_name(name, err) < 0)
		return error_set(err, ENOENT, "get %s: no such volume", name);
	found.name = memory_string(name);
	found.dir = place(engine, name);
	found.path = path_join(found.dir, "_data");
	if (read_record(&found, err) < 0) {
		if (err->code == ENOENT)
			return error_set(err, ENOENT, "get %s: no such volume", name);
		return error_wrap(err, "read the record of volume '%s'", name);
	}
	*volume = found;
	found = (struct stored_volume){0};
	return 0;
}

/* --- options ------------------------------------------------------------------------------------- */

const char *stored_volume_option(const struct stored_volume *volume, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < volume->options.count; i++) {
		const char *option = volume->options.items[i];

		if (strncmp(option, name, length) == 0 && option[length] == '=')
			return option + length + 1;
	}
	return NULL;
}

bool stored_volume_has_flag(const struct stored_volume *volume, const char *flag)
{
	const char *at = stored_volume_option(volume, "o");
	size_t length = strlen(flag);

	for (; at && *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == length && strncmp(at, flag, length) == 0)
			return true;
	return false;
}

static bool is_bind(const struct stored_volume *volume)
{
	return stored_volume_has_flag(volume, "bind") || stored_volume_has_flag(volume, "rbind");
}

const char *stored_volume_source(const struct stored_volume *volume)
{
	if (!volume->options.count)
		return volume->path;
	return is_bind(volume) ? stored_volume_option(volume, "device") : NULL;
}

static int check_options(const struct stored_volume *volume, const char *name, struct error *err)
{
	static const char *const known[] = {"type=", "o=", "device=", "size="};
	static const char *const needed[] = {"device", "type"};

	for (size_t i = 0; i < volume->options.count; i++) {
		const char *option = volume->options.items[i];
		size_t k = 0;

		while (k < ARRAY_LENGTH(known) && !text_starts_with(option, known[k]))
			k++;
		if (k == ARRAY_LENGTH(known))
			return error_set(err, EINVAL, "create %s: invalid option: \"%.*s\"", name,
					 (int)strcspn(option, "="), option);
	}
	if (stored_volume_option(volume, "size"))
		return error_set(err, ENOTSUP,
				 "create %s: quota size requested but no quota support", name);
	for (size_t i = 0; volume->options.count && i < ARRAY_LENGTH(needed); i++)
		if (!stored_volume_option(volume, needed[i]))
			return error_set(err, EINVAL, "create %s: missing required option: \"%s\"",
					 name, needed[i]);
	if (!volume->options.count || is_bind(volume) ||
	    strcmp(stored_volume_option(volume, "type"), "tmpfs") == 0)
		return 0;
	return error_set(
		err, ENOTSUP,
		"create %s: only type=tmpfs and o=bind are supported: mount '%s' on the host, and bind that",
		name, stored_volume_option(volume, "device"));
}

/* --- making -------------------------------------------------------------------------------------- */

static int stage(const struct stored_volume *volume, const char *dir, struct error *err)
{
	AUTO_FREE char *data = path_join(dir, "_data");

	if (path_remove_tree(dir, err) < 0)
		return -1;
	/* Others than root live in _data, and only in there. */
	if (mkdir(dir, 0700) < 0 || mkdir(data, 0755) < 0 || chmod(data, 0755) < 0)
		return error_sys(err, "make directory '%s'", data);
	return write_record(volume, dir, err);
}

static int make(const struct engine *engine, const struct stored_volume *wanted, const char *name,
		struct error *err)
{
	AUTO_FREE char *staged = place(engine, ".new"), *dir = place(engine, name);
	struct stored_volume record = *wanted;
	char now[CLOCK_TEXT_SIZE];

	clock_now(now);
	record.created_at = now;
	record.anonymous = !wanted->name;
	trace("mkdir -p %q/_data", dir);
	if (stage(&record, staged, err) < 0)
		return -1;
	if (rename(staged, dir) < 0)
		return error_sys(err, "rename '%s' to '%s'", staged, dir);
	return 0;
}

int volume_store_create(const struct engine *engine, const struct stored_volume *wanted,
			struct stored_volume *volume, struct error *err)
{
	const char *name = wanted->name;
	char made_up[ENGINE_ID_SIZE];

	if (!name && engine_make_id(made_up, err) < 0)
		return -1;
	name = name ? name : made_up;
	if (volume_check_name(name, err) < 0)
		return -1;
	if (volume_store_find(engine, name, volume, err) == 0)
		return 0;
	if (err->code != ENOENT || check_options(wanted, name, err) < 0 ||
	    make(engine, wanted, name, err) < 0)
		return -1;
	events_add_volume(engine, "create", name);
	return volume_store_find(engine, name, volume, err);
}

/* --- listing ------------------------------------------------------------------------------------- */

static int by_name(const void *left, const void *right)
{
	const struct stored_volume *a = left, *b = right;

	return strcmp(a->name, b->name);
}

int volume_store_list(const struct engine *engine, struct stored_volume **volumes, size_t *count,
		      struct error *err)
{
	AUTO_FREE char *path = path_join(engine->root, "volumes");
	AUTO_CLOSE_DIR DIR *dir = opendir(path);
	struct stored_volume *list = NULL;
	struct error gone;
	struct dirent *entry;
	size_t used = 0;

	if (!dir && errno != ENOENT)
		return error_sys(err, "read directory '%s'", path);
	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		list = memory_resized(list, used + 1, sizeof(*list));
		/* Removed since the directory was read, or damaged: not a volume. */
		if (volume_store_find(engine, entry->d_name, &list[used], &gone) == 0)
			used++;
	}
	if (used)
		qsort(list, used, sizeof(*list), by_name);
	*volumes = list;
	*count = used;
	return 0;
}

/* Without repairing it, for which a lock may be needed that the caller has. */
static bool uses(const struct container *container, const char *name)
{
	AUTO_VOLUMES struct volumes volumes = {0};
	struct error ignored;

	for (size_t i = 0; i < container->config.volumes.count; i++)
		volumes_read(&volumes, container->config.volumes.items[i], &ignored);
	for (size_t i = 0; i < volumes.count; i++)
		if (volumes.items[i].type == VOLUME_NAMED && volumes.items[i].source &&
		    strcmp(volumes.items[i].source, name) == 0)
			return true;
	return false;
}

int volume_store_users(const struct engine *engine, const char *name, struct strings *ids,
		       struct error *err)
{
	AUTO_FREE char *path = path_join(engine->root, "containers");
	AUTO_CLOSE_DIR DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return error_sys(err, "read directory '%s'", path);
	while ((entry = readdir(dir))) {
		AUTO_CONTAINER struct container container = {0};

		/* Locks and stagings; or removed since the directory was read. Of another that can't
		 * be read nobody knows what it uses. */
		if (*entry->d_name == '.')
			continue;
		if (record_load(engine, entry->d_name, &container, err) < 0) {
			if (err->code == ENOENT || err->code == ENOTDIR)
				continue;
			return -1;
		}
		if (uses(&container, name))
			strings_add(ids, container.id);
	}
	return 0;
}

/* --- removing ------------------------------------------------------------------------------------ */

static int refuse_in_use(const char *name, const struct strings *ids, struct error *err)
{
	AUTO_TEXT struct text list = {0};

	for (size_t i = 0; i < ids->count; i++)
		text_add_format(&list, "%s%s", i ? ", " : "", ids->items[i]);
	return error_set(err, EBUSY, "remove %s: volume is in use - [%s]", name,
			 text_string(&list));
}

static int remove_locked(const struct engine *engine, const char *name, struct error *err)
{
	AUTO_FREE char *gone = place(engine, ".gone");
	AUTO_STORED_VOLUME struct stored_volume volume = {0};
	AUTO_STRINGS struct strings ids = {0};

	if (volume_store_find(engine, name, &volume, err) < 0 ||
	    volume_store_users(engine, name, &ids, err) < 0)
		return -1;
	if (ids.count)
		return refuse_in_use(name, &ids, err);
	/* What a killed command left there. */
	if (path_remove_tree(gone, err) < 0)
		return -1;
	if (rename(volume.dir, gone) < 0)
		return error_sys(err, "remove %s", name);
	events_add_volume(engine, "destroy", name);
	return path_remove_tree(gone, err);
}

int volume_store_remove(const struct engine *engine, const char *name, struct error *err)
{
	AUTO_CLOSE int lock = volume_store_lock(engine, err);

	return lock < 0 ? -1 : remove_locked(engine, name, err);
}

void volume_store_remove_made_for(const struct engine *engine, const char *id,
				  const struct strings *texts)
{
	AUTO_VOLUMES struct volumes volumes = {0};
	struct error ignored;

	for (size_t i = 0; i < texts->count; i++)
		volumes_read(&volumes, texts->items[i], &ignored);
	for (size_t i = 0; i < volumes.count; i++) {
		AUTO_STORED_VOLUME struct stored_volume volume = {0};

		if (volumes.items[i].type != VOLUME_NAMED || !volumes.items[i].source ||
		    volume_store_find(engine, volumes.items[i].source, &volume, &ignored) < 0)
			continue;
		if (volume.made_for && strcmp(volume.made_for, id) == 0)
			volume_store_remove(engine, volume.name, &ignored);
	}
}

void stored_volume_release(struct stored_volume *volume)
{
	cleanup_memory(&volume->name);
	cleanup_memory(&volume->dir);
	cleanup_memory(&volume->path);
	cleanup_memory(&volume->created_at);
	cleanup_memory(&volume->made_for);
	strings_release(&volume->labels);
	strings_release(&volume->options);
	*volume = (struct stored_volume){0};
}
