/* What killed commands leave; see leftovers.h. */
#include "leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"
#include "names.h"
#include "path.h"
#include "record.h"

#define GONE ".gone-"

/* Whether a name is that of the container that it leads to. */
static bool is_true_name(const struct engine *engine, const char *name)
{
	char id[CONTAINER_ID_LENGTH + 1] = "";
	AUTO_FREE char *dir = NULL, *recorded = NULL;

	if (names_look_up(engine, name, id) < 0)
		return false;
	dir = memory_format("%s/containers/%s", engine->root, id);
	if (access(dir, F_OK) < 0)
		return false;
	recorded = record_name(dir);
	/* Of a damaged record nobody knows. */
	return !recorded || strcmp(recorded, name) == 0;
}

/* Under the lock no name is on its way to a container. */
static void drop_untrue_names(const struct engine *engine)
{
	AUTO_FREE char *path = path_join(engine->root, "names");
	AUTO_CLOSE_DIR DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.' && !is_true_name(engine, entry->d_name))
			unlinkat(dirfd(dir), entry->d_name, 0);
}

/* Ranges of ids, which are links too: 100000 -> ID. */
static void drop_unowned_ids(const struct engine *engine)
{
	AUTO_FREE char *path = path_join(engine->root, "ids");
	AUTO_CLOSE_DIR DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char id[CONTAINER_ID_LENGTH + 1] = "";
		AUTO_FREE char *owner = NULL;

		if (readlinkat(dirfd(dir), entry->d_name, id, CONTAINER_ID_LENGTH) < 0)
			continue;
		owner = memory_format("%s/containers/%s", engine->root, id);
		if (access(owner, F_OK) < 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
}

int leftovers_begin(const struct engine *engine, char **staged, struct error *err)
{
	AUTO_FREE char *path = path_join(engine->root, "containers/.new");

	if (mkdir(path, 0700) < 0) {
		if (errno != EEXIST)
			return error_sys(err, "make directory '%s'", path);
		drop_untrue_names(engine);
		drop_unowned_ids(engine);
		if (path_remove_tree(path, err) < 0)
			return -1;
		if (mkdir(path, 0700) < 0)
			return error_sys(err, "make directory '%s'", path);
	}
	*staged = take_ptr(&path);
	return 0;
}

static void clear_staged(const struct engine *engine)
{
	AUTO_FREE char *path = path_join(engine->root, "containers/.lock"), *staged = NULL;
	AUTO_CLOSE int lock = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct error ignored;

	/* Whoever has the lock is at work there. */
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0 &&
	    leftovers_begin(engine, &staged, &ignored) == 0)
		rmdir(staged);
}

/* Goes on where a removal was killed, or beside one that was not: what is done already is fine. */
static void finish_removal(const struct engine *engine, const char *entry)
{
	AUTO_CONTAINER struct container half = {0};
	AUTO_FREE char *aside = memory_format("%s/names/.%s", engine->root, entry + strlen(GONE));
	struct error ignored;

	/* That it can't be read means that nothing but files is left. */
	record_load(engine, entry, &half, &ignored);
	snprintf(half.id, sizeof(half.id), "%s", entry + strlen(GONE));
	cleanup_memory(&half.dir);
	half.dir = memory_format("%s/containers/%s", engine->root, half.id);
	container_remove(engine, &half, &ignored);
	unlink(aside);
}

void leftovers_clear(const struct engine *engine, const struct strings *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		if (strcmp(entries->items[i], ".new") == 0)
			clear_staged(engine);
		else if (text_starts_with(entries->items[i], GONE))
			finish_removal(engine, entries->items[i]);
}
