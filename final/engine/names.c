/* Names of containers; see names.h. */
#include "names.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "path.h"

/* Docker's rule. A name is also a file name here, and this keeps it one. */
static int check_name(const char *name, struct error *err)
{
	size_t length = strlen(name);
	bool good = length >= 2 && length <= 128 && isalnum((unsigned char)name[0]);

	for (const char *at = name; *at; at++)
		good = good && (isalnum((unsigned char)*at) || strchr("_.-", *at));
	if (good)
		return 0;
	return error_set(err, EINVAL,
			 "Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
			 name);
}

static char *path_of(const struct engine *engine, const char *name)
{
	return memory_format("%s/names/%s", engine->root, name);
}

int names_look_up(const struct engine *engine, const char *name, char id[CONTAINER_ID_LENGTH + 1])
{
	AUTO_FREE char *path = NULL;
	struct error ignored;
	ssize_t length;

	if (check_name(name, &ignored) < 0)
		return -1;
	path = path_of(engine, name);
	length = readlink(path, id, CONTAINER_ID_LENGTH);
	if (length != CONTAINER_ID_LENGTH)
		return -1;
	id[length] = '\0';
	return 0;
}

int names_make(const struct engine *engine, char **name, struct error *err)
{
	static const char *const manners[] = {
		"able",	 "amber", "bold",  "brisk",  "calm",  "clear", "deft",	"dry",
		"eager", "early", "fair",  "fleet",  "glad",  "green", "hardy", "keen",
		"level", "light", "lucid", "merry",  "mild",  "neat",  "plain", "quick",
		"quiet", "ready", "sound", "steady", "swift", "tidy",  "warm",	"wise",
	};
	static const char *const boats[] = {
		"ark",	 "barge",  "bark",   "brig",   "canoe",	 "catboat", "cog",    "cutter",
		"dhow",	 "dinghy", "dory",   "ferry",  "galley", "gig",	    "hoy",    "junk",
		"kayak", "ketch",  "launch", "lugger", "packet", "pinnace", "pram",   "punt",
		"quffa", "raft",   "sampan", "skiff",  "sloop",	 "tender",  "wherry", "yawl",
	};

	for (int attempt = 0; attempt < 100; attempt++) {
		AUTO_FREE char *made = NULL, *path = NULL;
		unsigned char random[3];

		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			return error_sys(err, "read random bytes for a name");
		made = memory_format("%s_%s", manners[random[0] % ARRAY_LENGTH(manners)],
				     boats[random[1] % ARRAY_LENGTH(boats)]);
		if (attempt > 2) { /* As Docker does when names become scarce. */
			char *longer = memory_format("%s%d", made, random[2]);

			cleanup_memory(&made);
			made = longer;
		}
		path = path_of(engine, made);
		if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
			*name = take_ptr(&made);
			return 0;
		}
	}
	return error_set(err, EEXIST, "make up a free name: give one with --name");
}

const char *names_without_slash(const char *name)
{
	return name + (*name == '/');
}

int names_take(const struct engine *engine, const char *name, const char *id, struct error *err)
{
	AUTO_FREE char *path = path_of(engine, name);
	char owner[CONTAINER_ID_LENGTH + 1] = "";

	if (check_name(name, err) < 0)
		return -1;
	if (symlink(id, path) == 0)
		return 0;
	if (errno == EEXIST && names_look_up(engine, name, owner) == 0) {
		AUTO_FREE char *dir = memory_format("%s/containers/%s", engine->root, owner);

		if (access(dir, F_OK) == 0)
			return error_set(
				err, EEXIST,
				"Conflict. The container name \"/%s\" is already in use by container \"%s\". You have to remove (or rename) that container to be able to reuse that name.",
				name, owner);
	} else if (errno != EEXIST) {
		return error_sys(err, "take the name '%s'", name);
	}
	/* Its container is gone: a command was killed between removing it and its name. */
	if (unlink(path) < 0 || symlink(id, path) < 0)
		return error_sys(err, "take the name '%s'", name);
	return 0;
}

static bool leads_to(const char *path, const char *id)
{
	char owner[CONTAINER_ID_LENGTH + 1] = "";

	return readlink(path, owner, CONTAINER_ID_LENGTH) >= 0 && strcmp(owner, id) == 0;
}

void names_drop(const struct engine *engine, const char *name, const char *id)
{
	AUTO_FREE char *path = path_of(engine, name ? name : "");
	struct error ignored;

	if (name && check_name(name, &ignored) == 0)
		names_drop_link(engine, path, id);
}

void names_drop_link(const struct engine *engine, const char *path, const char *id)
{
	AUTO_FREE char *mine = memory_format("%s/names/.%s", engine->root, id);

	/* Out of the way first, for it may have been taken anew since we looked. */
	if (!leads_to(path, id) || rename(path, mine) < 0)
		return;
	if (!leads_to(mine, id))
		renameat2(AT_FDCWD, mine, AT_FDCWD, path, RENAME_NOREPLACE);
	unlink(mine);
}
