/* stats: what containers use, once a second. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"
#include "control.h"
#include "format.h"
#include "human.h"
#include "json.h"
#include "program.h"
#include "subcommand.h"

#define ID_SHOWN 12
#define CLEAR_SCREEN "\033[H\033[J"
#define USUAL                                                                                      \
	"{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"
#define THROTTLING "\t{{.Throttled}}\t{{.OOMKills}}"

struct stats_options {
	struct program_options program;
	bool all, once, whole, throttling;
	char *format;
};

#define FIELD(name) offsetof(struct stats_options, name)

static const struct option_row stats_rows[] = {
	{"all", 'a', NULL, option_flag, FIELD(all), "Also containers that do not run", NULL, NULL},
	{"format", 0, "FORMAT", option_string, FIELD(format), "As a table, json, or a template",
	 NULL, NULL},
	{"no-stream", 0, NULL, option_flag, FIELD(once), "Print one result, and end", NULL, NULL},
	{"no-trunc", 0, NULL, option_flag, FIELD(whole), "Whole ids", NULL, NULL},
	{"throttling", 0, NULL, option_flag, FIELD(throttling),
	 "Also periods cut short by --cpus, and processes killed for lack of memory", "cpu.stat",
	 "cgroups(7)"},
	{0},
};

/* The containers to show, with a reading of a second ago for each. */
struct sample {
	struct container *containers;
	struct container_usage *usages;
	size_t count;
};

static void release_sample(struct sample *sample)
{
	for (size_t i = 0; i < sample->count; i++)
		container_release(&sample->containers[i]);
	cleanup_memory(&sample->containers);
	cleanup_memory(&sample->usages);
	sample->count = 0;
}

/* --- what is read -------------------------------------------------------------------------- */

static int find_named(const struct engine *engine, char *const *names, struct sample *sample,
		      struct error *err)
{
	for (; *names; names++) {
		sample->containers = memory_resized(sample->containers, sample->count + 1,
						    sizeof(*sample->containers));
		if (container_find(engine, *names, &sample->containers[sample->count], err) < 0)
			return -1;
		sample->count++;
	}
	return 0;
}

static int find_all(const struct engine *engine, bool also_ended, struct sample *sample,
		    struct error *err)
{
	size_t kept = 0;

	if (container_list(engine, &sample->containers, &sample->count, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < sample->count; i++)
		if (also_ended || sample->containers[i].state.status == CONTAINER_RUNNING)
			sample->containers[kept++] = sample->containers[i];
		else
			container_release(&sample->containers[i]);
	sample->count = kept;
	return 0;
}

static int take_sample(const struct engine *engine, char *const *names, bool also_ended,
		       struct sample *sample, struct error *err)
{
	int result = *names ? find_named(engine, names, sample, err)
			    : find_all(engine, also_ended, sample, err);

	sample->usages = memory_zeroed(sample->count + 1, sizeof(*sample->usages));
	for (size_t i = 0; result == 0 && i < sample->count; i++)
		container_read_usage(engine, &sample->containers[i], &sample->usages[i]);
	return result;
}

/* The reading of the same container a second ago; this one if it was not there then. */
static const struct cgroup_usage *find_before(const struct sample *before, const struct sample *now,
					      size_t index)
{
	for (size_t i = 0; i < before->count; i++)
		if (strcmp(before->containers[i].id, now->containers[index].id) == 0)
			return &before->usages[i].cgroup;
	return &now->usages[index].cgroup;
}

/* --- what is printed ----------------------------------------------------------------------- */

static void add_pair(cJSON *row, const char *name, void (*format)(uint64_t, char[HUMAN_SIZE]),
		     uint64_t one, uint64_t two)
{
	char first[HUMAN_SIZE], second[HUMAN_SIZE];
	AUTO_FREE char *both = NULL;

	format(one, first);
	format(two, second);
	both = memory_format("%s / %s", first, second);
	cJSON_AddStringToObject(row, name, both);
}

__attribute__((format(printf, 3, 4))) static void add_text(cJSON *row, const char *name,
							   const char *format, ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cJSON_AddStringToObject(row, name, text);
}

static cJSON *make_row(const struct container *container, const struct container_usage *usage,
		       const struct cgroup_usage *before, bool whole)
{
	const struct cgroup_usage *now = &usage->cgroup;
	double limit = now->memory_limit_bytes ? (double)now->memory_limit_bytes : 1;
	cJSON *row = cJSON_CreateObject();

	add_pair(row, "BlockIO", human_bytes, now->disk_read_bytes, now->disk_written_bytes);
	add_text(row, "CPUPerc", "%.2f%%", cgroup_usage_cpu_percent(before, now));
	add_text(row, "Container", "%.*s", whole ? CONTAINER_ID_LENGTH : ID_SHOWN, container->id);
	add_text(row, "ID", "%.*s", whole ? CONTAINER_ID_LENGTH : ID_SHOWN, container->id);
	add_text(row, "MemPerc", "%.2f%%", 100.0 * (double)now->memory_bytes / limit);
	add_pair(row, "MemUsage", human_binary_bytes, now->memory_bytes, now->memory_limit_bytes);
	cJSON_AddStringToObject(row, "Name", container->config.name);
	add_pair(row, "NetIO", human_bytes, usage->received_bytes, usage->sent_bytes);
	add_text(row, "OOMKills", "%lu", now->oom_kills);
	add_text(row, "PIDs", "%lu", now->pids);
	add_text(row, "Throttled", "%lu of %lu", now->throttled, now->periods);
	return row;
}

static cJSON *make_titles(void)
{
	static const char *const titles[][2] = {
		{"BlockIO", "BLOCK I/O"},   {"CPUPerc", "CPU %"},
		{"Container", "CONTAINER"}, {"ID", "CONTAINER ID"},
		{"MemPerc", "MEM %"},	    {"MemUsage", "MEM USAGE / LIMIT"},
		{"Name", "NAME"},	    {"NetIO", "NET I/O"},
		{"OOMKills", "OOM KILLS"},  {"PIDs", "PIDS"},
		{"Throttled", "THROTTLED"},
	};
	cJSON *row = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_LENGTH(titles); i++)
		cJSON_AddStringToObject(row, titles[i][0], titles[i][1]);
	return row;
}

static int print_sample(const struct sample *before, const struct sample *now,
			const struct stats_options *options, struct error *err)
{
	AUTO_JSON cJSON *rows = cJSON_CreateArray(), *titles = make_titles();
	const struct format_view view = {options->format,
					 options->throttling ? USUAL THROTTLING : USUAL, titles};
	AUTO_TEXT struct text text = {0};

	for (size_t i = 0; i < now->count; i++)
		cJSON_AddItemToArray(rows, make_row(&now->containers[i], &now->usages[i],
						    find_before(before, now, i), options->whole));
	if (format_rows(&view, rows, &text, err) < 0)
		return -1;
	printf("%s%s", options->once ? "" : CLEAR_SCREEN, text_string(&text));
	fflush(stdout);
	return 0;
}

static int stream(const struct engine *engine, char *const *names,
		  const struct stats_options *options, struct error *err)
{
	struct sample before = {0}, now = {0};
	int result = take_sample(engine, names, options->all, &before, err);

	while (result == 0) {
		sleep(1);
		result = take_sample(engine, names, options->all, &now, err);
		if (result == 0)
			result = print_sample(&before, &now, options, err);
		release_sample(&before);
		before = now;
		now = (struct sample){0};
		if (options->once || ferror(stdout))
			break;
	}
	release_sample(&before);
	return result;
}

int command_stats(const struct call *call)
{
	struct stats_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", stats_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 0, -1);
	AUTO_ENGINE struct engine engine = {0};
	struct error err;
	int status = 0;

	if (subcommand_engine(call, &engine, &err) < 0 ||
	    stream(&engine, call->argv + operand, &options, &err) < 0)
		status = subcommand_fail(&err);
	cleanup_memory(&options.format);
	return status;
}
