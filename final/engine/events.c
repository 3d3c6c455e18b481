/* What has happened; see events.h. */
#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bridge.h"
#include "networks.h"
#include "path.h"
#include "volume.h"

#define FILE_BYTES (1 << 20)
#define FILES 2

/* --- writing ------------------------------------------------------------------------------- */

static bool is_called(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && stat(path, &named) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* Opens the file, and locks it, so that events are in the order of their times. A full one is put
 * aside: then there is a new one to lock. */
static int open_locked(const char *path, off_t *end)
{
	for (;;) {
		AUTO_CLOSE int fd =
			open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
		struct error ignored;

		if (fd < 0)
			return -1;
		while (flock(fd, LOCK_EX) < 0)
			if (errno != EINTR)
				return -1;
		*end = lseek(fd, 0, SEEK_END);
		if (!is_called(fd, path))
			continue;
		if (*end < FILE_BYTES)
			return take_fd(&fd);
		if (rotated_put_aside(path, FILES, &ignored) < 0)
			return -1;
	}
}

/* As Go prints a map: by name, each once. */
static cJSON *attributes_object(const struct strings *attributes)
{
	AUTO_STRINGS struct strings sorted = {0};
	cJSON *all = cJSON_CreateObject(), *object = cJSON_CreateObject();
	const cJSON *item;

	for (size_t i = 0; attributes && i < attributes->count; i++) {
		const char *value = strchrnul(attributes->items[i], '=');
		AUTO_FREE char *name = memory_format("%.*s", (int)(value - attributes->items[i]),
						     attributes->items[i]);

		if (!cJSON_GetObjectItemCaseSensitive(all, name))
			strings_add(&sorted, name);
		cJSON_DeleteItemFromObjectCaseSensitive(all, name);
		cJSON_AddStringToObject(all, name, *value ? value + 1 : "");
	}
	strings_sort(&sorted);
	for (size_t i = 0; i < sorted.count; i++) {
		item = cJSON_GetObjectItemCaseSensitive(all, sorted.items[i]);
		cJSON_AddStringToObject(object, sorted.items[i], item->valuestring);
	}
	cJSON_Delete(all);
	return object;
}

/* All but the time, without the last brace. */
static void describe(const struct event *event, struct text *text)
{
	AUTO_JSON cJSON *json = cJSON_CreateObject();
	cJSON *attributes = attributes_object(event->attributes), *actor;
	const cJSON *image = cJSON_GetObjectItemCaseSensitive(attributes, "image");
	bool old = strcmp(event->type, "container") == 0 || strcmp(event->type, "image") == 0;

	/* What there was before there were types, and scripts still ask for. */
	if (old) {
		cJSON_AddStringToObject(json, "status", event->action);
		cJSON_AddStringToObject(json, "id", event->id);
	}
	if (old && image)
		cJSON_AddStringToObject(json, "from", image->valuestring);
	cJSON_AddStringToObject(json, "Type", event->type);
	cJSON_AddStringToObject(json, "Action", event->action);
	actor = cJSON_AddObjectToObject(json, "Actor");
	cJSON_AddStringToObject(actor, "ID", event->id);
	cJSON_AddItemToObject(actor, "Attributes", attributes);
	cJSON_AddStringToObject(json, "scope", "local");
	json_print(json, false, text);
	text->length = (size_t)(strrchr(text->data, '}') - text->data);
}

void events_add(const struct engine *engine, const struct event *event)
{
	AUTO_FREE char *path = events_path(engine);
	AUTO_TEXT struct text text = {0};
	AUTO_CLOSE int fd = -1;
	struct timespec now;
	off_t end;

	describe(event, &text);
	fd = open_locked(path, &end);
	clock_gettime(CLOCK_REALTIME, &now);
	text_add_format(&text, ",\"time\":%lld,\"timeNano\":%lld%09ld}\n", (long long)now.tv_sec,
			(long long)now.tv_sec, now.tv_nsec);
	/* Whole, or not at all: a part of a line would spoil the next one. */
	if (fd >= 0 && write(fd, text.data, text.length) != (ssize_t)text.length)
		(void)!ftruncate(fd, end);
}

/* --- of what ------------------------------------------------------------------------------- */

void events_add_container(const struct engine *engine, const struct container *container,
			  const char *action, const struct strings *more)
{
	AUTO_STRINGS struct strings attributes = {0};

	strings_add_all(&attributes, &container->config.labels);
	strings_add_format(&attributes, "image=%s",
			   container->config.image ? container->config.image : "");
	strings_add_format(&attributes, "name=%s",
			   container->config.name ? container->config.name : "");
	if (more)
		strings_add_all(&attributes, more);
	events_add(engine, &(struct event){"container", action, container->id, &attributes});
}

void events_add_number(const struct engine *engine, const struct container *container,
		       const char *action, const char *name, int value)
{
	AUTO_STRINGS struct strings more = {0};

	strings_add_format(&more, "%s=%d", name, value);
	events_add_container(engine, container, action, &more);
}

void events_add_image(const struct engine *engine, const char *action, const char *id,
		      const char *name)
{
	AUTO_STRINGS struct strings attributes = {0};

	strings_add_format(&attributes, "name=%s", name);
	events_add(engine, &(struct event){"image", action, id, &attributes});
}

void events_add_volume(const struct engine *engine, const char *action, const char *name)
{
	AUTO_STRINGS struct strings attributes = {0};

	strings_add(&attributes, "driver=local");
	events_add(engine, &(struct event){"volume", action, name, &attributes});
}

void events_add_network(const struct engine *engine, const char *action, const char *name,
			const char *id, const char *container)
{
	AUTO_STRINGS struct strings attributes = {0};
	struct bridge_network network = {0};
	struct error none;

	if (!id && bridge_network_load(engine->root, name, &network, &none) == 0)
		id = network.id;
	strings_add_format(&attributes, "name=%s", name);
	strings_add(&attributes, "type=bridge");
	if (container)
		strings_add_format(&attributes, "container=%s", container);
	/* The default network has no id but its name. */
	events_add(engine, &(struct event){"network", action, id && *id ? id : name, &attributes});
}

/* --- of a life ----------------------------------------------------------------------------- */

static void add_networks(const struct engine *engine, const struct container *container,
			 const char *action)
{
	const struct connection *connection = &container->config.connection;

	for (size_t i = 0; i < connection->member_count; i++)
		events_add_network(engine, action, connection->members[i].network, NULL,
				   container->id);
}

static void add_volumes(const struct engine *engine, const struct container *container,
			bool mounted)
{
	AUTO_VOLUMES struct volumes volumes = {0};
	struct error none;

	for (size_t i = 0; i < container->config.volumes.count; i++)
		volumes_read(&volumes, container->config.volumes.items[i], &none);
	for (size_t i = 0; i < volumes.count; i++) {
		const struct volume *volume = &volumes.items[i];
		AUTO_STRINGS struct strings attributes = {0};

		if (volume->type != VOLUME_NAMED || !volume->source)
			continue;
		strings_add_format(&attributes, "container=%s", container->id);
		strings_add(&attributes, "driver=local");
		if (mounted) {
			strings_add_format(&attributes, "destination=%s", volume->target);
			strings_add(&attributes, "propagation=");
			strings_add_format(&attributes, "read/write=%s",
					   volume->read_only ? "false" : "true");
		}
		events_add(engine, &(struct event){"volume", mounted ? "mount" : "unmount",
						   volume->source, &attributes});
	}
}

void events_life_began(const struct engine *engine, const struct container *container)
{
	add_networks(engine, container, "connect");
	add_volumes(engine, container, true);
	events_add_container(engine, container, "start", NULL);
}

void events_life_ended(const struct engine *engine, const struct container *container,
		       int64_t lasted_s)
{
	AUTO_STRINGS struct strings more = {0};

	if (container->state.oom_killed)
		events_add_container(engine, container, "oom", NULL);
	strings_add_format(&more, "exitCode=%d", container->state.exit_code);
	strings_add_format(&more, "execDuration=%" PRId64, lasted_s);
	events_add_container(engine, container, "die", &more);
	add_networks(engine, container, "disconnect");
	add_volumes(engine, container, false);
}

/* --- reading ------------------------------------------------------------------------------- */

int events_read(struct event_reader *reader, struct error *err)
{
	ssize_t length;
	char *line;

	while ((length = rotated_read(&reader->lines, &line, err)) > 0) {
		AUTO_JSON cJSON *event = NULL;
		struct error damaged;
		int64_t time;
		int result;

		line[--length] = '\0';
		time = events_time(line);
		if (time < reader->since || time > reader->until)
			continue;
		event = json_parse("event", line, (size_t)length, &damaged);
		result = event ? reader->see(reader->context, line, event) : 0;
		if (result != 0)
			return result;
	}
	return (int)length;
}

int64_t events_time(const char *line)
{
	const char *last = strrchr(line, ':');

	return last ? strtoll(last + 1, NULL, 10) : 0;
}

char *events_path(const struct engine *engine)
{
	return path_join(engine->root, "events.json");
}
