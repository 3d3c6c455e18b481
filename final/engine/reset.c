/* A data root as a whole; see reset.h. */
#include "reset.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bridge.h"
#include "container.h"
#include "file.h"
#include "firewall.h"
#include "lives.h"
#include "networks.h"
#include "path.h"
#include "restart.h"
#include "signals.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* --- boot ---------------------------------------------------------------------------------- */

static void start_one(const struct engine *engine, struct container *container,
		      struct strings *started, struct strings *failed)
{
	AUTO_FREE char *line = NULL;
	struct error err;

	if (container_start(engine, container, false, &err) == 0) {
		strings_add(started, container->config.name);
		return;
	}
	line = memory_format("start '%s': %s", container->config.name, err.text);
	strings_add(failed, line);
}

int engine_boot(const struct engine *engine, struct strings *started, struct strings *failed,
		struct error *err)
{
	AUTO_FREE char *path = path_join(engine->run, "boot");
	AUTO_TEXT struct text now = {0}, last = {0};
	AUTO_CLOSE int lock = engine_lock(engine, err);
	struct container *containers;
	struct error none;
	size_t count;

	if (lock < 0 || file_read(AT_FDCWD, BOOT_ID, 100, &now, err) < 0)
		return -1;
	if (file_read(AT_FDCWD, path, 100, &last, &none) == 0 && strcmp(last.data, now.data) == 0)
		return 0;
	/* Before they are started: who is killed here did what it could, and nothing twice. */
	if (path_make_dirs(engine->run, 0700, err) < 0 ||
	    file_replace(path, &now, 0600, false, err) < 0)
		return -1;
	cleanup_fd(&lock);
	/* It finds those that ran when the machine went down, and records that. */
	if (container_list(engine, &containers, &count, NULL, err) < 0)
		return -1;
	for (size_t i = count; i-- > 0;) {
		if (restart_after_boot(&containers[i]))
			start_one(engine, &containers[i], started, failed);
		container_release(&containers[i]);
	}
	free(containers);
	return 0;
}

/* --- reset --------------------------------------------------------------------------------- */

static int remove_containers(const struct engine *engine, struct error *err)
{
	struct container *containers;
	size_t count;
	int result = 0;

	if (container_list(engine, &containers, &count, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (result == 0 && (container_stop(engine, &containers[i], SIGKILL, 0, err) < 0 ||
				    container_remove_unused(engine, &containers[i], err) < 0))
			result = -1;
		container_release(&containers[i]);
	}
	free(containers);
	return result;
}

static int remove_networks(const struct engine *engine, struct error *err)
{
	AUTO_STRINGS struct strings names = {0};

	if (networks_list(engine, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (strcmp(names.items[i], "bridge") != 0 &&
		    networks_remove(engine, names.items[i], err) < 0)
			return -1;
	return networks_remove_default(engine, true, err);
}

int engine_reset(const struct engine *engine, struct error *err)
{
	static const char *const ours[] = {"containers", "names",	"networks",	 "volumes",
					   "refs",	 "layers",	"blobs",	 "staging",
					   "lock",	 "events.json", "events.json.1", "ids"};
	AUTO_CLOSE int lock = engine_lock(engine, err);

	/* Under the lock no container is made. */
	if (lock < 0 || remove_containers(engine, err) < 0 || remove_networks(engine, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LENGTH(ours); i++) {
		AUTO_FREE char *path = path_join(engine->root, ours[i]);

		if (path_remove_tree(path, err) < 0)
			return -1;
	}
	return path_remove_tree(engine->run, err);
}
