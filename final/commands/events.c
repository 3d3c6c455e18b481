/* events: what has happened, and what happens. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "events.h"
#include "filter.h"
#include "format.h"
#include "json.h"
#include "program.h"
#include "subcommand.h"
#include "template.h"

#define SECOND INT64_C(1000000000)

struct events_options {
	struct program_options program;
	struct strings filters;
	char *format;
	int64_t since, until; /* nanoseconds since 1970; 0: no limit */
};

#define FIELD(name) offsetof(struct events_options, name)

static int option_time(void *field, const char *value, struct error *err)
{
	return clock_read(value, field, err);
}

static const struct option_row events_rows[] = {
	{"filter", 'f', "NAME=VALUE", filter_option, FIELD(filters),
	 "Only those that are so: container, event, image, label, network, scope, type, volume",
	 NULL, NULL},
	{"format", 0, "FORMAT", option_string, FIELD(format), "\"json\", or a Go template", NULL,
	 NULL},
	{"since", 0, "TIME", option_time, FIELD(since),
	 "Also what happened since: RFC 3339, seconds, or how long ago (\"1h30m\")", NULL, NULL},
	{"until", 0, "TIME", option_time, FIELD(until), "Only what happens before, and end then",
	 NULL, NULL},
	{0},
};

static const char *const filter_names[] = {"container", "event", "image",  "label", "network",
					   "scope",	"type",	 "volume", NULL};

/* --- what is chosen ------------------------------------------------------------------------ */

static const char *text_of(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

/* Docker's rule for names: one that begins so is enough. */
static bool begins(const struct strings *filters, const char *name, const char *text)
{
	size_t next = 0;
	const char *value = filter_value(filters, name, &next);

	if (!value)
		return true;
	for (; value; value = filter_value(filters, name, &next))
		if (text_starts_with(text, value))
			return true;
	return false;
}

/* An image by id or name, with its tag or without. */
static bool is_of_image(const struct strings *filters, const cJSON *event, const cJSON *actor)
{
	const cJSON *attributes = cJSON_GetObjectItemCaseSensitive(actor, "Attributes");
	bool image = strcmp(text_of(event, "Type"), "image") == 0;
	const char *names[] = {text_of(actor, "ID"), text_of(attributes, image ? "name" : "image")};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		const char *slash = strrchr(names[i], '/');
		size_t length = strcspn(slash ? slash : names[i], ":@");
		AUTO_FREE char *bare = memory_format(
			"%.*s", (int)(length + (size_t)(slash ? slash - names[i] : 0)), names[i]);

		if (filter_equal(filters, "image", names[i]) ||
		    filter_equal(filters, "image", bare))
			return true;
	}
	return false;
}

static bool has_labels(const struct strings *filters, const cJSON *attributes)
{
	AUTO_STRINGS struct strings labels = {0};
	const cJSON *item;

	cJSON_ArrayForEach(item, attributes) {
		AUTO_FREE char *label = memory_format("%s=%s", item->string, item->valuestring);

		strings_add(&labels, label);
	}
	return filter_labels(filters, &labels);
}

/* "health_status: healthy" is found by its first word too. */
static bool has_action(const struct strings *filters, const char *action)
{
	AUTO_FREE char *word = memory_format("%.*s", (int)strcspn(action, ":"), action);

	return filter_equal(filters, "event", action) || filter_equal(filters, "event", word);
}

static bool is_chosen(const struct strings *filters, const cJSON *event)
{
	static const char *const kinds[] = {"container", "network", "volume"};
	const cJSON *actor = cJSON_GetObjectItemCaseSensitive(event, "Actor");
	const cJSON *attributes = cJSON_GetObjectItemCaseSensitive(actor, "Attributes");

	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		if (!begins(filters, kinds[i], text_of(actor, "ID")) &&
		    !begins(filters, kinds[i], text_of(attributes, "name")))
			return false;
	return has_action(filters, text_of(event, "Action")) &&
	       filter_equal(filters, "type", text_of(event, "Type")) &&
	       filter_equal(filters, "scope", text_of(event, "scope")) &&
	       is_of_image(filters, event, actor) && has_labels(filters, attributes);
}

/* --- what is shown ------------------------------------------------------------------------- */

/* "2026-11-20T13:29:08.009079998Z container start ID (image=busybox, name=boat)". */
static void add_line(const char *line, const cJSON *event, struct text *text)
{
	const cJSON *actor = cJSON_GetObjectItemCaseSensitive(event, "Actor"), *item;
	int64_t time = events_time(line);
	time_t seconds = time / SECOND;
	char date[32], zone[8];
	struct tm local;

	localtime_r(&seconds, &local);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &local);
	strftime(zone, sizeof(zone), "%z", &local);
	text_add_format(text, "%s.%09lld", date, (long long)(time % SECOND));
	if (local.tm_gmtoff == 0)
		text_add_string(text, "Z");
	else
		text_add_format(text, "%.3s:%s", zone, zone + 3);
	text_add_format(text, " %s %s %s", text_of(event, "Type"), text_of(event, "Action"),
			text_of(actor, "ID"));
	item = cJSON_GetObjectItemCaseSensitive(actor, "Attributes");
	item = item ? item->child : NULL;
	for (const char *before = " ("; item; item = item->next, before = ", ")
		text_add_format(text, "%s%s=%s%s", before, item->string, item->valuestring,
				item->next ? "" : ")");
	text_add_string(text, "\n");
}

/* The names that a template knows are those of Docker's program, and not of its JSON. */
static cJSON *for_template(const char *line, const cJSON *event)
{
	static const char *const names[][2] = {{"Status", "status"},
					       {"ID", "id"},
					       {"From", "from"},
					       {"Scope", "scope"}};
	cJSON *all = cJSON_Duplicate(event, true), *actor, *attributes;

	actor = cJSON_GetObjectItemCaseSensitive(all, "Actor");
	attributes = cJSON_GetObjectItemCaseSensitive(actor, "Attributes");
	if (attributes)
		attributes->valueint = TEMPLATE_MAP;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		cJSON_AddStringToObject(all, names[i][0], text_of(event, names[i][1]));
	json_add_number(all, "Time", events_time(line) / SECOND);
	json_add_number(all, "TimeNano", events_time(line));
	return all;
}

struct view {
	const struct events_options *options;
	struct error *err;
};

static int show_event(void *context, const char *line, const cJSON *event)
{
	const struct view *view = context;
	const char *format = view->options->format;
	AUTO_TEXT struct text text = {0};
	AUTO_JSON cJSON *all = NULL;

	if (!is_chosen(&view->options->filters, event))
		return 0;
	if (!format) {
		add_line(line, event, &text);
	} else if (strcmp(format, "json") == 0 || strcmp(format, "{{json .}}") == 0) {
		text_add_format(&text, "%s\n", line);
	} else {
		all = for_template(line, event);
		if (format_document(format, all, &text, view->err) < 0)
			return -1;
	}
	fputs(text_string(&text), stdout);
	return 0;
}

static int64_t now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

/* Waits until something changes in the data root, or for at most so many nanoseconds. */
static void await_change(int watch, int64_t most)
{
	struct pollfd fd = {.fd = watch, .events = POLLIN};
	int64_t most_ms = most / 1000000 + 1;
	char events[4096];

	if (poll(&fd, 1, most_ms > INT_MAX ? -1 : (int)most_ms) > 0)
		(void)!read(watch, events, sizeof(events));
}

static int follow(const char *root, struct event_reader *reader, struct error *err)
{
	AUTO_CLOSE int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int64_t time;

	if (watch < 0 || inotify_add_watch(watch, root, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		return error_sys(err, "watch '%s'", root);
	do {
		/* Asked first: what happens up to it is read. */
		time = now();
		if (events_read(reader, err) < 0)
			return -1;
		if (fflush(stdout) != 0)
			return 0; /* main.c says why */
		if (time <= reader->until)
			await_change(watch, reader->until - time);
	} while (time <= reader->until);
	return 0;
}

static int events(const struct call *call, const struct events_options *options, struct error *err)
{
	struct view view = {options, err};
	struct event_reader reader = {.since = options->since,
				      .until = options->until ? options->until : INT64_MAX,
				      .see = show_event,
				      .context = &view};
	AUTO_ENGINE struct engine engine = {0};
	int result;

	if (filter_check(&options->filters, filter_names, err) < 0 ||
	    subcommand_engine(call, &engine, err) < 0)
		return -1;
	if (!options->since)
		reader.since = now();
	reader.lines.path = events_path(&engine);
	reader.lines.once = true;
	result = follow(engine.root, &reader, err);
	rotated_release(&reader.lines);
	return result;
}

int command_events(const struct call *call)
{
	struct events_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", events_rows, &options},
		{0},
	};
	struct error err;
	int status = 0;

	subcommand_options(call, groups, 0, 0);
	if (events(call, &options, &err) < 0)
		status = subcommand_fail(&err);
	cleanup_memory(&options.format);
	strings_release(&options.filters);
	return status;
}
