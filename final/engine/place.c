/* Places in trees of files; see place.h. */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "path.h"
#include "text.h"

/* As many as the kernel follows in one path. */
#define LINKS_MAX 40

static bool ends_with(const char *path, const char *end)
{
	size_t length = strlen(path), wanted = strlen(end);

	return length >= wanted && strcmp(path + length - wanted, end) == 0;
}

/* Cuts the last part off, with the slashes around it. Returns it; "" if nothing is left. */
static const char *cut_last(char *path)
{
	size_t length = strlen(path);
	char *slash;

	while (length > 0 && path[length - 1] == '/')
		path[--length] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return memmove(path + 1, path, length + 1), *path = '\0', path + 1;
	*slash = '\0';
	return slash + 1;
}

static bool is_dots(const char *name)
{
	return !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* One step: opens the directory, and looks at the name in it. */
static int look(int root_fd, const char *path, struct place *place, struct error *err)
{
	/* one byte more, for a path without a slash */
	AUTO_FREE char *dir = memory_format("%s ", path);
	const char *name;

	dir[strlen(path)] = '\0';
	name = cut_last(dir);
	if (place->parent > 0)
		close(place->parent);
	cleanup_memory(&place->name);
	/* Only the kernel can tell what ".." means after a link: then the directory is the place. */
	place->name = memory_string(is_dots(name) ? "." : name);
	place->parent = path_open_in_root(root_fd,
					  is_dots(name) ? path
					  : *dir	? dir
							: "/",
					  O_PATH | O_DIRECTORY, 0, err);
	if (place->parent < 0) {
		place->parent = 0;
		return -1;
	}
	place->exists = fstatat(place->parent, place->name, &place->st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!place->exists && errno != ENOENT)
		return error_sys(err, "look at '%s'", path);
	return 0;
}

/* What to look at instead of a link. The caller frees it; NULL if it can't be read. */
static char *target_of(const struct place *place, const char *path)
{
	AUTO_FREE char *dir = memory_format("%s ", path);
	char target[PATH_MAX];
	ssize_t length = readlinkat(place->parent, place->name, target, sizeof(target) - 1);

	if (length < 0)
		return NULL;
	target[length] = '\0';
	if (*target == '/')
		return memory_string(target);
	dir[strlen(path)] = '\0';
	cut_last(dir);
	return memory_format("%s/%s", dir, target);
}

static int find(int root_fd, const char *path, bool follow, struct place *place, struct error *err)
{
	AUTO_FREE char *now = memory_string(path);

	for (int links = 0; links < LINKS_MAX; links++) {
		char *next;

		if (look(root_fd, now, place, err) < 0)
			return -1;
		if (!follow || !place->exists || !S_ISLNK(place->st.st_mode))
			return 0;
		next = target_of(place, now);
		if (!next)
			return error_sys(err, "read the link '%s'", now);
		cleanup_memory(&now);
		now = next;
	}
	return error_set(err, ELOOP, "find '%s': too many levels of symbolic links", path);
}

int place_find(int root_fd, const char *path, bool follow, struct place *place, struct error *err)
{
	AUTO_FREE char *copy = memory_format("%s ", path);
	AUTO_PLACE struct place found = {
		.wants_directory = ends_with(path, "/") || ends_with(path, "/."),
		.contents = ends_with(path, "/.") || strcmp(path, ".") == 0};

	copy[strlen(path)] = '\0';
	found.asked = memory_string(cut_last(copy));
	/* "link/" is what the link leads to. */
	if (find(root_fd, path, follow || found.wants_directory, &found, err) < 0)
		return -1;
	found.contents |= strcmp(found.name, ".") == 0;
	*place = found;
	found = (struct place){0};
	return 0;
}

void place_release(struct place *place)
{
	if (place->parent > 0)
		close(place->parent);
	cleanup_memory(&place->name);
	cleanup_memory(&place->asked);
	*place = (struct place){0};
}
