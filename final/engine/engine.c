/* The data root and what is named after it; see engine.h. */
#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "path.h"
#include "store.h"

/* FNV-1a: eight hex digits that tell one root from another; nothing depends on its strength. */
static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash;
}

static int make_below(const char *dir, const char *name, struct error *err)
{
	AUTO_FREE char *path = path_join(dir, name);

	return path_make_dirs(path, 0700, err);
}

int engine_open(const char *root, struct engine *engine, struct error *err)
{
	AUTO_ENGINE struct engine made = {0};

	if (store_prepare(root, err) < 0)
		return -1;
	/* By its real path, so that a root reached through a link is the same world. */
	made.root = realpath(root, NULL);
	if (!made.root)
		return error_sys(err, "open data root '%s'", root);
	if (strcmp(made.root, ENGINE_DEFAULT_ROOT) == 0) {
		made.run = memory_string("/run/coracle");
		made.cgroup_parent = memory_string("coracle");
	} else {
		made.run = memory_format("/run/coracle-%08x", hash_of(made.root));
		made.cgroup_parent = memory_format("coracle-%08x", hash_of(made.root));
	}
	if (make_below(made.root, "containers", err) < 0 || make_below(made.root, "names", err) < 0)
		return -1;
	*engine = made;
	made = (struct engine){0};
	return 0;
}

int engine_lock(const struct engine *engine, struct error *err)
{
	AUTO_FREE char *path = path_join(engine->root, "containers/.lock");
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_sys(err, "open lock '%s'", path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_sys(err, "lock '%s'", path);
	return take_fd(&fd);
}

int engine_make_id(char id[ENGINE_ID_SIZE], struct error *err)
{
	unsigned char bytes[ENGINE_ID_SIZE / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return error_sys(err, "read random bytes for an id");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

void engine_release(struct engine *engine)
{
	cleanup_memory(&engine->root);
	cleanup_memory(&engine->run);
	cleanup_memory(&engine->cgroup_parent);
}
