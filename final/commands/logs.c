/* logs: what a container has written, and writes. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "container.h"
#include "json.h"
#include "log.h"
#include "path.h"
#include "program.h"
#include "subcommand.h"

/* What inotify can't tell (a monitor that was killed) is looked for this often. */
#define LOOK_AGAIN_MS 1000

struct logs_options {
	struct program_options program;
	bool follow, timestamps, details;
	char *tail;
	int64_t since, until; /* nanoseconds since 1970; 0: no limit */
};

#define FIELD(name) offsetof(struct logs_options, name)

static int option_time(void *field, const char *value, struct error *err)
{
	return clock_read(value, field, err);
}

static const struct option_row logs_rows[] = {
	{"since", 0, "TIME", option_time, FIELD(since),
	 "Only what was written since: RFC 3339, seconds, or how long ago (\"1h30m\")", NULL, NULL},
	{"details", 0, NULL, option_flag, FIELD(details),
	 "Show the labels and variables that --log-opt has added", NULL, NULL},
	{"until", 0, "TIME", option_time, FIELD(until), "Only what was written before", NULL, NULL},
	{"follow", 'f', NULL, option_flag, FIELD(follow), "Go on until the container ends", NULL,
	 NULL},
	{"tail", 'n', "NUMBER", option_string, FIELD(tail), "Lines to show from the end (\"all\")",
	 NULL, NULL},
	{"timestamps", 't', NULL, option_flag, FIELD(timestamps), "Show when each was written",
	 NULL, NULL},
	{0},
};

struct printer {
	uint64_t skip; /* records that are not to be shown */
	uint64_t count;
	int64_t since, until;
	bool timestamps, details;
	struct error *err;
};

/* Goes by time first, as the tail is one of what is left. */
static bool is_in_time(const struct printer *printer, const struct log_record *record)
{
	int64_t time;

	if (!printer->since && !printer->until)
		return true;
	time = clock_nanoseconds(record->time);
	return time >= printer->since && (!printer->until || time <= printer->until);
}

static int count_record(void *context, const struct log_record *record)
{
	struct printer *printer = context;

	printer->count += is_in_time(printer, record);
	return 0;
}

/* The log cuts trailing zeros of a time; here all nine digits are shown, so that lines align. */
static void print_time(const char *time, FILE *out)
{
	const char *fraction = strchr(time, '.');
	char digits[] = "000000000";
	size_t count = fraction ? strcspn(++fraction, "Z") : 0;

	if (count < sizeof(digits))
		memcpy(digits, fraction ? fraction : "", count);
	fprintf(out, "%.*s.%sZ ", (int)strcspn(time, ".Z"), time, digits);
}

/* As in the query of a URL. */
static void print_escaped(const char *text, FILE *out)
{
	for (; *text; text++)
		if (isalnum((unsigned char)*text) || strchr("-_.~", *text))
			fputc(*text, out);
		else if (*text == ' ')
			fputc('+', out);
		else
			fprintf(out, "%%%02X", (unsigned char)*text);
}

/* "name=value,name=value ". */
static int print_details(const char *extra, FILE *out, struct error *err)
{
	AUTO_JSON cJSON *pairs = *extra ? json_parse("log.json", extra, strlen(extra), err) : NULL;
	const cJSON *pair;

	if (*extra && !pairs)
		return -1;
	cJSON_ArrayForEach(pair, pairs) {
		print_escaped(pair->string, out);
		fputc('=', out);
		print_escaped(cJSON_IsString(pair) ? pair->valuestring : "", out);
		if (pair->next)
			fputc(',', out);
	}
	fputc(' ', out);
	return 0;
}

static int print_record(void *context, const struct log_record *record)
{
	struct printer *printer = context;
	FILE *out = record->stream == 2 ? stderr : stdout;

	if (!is_in_time(printer, record))
		return 0;
	if (printer->skip) {
		printer->skip--;
		return 0;
	}
	if (printer->timestamps)
		print_time(record->time, out);
	if (printer->details && print_details(record->extra, out, printer->err) < 0)
		return -1;
	fwrite(record->text, 1, record->length, out);
	return 0;
}

/* How many records to pass over, so that no more than the tail is shown. */
static int count_skipped(struct rotated_reader *log, const char *tail, struct printer *printer,
			 struct error *err)
{
	uint64_t wanted = 0;

	if (!tail || strcmp(tail, "all") == 0 || strcmp(tail, "-1") == 0)
		return 0;
	/* As Docker: what is no number is all. */
	if (text_to_number(tail, INT64_MAX, &wanted, err) < 0)
		return 0;
	if (log_read(log, count_record, printer, err) < 0)
		return -1;
	rotated_rewind(log);
	printer->skip = printer->count > wanted ? printer->count - wanted : 0;
	return 0;
}

static bool is_running(const struct engine *engine, const struct container *container)
{
	AUTO_CONTAINER struct container now = {0};
	struct error gone;

	return container_find(engine, container->id, &now, &gone) == 0 &&
	       now.state.status == CONTAINER_RUNNING;
}

/* Waits until something changes in the container's directory. */
static void await_change(int watch)
{
	struct pollfd fd = {.fd = watch, .events = POLLIN};
	char events[4096];

	if (poll(&fd, 1, LOOK_AGAIN_MS) > 0)
		(void)!read(watch, events, sizeof(events));
}

/* Whether nothing more is to come: only what is older is wanted. */
static bool is_over(const struct printer *printer)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return printer->until && printer->until < now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int follow(const struct engine *engine, const struct container *container,
		  struct rotated_reader *log, struct printer *printer, struct error *err)
{
	AUTO_CLOSE int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	bool running = true;

	if (watch < 0)
		return error_sys(err, "watch for changes");
	/* If it was removed meanwhile, is_running says so. */
	inotify_add_watch(watch, container->dir, IN_MODIFY | IN_MOVED_TO | IN_DELETE_SELF);
	log->once = true;
	while (running) {
		/* Asked before the log is read: what is written after the answer is read, too. */
		running = is_running(engine, container) && !is_over(printer);
		if (log_read(log, print_record, printer, err) < 0)
			return -1;
		if (fflush(stdout) != 0)
			return 0; /* main.c says why */
		if (running)
			await_change(watch);
	}
	return 0;
}

static int show(const struct call *call, const struct logs_options *options, const char *name,
		struct error *err)
{
	struct printer printer = {.timestamps = options->timestamps,
				  .details = options->details,
				  .since = options->since,
				  .until = options->until,
				  .err = err};
	AUTO_ROTATED_READER struct rotated_reader log = {0};
	AUTO_CONTAINER struct container container = {0};
	AUTO_ENGINE struct engine engine = {0};

	if (subcommand_engine(call, &engine, err) < 0 ||
	    container_find(&engine, name, &container, err) < 0)
		return -1;
	if (log_settings_keep_nothing(&container.config.log))
		return error_set(err, ENOSYS, "configured logging driver does not support reading");
	log.path = path_join(container.dir, "log.json");
	if (count_skipped(&log, options->tail, &printer, err) < 0)
		return -1;
	if (options->follow)
		return follow(&engine, &container, &log, &printer, err);
	return log_read(&log, print_record, &printer, err);
}

int command_logs(const struct call *call)
{
	struct logs_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", logs_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, 1);
	struct error err;
	int status = 0;

	if (show(call, &options, call->argv[operand], &err) < 0)
		status = subcommand_fail(&err);
	cleanup_memory(&options.tail);
	return status;
}
