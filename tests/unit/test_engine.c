/* The engine: log format, signal names, container names and records, repair. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "attach.h"
#include "container.h"
#include "detach_keys.h"
#include "engine.h"
#include "file.h"
#include "log.h"
#include "names.h"
#include "path.h"
#include "record.h"
#include "signals.h"
#include "tap.h"
#include "text.h"

static char dir[] = "/tmp/test-engine-XXXXXX";

/* --- log ----------------------------------------------------------------------------------- */

struct seen {
	struct text text;
	int records, streams[3];
};

static int see(void *context, const struct log_record *record)
{
	struct seen *seen = context;

	text_add(&seen->text, record->text, record->length);
	seen->records++;
	seen->streams[record->stream]++;
	return 0;
}

static const struct log_settings plain;
static const struct strings none;

static void check_raw(const char *bytes, size_t count, const char *want)
{
	AUTO_FREE char *path = path_join(dir, "log.json");
	AUTO_TEXT struct text raw = {0};
	struct log_writer writer = {0};
	struct error err;

	unlink(path);
	ok(log_open(dir, &plain, &none, &writer, &err) == 0 &&
		   log_write(&writer, 2, bytes, count, &err) == 0 &&
		   log_close(&writer, &err) == 0 &&
		   file_read(AT_FDCWD, path, 1 << 20, &raw, &err) == 0,
	   "a log is written");
	if (!ok(text_starts_with(text_string(&raw), want), want))
		printf("# got: %s", text_string(&raw));
}

static void test_log_format(void)
{
	check_raw("out\n", 4, "{\"log\":\"out\\n\",\"stream\":\"stderr\",\"time\":\"20");
	check_raw("no end", 6, "{\"log\":\"no end\",\"stream\"");
	check_raw("\"q\" \\ \t\r\x01<&>", 12,
		  "{\"log\":\"\\\"q\\\" \\\\ \\t\\r\\u0001\\u003c\\u0026\\u003e\",");
	check_raw("gr\xc3\xb6\xc3\x9f"
		  "e",
		  7,
		  "{\"log\":\"gr\xc3\xb6\xc3\x9f"
		  "e\",");
	check_raw("\xff\xc3(\xed\xa0\x80", 6, "{\"log\":\"\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd\",");
}

static void test_log_lines(void)
{
	AUTO_FREE char *path = path_join(dir, "log.json");
	AUTO_FREE char *longer = memory_zeroed(40001, 1);
	struct log_writer writer = {0};
	struct rotated_reader reader = {.path = path_join(dir, "log.json")};
	struct seen seen = {0};
	struct error err;

	unlink(path);
	memset(longer, 'x', 40000);
	log_open(dir, &plain, &none, &writer, &err);
	log_write(&writer, 1, "a\nb", 3, &err);
	ok(log_read(&reader, see, &seen, &err) == 0 && seen.records == 1,
	   "what has no newline yet is not written");
	log_write(&writer, 2, "e\n", 2, &err);
	log_write(&writer, 1, "c\n", 2, &err);
	log_write(&writer, 1, longer, 40000, &err);
	log_close(&writer, &err);
	ok(log_read(&reader, see, &seen, &err) == 0, "the rest is read from the offset on");
	/* a, e, bc, and 40000 bytes in records of at most 16 KiB */
	is_number(seen.records, 6, "lines are records, a long line is several");
	is_number(seen.streams[2], 1, "streams are told apart");
	ok(text_starts_with(text_string(&seen.text), "a\ne\nbc\nxxx") && seen.text.length == 40007,
	   "nothing is lost");
	text_release(&seen.text);
	seen = (struct seen){0};
	unlink(path);
	log_open(dir, &plain, &none, &writer, &err);
	log_write(&writer, 1, "a\0b \"\\\t<\xc3\xb6\xff\n", 12, &err);
	log_close(&writer, &err);
	log_read(&reader, see, &seen, &err);
	ok(seen.text.length == 14 &&
		   !memcmp(seen.text.data, "a\0b \"\\\t<\xc3\xb6\xef\xbf\xbd\n", 14),
	   "any byte but broken UTF-8 comes back as it was, a NUL too");
	text_release(&seen.text);
	rotated_release(&reader);
}

/* Writes the lines from..to; each fills a file of its own. */
static void write_lines(struct log_writer *writer, int from, int to)
{
	struct error err;

	for (int i = from; i <= to; i++) {
		AUTO_FREE char *line = memory_format("%d\n", i);

		log_write(writer, 1, line, strlen(line), &err);
	}
}

static void test_log_rotation(void)
{
	char *options[] = {"max-size=1", "max-file=3", NULL};
	const struct log_settings settings = {.options = {options, 2}};
	AUTO_FREE char *path = path_join(dir, "log.json");
	AUTO_ROTATED_READER struct rotated_reader reader = {.path = path_join(dir, "log.json")};
	AUTO_ROTATED_READER struct rotated_reader late = {.path = path_join(dir, "log.json")};
	struct log_writer writer = {0};
	struct seen seen = {0};
	struct error err;

	unlink(path);
	log_open(dir, &settings, &none, &writer, &err);
	write_lines(&writer, 1, 2);
	log_read(&reader, see, &seen, &err);
	is(text_string(&seen.text), "1\n2\n", "a reader goes from the oldest file to the newest");
	write_lines(&writer, 3, 4);
	log_read(&reader, see, &seen, &err);
	is(text_string(&seen.text), "1\n2\n3\n4\n",
	   "a reader loses nothing while files are renamed");
	seen.text.length = 0;
	log_read(&late, see, &seen, &err);
	is(text_string(&seen.text), "2\n3\n4\n", "only so many files are kept");
	rotated_rewind(&late);
	write_lines(&writer, 5, 6);
	log_close(&writer, &err);
	seen.text.length = 0;
	log_read(&late, see, &seen, &err);
	is(text_string(&seen.text), "2\n3\n4\n5\n6\n",
	   "what a reader has open it can read again, whatever becomes of it");
	text_release(&seen.text);
}

/* --- signals ------------------------------------------------------------------------------- */

static void test_signals(void)
{
	struct error err = {0};

	is_number(signal_number("TERM", &err), SIGTERM, "TERM");
	is_number(signal_number("sigterm", &err), SIGTERM, "sigterm");
	is_number(signal_number("9", &err), SIGKILL, "9");
	is_number(signal_number("SIGRTMIN+3", &err), SIGRTMIN + 3, "SIGRTMIN+3");
	is_number(signal_number("rtmax-1", &err), SIGRTMAX - 1, "rtmax-1");
	ok(signal_number("NOSUCH", &err) < 0, "NOSUCH is none");
	is(err.text, "Invalid signal: NOSUCH", "in Docker's words");
	ok(signal_number("0", &err) < 0 && signal_number("65", &err) < 0 &&
		   signal_number("", &err) < 0 && signal_number("RTMIN+99", &err) < 0,
	   "0, 65, nothing and RTMIN+99 are none");
}

/* --- containers ---------------------------------------------------------------------------- */

static int create(struct engine *engine, const char *name, struct container *container,
		  struct error *err)
{
	AUTO_CONTAINER_CONFIG struct container_config config = {0};

	if (container_config_begin(&config, "none", NULL, err) < 0)
		return -1;
	config.name = name ? memory_string(name) : NULL;
	config.image = memory_string("busybox");
	config.image_id = memory_string("sha256:1234");
	strings_add(&config.argv, "true");
	strings_add(&config.env, "PATH=/bin");
	strings_add(&config.env, "A=b");
	config.limits.memory_swap_bytes = -1;
	config.limits.cpuset_cpus = memory_string("0-1");
	config.capabilities = 0xa80425fb;
	config.read_only = true;
	return container_create(engine, &config, container, err);
}

static void test_records(struct engine *engine)
{
	AUTO_CONTAINER struct container made = {0}, found = {0}, second = {0};
	char prefix[13] = "";
	struct error err;

	if (!ok(create(engine, "boat", &made, &err) == 0, "a container is made"))
		return;
	snprintf(prefix, sizeof(prefix), "%.12s", made.id);
	ok(container_find(engine, "boat", &found, &err) == 0 && !strcmp(found.id, made.id),
	   "by name");
	ok(found.config.limits.memory_swap_bytes == -1 && found.config.capabilities == 0xa80425fb &&
		   found.config.read_only && !found.config.init && found.config.argv.count == 1,
	   "its record says what it was made of");
	is(found.config.limits.cpuset_cpus, "0-1", "strings are kept");
	is(found.config.hostname, prefix, "its hostname is the first 12 of the id");
	container_release(&found);
	ok(container_find(engine, prefix, &found, &err) == 0, "by the beginning of its id");
	ok(create(engine, "boat", &second, &err) < 0 && err.code == EEXIST &&
		   strstr(err.text, "The container name \"/boat\" is already in use by container"),
	   "a name is taken once");
	ok(create(engine, "../boat", &second, &err) < 0 && err.code == EINVAL, "a name is no path");
	ok(create(engine, "b", &second, &err) < 0, "one character is too short");
	ok(container_remove(engine, &made, &err) == 0 && access(made.dir, F_OK) < 0, "removed");
	container_release(&found);
	ok(container_find(engine, "boat", &found, &err) < 0 && err.code == ENOENT, "and not found");
	ok(create(engine, "boat", &second, &err) == 0, "its name is free again");
	container_remove(engine, &second, &err);
}

/* What commands that were killed half-way leave behind. */
static void test_leftovers(struct engine *engine)
{
	AUTO_FREE char *stale = path_join(engine->root, "names/ghost");
	AUTO_FREE char *half = path_join(engine->root, "containers/.new/upper");
	AUTO_CONTAINER struct container made = {0};
	struct container *list;
	struct error err;
	size_t count;

	ok(symlink("0123456789012345678901234567890123456789012345678901234567890123", stale) ==
			   0 &&
		   path_make_dirs(half, 0700, &err) == 0,
	   "a name without a container, and half a container");
	ok(create(engine, "ghost", &made, &err) == 0, "both are in nobody's way");
	ok(container_list(engine, &list, &count, NULL, &err) == 0 && count == 1, "and not listed");
	container_release(&list[0]);
	free(list);
	container_remove(engine, &made, &err);
}

static void test_monitor_lock(struct engine *engine)
{
	AUTO_CONTAINER struct container made = {0};
	AUTO_CLOSE int lock = -1;
	struct error err;

	create(engine, NULL, &made, &err);
	ok(!record_monitor_lives(engine, &made), "without a lock there is no monitor");
	lock = record_lock_monitor(engine, &made, &err);
	ok(lock >= 0 && record_monitor_lives(engine, &made), "with it there is");
	ok(record_lock_monitor(engine, &made, &err) < 0 && err.code == RECORD_LOCKED, "only one");
	ok(record_pid_start(getpid()) > 0 && record_pid_start(0) == 0,
	   "a process has a start time");
	container_remove(engine, &made, &err);
}

/* Between the reading of a record and its repair the monitor may write the end, and end. */
static void test_late_repair(struct engine *engine)
{
	AUTO_CONTAINER struct container ended = {0}, read = {0};
	AUTO_FREE char *run = NULL;
	struct error err;

	create(engine, NULL, &ended, &err);
	ended.state.status = CONTAINER_RUNNING;
	container_save_state(&ended, &err);
	record_load(engine, ended.id, &read, &err);
	ended.state.status = CONTAINER_EXITED;
	ended.state.exit_code = 3;
	container_save_state(&ended, &err);
	ok(record_repair(engine, &read, &err) == 0 && read.state.exit_code == 3 &&
		   read.state.status == CONTAINER_EXITED && !read.state.error,
	   "what ended by itself is not repaired");
	read.state.status = CONTAINER_RUNNING;
	container_remove(engine, &ended, &err);
	run = path_join(engine->run, ended.id);
	ok(record_repair(engine, &read, &err) < 0 && err.code == ENOENT && access(run, F_OK) < 0,
	   "what was removed stays so");
}

static void test_clock(void)
{
	char now[CLOCK_TEXT_SIZE];

	clock_now(now);
	ok(strlen(now) >= 20 && now[strlen(now) - 1] == 'Z', "the time is RFC 3339 in UTC");
	is_number(clock_seconds("2026-11-20T13:29:08.009079998Z"), 1795181348, "and is read again");
}

static void check_detach(const char *keys, const char *typed, const char *want, bool end)
{
	struct detach_keys detach = {.keys = keys};
	char passed[64] = "";
	size_t length = 0;
	bool complete = false;

	/* A byte at a time, as a person types. */
	for (const char *at = typed; *at && !complete; at++)
		length += detach_keys_filter(&detach, at, 1, passed + length, &complete);
	passed[length] = '\0';
	ok(strcmp(passed, want) == 0 && complete == end, typed);
}

static void test_detach_keys(void)
{
	AUTO_FREE char *bytes = NULL;
	struct error err;

	check_detach("pq", "hello", "hello", false);
	check_detach("pq", "apq", "a", true);
	check_detach("pq", "appq", "ap", true);
	check_detach("pq", "apap", "apa", false);
	check_detach(NULL, "pq", "pq", false);
	ok(attach_detach_keys("ctrl-p,ctrl-q,x,ctrl-[", &bytes, &err) == 0 &&
		   strcmp(bytes, "\x10\x11x\x1b") == 0,
	   "keys by name");
	ok(attach_detach_keys("ctrl-@", &bytes, &err) < 0, "a NUL is no key here");
	ok(attach_detach_keys("", &bytes, &err) < 0, "nothing is no key");
}

int main(void)
{
	AUTO_ENGINE struct engine engine = {0};
	struct error err;

	if (!ok(mkdtemp(dir) != NULL, "a directory for trials") ||
	    !ok(engine_open(dir, &engine, &err) == 0, "an engine is opened"))
		return tap_done();
	test_log_format();
	test_log_lines();
	test_log_rotation();
	test_signals();
	test_records(&engine);
	test_leftovers(&engine);
	test_monitor_lock(&engine);
	test_late_repair(&engine);
	test_clock();
	test_detach_keys();
	path_remove_tree(engine.run, &err);
	path_remove_tree(dir, &err);
	return tap_done();
}
