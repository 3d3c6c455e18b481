/* The health of a container; see health.h. Read run_probe first. */
#include "health.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "events.h"
#include "exec.h"
#include "file.h"
#include "path.h"
#include "record.h"
#include "restart.h"
#include "trace.h"

/* Docker's. */
#define INTERVAL_MS 30000
#define START_INTERVAL_MS 5000
#define TIMEOUT_MS 30000
#define RETRIES 3
#define RESULTS_MAX 5
#define OUTPUT_MAX 4096

#define HEALTH_BYTES_MAX (1 << 20)
#define CHILDREN_BYTES_MAX (1 << 16)

/* How long somebody who was killed is waited for: two seconds, for he may hang in the kernel. */
#define END_POLL_MS 5
#define END_TRIES 400

static int64_t milliseconds(int64_t ns, int64_t usual_ms)
{
	return ns ? (ns + 999999) / 1000000 : usual_ms;
}

/* --- what is written down ------------------------------------------------------------------ */

cJSON *health_load(const struct container *container)
{
	AUTO_FREE char *path = path_join(container->dir, "health.json");
	AUTO_TEXT struct text text = {0};
	struct error none;

	if (!healthcheck_is_wanted(&container->config.healthcheck) ||
	    file_read(AT_FDCWD, path, HEALTH_BYTES_MAX, &text, &none) < 0)
		return NULL;
	return json_parse(path, text.data, text.length, &none);
}

static const char *status_of(const cJSON *health)
{
	const char *status = "starting";
	struct error other;

	if (health)
		json_get_string(health, "Status", &status, &other);
	return status;
}

/* That it can't be written, on a full disk, must not end the container. */
static void save(const struct container *container, const cJSON *health)
{
	AUTO_FREE char *path = path_join(container->dir, "health.json");
	AUTO_TEXT struct text text = {0};
	struct error full;

	json_print(health, false, &text);
	file_replace(path, &text, 0600, false, &full);
}

static void set(cJSON *health, const char *new_status, int64_t streak)
{
	/* It may be the old one's. */
	AUTO_FREE char *status = memory_string(new_status);

	cJSON_DeleteItemFromObjectCaseSensitive(health, "Status");
	cJSON_DeleteItemFromObjectCaseSensitive(health, "FailingStreak");
	cJSON_AddStringToObject(health, "Status", status);
	json_add_number(health, "FailingStreak", streak);
}

/* Sets the status, and keeps the results there are. */
static void reset(const struct container *container, const char *status)
{
	cJSON *old = health_load(container), *health = cJSON_CreateObject(), *results;
	uint64_t streak = 0;
	struct error none;

	if (old && strcmp(status, "starting") != 0)
		json_get_number(old, "FailingStreak", &streak, &none);
	results = cJSON_DetachItemFromObjectCaseSensitive(old, "Log");
	set(health, status, (int64_t)streak);
	cJSON_AddItemToObject(health, "Log", results ? results : cJSON_CreateArray());
	save(container, health);
	cJSON_Delete(old);
	cJSON_Delete(health);
}

/* --- a probe ------------------------------------------------------------------------------- */

struct result {
	char start[CLOCK_TEXT_SIZE];
	int exit_code; /* 0: it is well; -1: the command did not run, or not to its end */
	struct text output;
};

/* In memory that the two processes of a probe share. */
struct outcome {
	bool ended;
	int status;
};

/* Forks a process that does not outlive us. Returns 0 in it. */
static pid_t fork_dependent(void)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
		_exit(0);
	return child;
}

/* The command with its arguments: a line is one for the shell. */
static void command_of(const struct healthcheck *check, struct strings *argv)
{
	if (strcmp(check->test.items[0], "CMD-SHELL") == 0) {
		strings_add(argv, "/bin/sh");
		strings_add(argv, "-c");
	}
	strings_add_argv(argv, check->test.items + 1);
}

/* Runs the command as exec does; its output, or why it could not be run, goes to `output`. */
static void run_command(const struct engine *engine, const struct container *container, int output,
			struct outcome *outcome)
{
	AUTO_STRINGS struct strings argv = {0};
	struct exec_config config = {.ends_with_us = true};
	struct process process = {0};
	struct error err;

	command_of(&container->config.healthcheck, &argv);
	config.argv = argv.items;
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	if (engine_make_id(config.id, &err) < 0 ||
	    exec_start(engine, container, &config, &process, &err) < 0 ||
	    process_wait(&process, &outcome->status, &err) < 0) {
		outcome->status = -1;
		(void)!write(output, err.text, strlen(err.text));
	} else {
		exec_ended(engine, container, &config, outcome->status);
	}
	outcome->ended = true;
	_exit(0);
}

/* Reads to the end, and keeps the beginning. Returns false if the time is over before. */
static bool read_output(int fd, int64_t deadline_ms, struct text *output)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	char bytes[OUTPUT_MAX];
	bool cut = false;

	for (;;) {
		int64_t left_ms = deadline_ms - restart_clock_ms();
		size_t room = OUTPUT_MAX - output->length;
		ssize_t count;

		if (left_ms <= 0)
			return false;
		if (poll(&wanted, 1, left_ms > 60000 ? 60000 : (int)left_ms) <= 0)
			continue;
		count = read(fd, bytes, sizeof(bytes));
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		cut = cut || (size_t)count > room;
		text_add(output, bytes, (size_t)count > room ? room : (size_t)count);
	}
	if (cut)
		text_add_string(output, "...");
	return true;
}

static void say_timeout(const struct healthcheck *check, struct text *output)
{
	AUTO_FREE char *said = memory_string(text_string(output));
	char timeout[CLOCK_TEXT_SIZE];

	clock_duration(milliseconds(check->timeout_ns, TIMEOUT_MS) * 1000000, timeout);
	output->length = 0;
	text_add_format(output, "Health check exceeded timeout (%s)%s%s", timeout,
			*said ? ": " : "", said);
}

/* Ends what is left, and waits for it. To kill the parent is not enough: a setuid program has
 * forgotten what PR_SET_PDEATHSIG asked for. proc_tid_children(5) */
static void end_children(void)
{
	for (int tries = 0; tries < END_TRIES; tries++) {
		AUTO_TEXT struct text pids = {0};
		struct error unknown;
		char *at, *end;
		pid_t waited, pid;

		if (file_read(AT_FDCWD, "/proc/thread-self/children", CHILDREN_BYTES_MAX, &pids,
			      &unknown) == 0)
			for (at = pids.data; at && (pid = (pid_t)strtol(at, &end, 10)) > 0;
			     at = end)
				kill(pid, SIGKILL);
		while ((waited = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (waited < 0)
			return;
		poll(NULL, 0, END_POLL_MS);
	}
}

/* Two processes, so that one can end the other when its time is over. */
static void probe(const struct engine *engine, const struct container *container,
		  struct result *result)
{
	const struct healthcheck *check = &container->config.healthcheck;
	int64_t deadline_ms = restart_clock_ms() + milliseconds(check->timeout_ns, TIMEOUT_MS);
	struct outcome *outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ends[2];
	pid_t child;

	result->exit_code = -1;
	clock_now(result->start);
	/* Whoever loses its parent here is ours: while one of them is not waited for, the container's
	 * first process can't end, and not every init waits for others' children. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (outcome == MAP_FAILED || pipe2(ends, O_CLOEXEC) < 0)
		return;
	child = fork_dependent();
	if (child == 0) {
		close(ends[0]);
		run_command(engine, container, ends[1], outcome);
	}
	close(ends[1]);
	if (child < 0)
		return;
	if (!read_output(ends[0], deadline_ms, &result->output)) {
		kill(child, SIGKILL);
		say_timeout(check, &result->output);
	}
	end_children();
	if (outcome->ended)
		result->exit_code = outcome->status;
}

static void add_result(cJSON *health, const struct result *result)
{
	cJSON *log = cJSON_GetObjectItemCaseSensitive(health, "Log"), *to = cJSON_CreateObject();
	char now[CLOCK_TEXT_SIZE];

	clock_now(now);
	cJSON_AddStringToObject(to, "Start", result->start);
	cJSON_AddStringToObject(to, "End", now);
	json_add_number(to, "ExitCode", result->exit_code);
	cJSON_AddStringToObject(to, "Output", text_string(&result->output));
	if (!cJSON_IsArray(log))
		log = cJSON_AddArrayToObject(health, "Log");
	cJSON_AddItemToArray(log, to);
	while (cJSON_GetArraySize(log) > RESULTS_MAX)
		cJSON_DeleteItemFromArray(log, 0);
}

/* Docker's rules: who has never been well may fail in the start period. */
static void judge(cJSON *health, const struct healthcheck *check, int exit_code, int64_t age_ms)
{
	const char *status = status_of(health);
	uint64_t streak = 0, retries = check->retries ? check->retries : RETRIES;
	struct error none;

	json_get_number(health, "FailingStreak", &streak, &none);
	if (exit_code == 0) {
		set(health, "healthy", 0);
		return;
	}
	if (strcmp(status, "starting") != 0 || age_ms >= milliseconds(check->start_period_ns, 0))
		streak++;
	set(health, streak >= retries ? "unhealthy" : status, (int64_t)streak);
}

/* Whether the next one is to be one of the start period. */
static int finish(const struct engine *engine, const struct container *container,
		  const struct result *result, int64_t age_ms)
{
	AUTO_JSON cJSON *health = health_load(container);
	AUTO_FREE char *before = memory_string(status_of(health)), *action = NULL;

	if (!health)
		health = cJSON_CreateObject();
	add_result(health, result);
	judge(health, &container->config.healthcheck, result->exit_code, age_ms);
	save(container, health);
	if (strcmp(before, status_of(health)) != 0) {
		action = memory_format("health_status: %s", status_of(health));
		events_add_container(engine, container, action, NULL);
	}
	return strcmp(status_of(health), "starting") == 0;
}

/* All of the process that a probe is. */
static void run_probe(const struct engine *engine, const char *id, int64_t age_ms)
{
	AUTO_CONTAINER struct container container = {0};
	struct result result = {0};
	struct error gone;

	/* The monitor's lock is one of them: it must not outlive the monitor. */
	trace_close();
	syscall(SYS_close_range, 3, ~0U, 0);
	/* As it is called now. */
	if (record_load(engine, id, &container, &gone) < 0)
		return;
	container_observe(engine, &container);
	/* Nobody who stands still is unwell. */
	if (container.state.paused)
		_exit(strcmp(health_word(&container), "starting") == 0);
	probe(engine, &container, &result);
	_exit(finish(engine, &container, &result, age_ms));
}

/* --- when ---------------------------------------------------------------------------------- */

static void plan(struct health_watch *watch, const struct healthcheck *check, bool starting)
{
	int64_t age_ms = restart_clock_ms() - watch->began_ms;
	bool early = starting && age_ms < milliseconds(check->start_period_ns, 0);

	watch->next_ms = restart_clock_ms() +
			 (early ? milliseconds(check->start_interval_ns, START_INTERVAL_MS)
				: milliseconds(check->interval_ns, INTERVAL_MS));
}

void health_begin(struct health_watch *watch, const struct container *container)
{
	*watch = (struct health_watch){.began_ms = restart_clock_ms()};
	if (!healthcheck_is_wanted(&container->config.healthcheck))
		return;
	reset(container, "starting");
	plan(watch, &container->config.healthcheck, true);
}

int health_timeout_ms(const struct health_watch *watch, int most_ms)
{
	int64_t left_ms = watch->next_ms - restart_clock_ms();

	if (!watch->next_ms || watch->probe || (most_ms >= 0 && most_ms <= left_ms))
		return most_ms;
	return left_ms < 0 ? 0 : left_ms > 3600000 ? 3600000 : (int)left_ms;
}

int health_descriptor(const struct health_watch *watch)
{
	return watch->probe ? watch->pidfd : -1;
}

/* Waits for a probe that has ended, or is about to. Returns its exit status. */
static int reap(struct health_watch *watch)
{
	int status = 0;

	waitpid(watch->probe, &status, 0);
	cleanup_fd(&watch->pidfd);
	watch->probe = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

void health_turn(struct health_watch *watch, const struct engine *engine,
		 const struct container *container)
{
	struct pollfd ended = {.fd = health_descriptor(watch), .events = POLLIN};
	int64_t now_ms = restart_clock_ms();

	if (watch->probe && poll(&ended, 1, 0) > 0)
		plan(watch, &container->config.healthcheck, reap(watch));
	if (!watch->next_ms || watch->probe || now_ms < watch->next_ms)
		return;
	watch->probe = fork_dependent();
	if (watch->probe == 0) {
		run_probe(engine, container->id, now_ms - watch->began_ms);
		_exit(0);
	}
	if (watch->probe < 0) { /* no room for a process: later */
		watch->probe = 0;
		plan(watch, &container->config.healthcheck, false);
		return;
	}
	watch->pidfd = (int)syscall(SYS_pidfd_open, watch->probe, 0);
}

void health_end(struct health_watch *watch, const struct container *container)
{
	if (watch->probe) {
		kill(watch->probe, SIGKILL);
		reap(watch);
	}
	if (watch->next_ms)
		reset(container, "unhealthy");
	watch->next_ms = 0;
}

const char *health_word(const struct container *container)
{
	static const char *const words[] = {"starting", "healthy", "unhealthy"};
	AUTO_JSON cJSON *health = health_load(container);

	for (size_t i = 0; health && i < ARRAY_LENGTH(words); i++)
		if (strcmp(status_of(health), words[i]) == 0)
			return words[i];
	return "none";
}
