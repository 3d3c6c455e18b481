/* What a container has in common with others; see sharing.h. */
#include "sharing.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container.h"
#include "json.h"
#include "names.h"
#include "path.h"
#include "trace.h"

#define CONTAINER_PREFIX "container:"

/* How they are called in /proc/PID/ns, in the record, and by Docker. */
static const struct {
	const char *file, *words; /* words: before the reason why it can't be joined */
} kinds[NAMESPACE_KINDS] = {
	[NAMESPACE_PID] = {"pid", NULL},
	[NAMESPACE_UTS] = {"uts", NULL},
	[NAMESPACE_IPC] = {"ipc", "can't join IPC of container"},
	[NAMESPACE_NETWORK] = {"net", NULL},
};

/* --- the record ---------------------------------------------------------------------------- */

static void add_word(cJSON *to, const char *name, const char *word)
{
	if (word)
		cJSON_AddStringToObject(to, name, word);
}

static int read_word(const cJSON *from, const char *name, char **word, struct error *err)
{
	const char *found = NULL;

	if (json_get_string(from, name, &found, err) < 0)
		return -1;
	*word = found ? memory_string(found) : NULL;
	return 0;
}

void sharing_add(cJSON *config, const struct sharing *sharing)
{
	cJSON *to = cJSON_AddObjectToObject(config, "sharing");

	for (size_t kind = 0; kind < NAMESPACE_KINDS; kind++)
		add_word(to, kinds[kind].file, sharing->from[kind]);
	add_word(to, "ipc_mode", sharing->ipc);
	add_word(to, "userns", sharing->userns);
	json_add_number(to, "first_id", sharing->ids.first);
	json_add_number(to, "id_count", sharing->ids.count);
	json_add_number(to, "boottime_s", sharing->boottime_s);
}

int sharing_read(const cJSON *config, struct sharing *sharing, struct error *err)
{
	const cJSON *from = NULL;
	uint64_t first = 0, count = 0;

	if (json_get_object(config, "sharing", &from, err) <= 0)
		return from ? -1 : 0; /* one of an earlier version */
	for (size_t kind = 0; kind < NAMESPACE_KINDS; kind++)
		if (read_word(from, kinds[kind].file, &sharing->from[kind], err) < 0)
			return -1;
	if (read_word(from, "ipc_mode", &sharing->ipc, err) < 0 ||
	    read_word(from, "userns", &sharing->userns, err) < 0 ||
	    json_get_number(from, "first_id", &first, err) < 0 ||
	    json_get_number(from, "id_count", &count, err) < 0)
		return -1;
	sharing->ids = (struct id_map){(uint32_t)first, (uint32_t)count};
	sharing->boottime_s = json_get_signed(from, "boottime_s");
	return 0;
}

int sharing_resolve(const struct engine *engine, struct sharing *sharing, struct error *err)
{
	for (size_t kind = 0; kind < NAMESPACE_KINDS; kind++) {
		AUTO_CONTAINER struct container other = {0};
		const char *from = sharing->from[kind];

		if (!from || !text_starts_with(from, CONTAINER_PREFIX))
			continue;
		if (container_find(engine, from + strlen(CONTAINER_PREFIX), &other, err) < 0)
			return -1;
		cleanup_memory(&sharing->from[kind]);
		sharing->from[kind] = memory_format(CONTAINER_PREFIX "%s", other.id);
	}
	return 0;
}

/* --- ids ----------------------------------------------------------------------------------- */

/* A range is a link from its first id to its container. */
static char *lease_of(const struct engine *engine, const struct id_map *ids)
{
	return memory_format("%s/ids/%u", engine->root, ids->first);
}

/* 1 if the range is ours now, 0 if another container has it. */
static int claim(const struct engine *engine, const char *id, const struct id_map *ids,
		 struct error *err)
{
	AUTO_FREE char *lease = lease_of(engine, ids);

	trace("ln -s %s %q", id, lease);
	while (symlink(id, lease) < 0) {
		char owner[CONTAINER_ID_LENGTH + 1] = "";
		AUTO_FREE char *dir = NULL;

		/* ENOENT, here and below: it was given back just now. */
		if (errno != EEXIST ||
		    (readlink(lease, owner, CONTAINER_ID_LENGTH) < 0 && errno != ENOENT))
			return error_sys(err, "make link '%s'", lease);
		dir = memory_format("%s/containers/%s", engine->root, owner);
		if (*owner && access(dir, F_OK) == 0)
			return 0;
		/* Its container was removed by halves. */
		if (unlink(lease) < 0 && errno != ENOENT)
			return error_sys(err, "replace link '%s'", lease);
	}
	return 1;
}

int sharing_claim_ids(const struct engine *engine, const char *id, struct sharing *sharing,
		      struct error *err)
{
	AUTO_FREE char *dir = path_join(engine->root, "ids");
	int claimed = 0;

	if (!sharing->userns || strcmp(sharing->userns, "auto") != 0)
		return 0;
	if (path_make_dirs(dir, 0700, err) < 0)
		return -1;
	for (unsigned index = 0; claimed == 0; index++) {
		if (id_map_find("auto", index, &sharing->ids, err) < 0)
			return -1;
		claimed = claim(engine, id, &sharing->ids, err);
	}
	return claimed < 0 ? -1 : 0;
}

void sharing_give_back_ids(const struct engine *engine, const char *id,
			   const struct sharing *sharing)
{
	AUTO_FREE char *lease = lease_of(engine, &sharing->ids);

	if (sharing->ids.first)
		names_drop_link(engine, lease, id);
}

int sharing_give_streams(const struct sharing *sharing, const int stdio[3], struct error *err)
{
	uid_t root = sharing->ids.first;
	struct stat st;

	for (int i = 0; i < 3 && root; i++)
		if (stdio[i] > 0 && fstat(stdio[i], &st) == 0 && S_ISFIFO(st.st_mode) &&
		    fchown(stdio[i], root, root) < 0)
			return error_sys(err, "give a stream to user %u", root);
	return 0;
}

/* --- joining ------------------------------------------------------------------------------- */

static int refuse(enum namespace_kind kind, const char *name, struct error *err)
{
	return kinds[kind].words ? error_wrap(err, "%s %s", kinds[kind].words, name) : -1;
}

/* A file of the namespaces of container NAME, which must run. */
static int open_other(const struct engine *engine, enum namespace_kind kind, const char *name,
		      struct sharing_files *files, struct error *err)
{
	AUTO_CONTAINER struct container other = {0};

	if (container_find(engine, name, &other, err) < 0)
		return refuse(kind, name, err);
	if (other.state.status != CONTAINER_RUNNING) {
		error_set(err, EINVAL, "container %s is not running", name);
		return refuse(kind, name, err);
	}
	if (kind == NAMESPACE_IPC &&
	    (!other.config.sharing.ipc || strcmp(other.config.sharing.ipc, "shareable") != 0)) {
		error_set(
			err, EINVAL,
			"non-shareable IPC (hint: use IpcMode:shareable for the donor container)");
		return refuse(kind, name, err);
	}
	files->from[kind] = memory_format("/proc/%d/ns/%s", other.state.pid, kinds[kind].file);
	if (kind == NAMESPACE_IPC)
		files->shm_of = memory_format("/proc/%d/ns/mnt", other.state.pid);
	return 0;
}

int sharing_open(const struct engine *engine, const struct sharing *sharing,
		 struct sharing_files *files, struct error *err)
{
	for (enum namespace_kind kind = 0; kind < NAMESPACE_KINDS; kind++) {
		const char *from = sharing->from[kind];

		if (!from)
			continue;
		if (text_starts_with(from, CONTAINER_PREFIX)) {
			if (open_other(engine, kind, from + strlen(CONTAINER_PREFIX), files, err) <
			    0)
				return -1;
			continue;
		}
		files->from[kind] = memory_string(from);
		if (kind == NAMESPACE_IPC)
			files->shm_of = namespaces_mounts_of(from);
	}
	return 0;
}

void sharing_release(struct sharing *sharing)
{
	for (size_t kind = 0; kind < NAMESPACE_KINDS; kind++)
		cleanup_memory(&sharing->from[kind]);
	cleanup_memory(&sharing->ipc);
	cleanup_memory(&sharing->userns);
}

void sharing_files_release(struct sharing_files *files)
{
	for (size_t kind = 0; kind < NAMESPACE_KINDS; kind++)
		cleanup_memory(&files->from[kind]);
	cleanup_memory(&files->shm_of);
}
