/* stats: what containers use, once a second. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"
#include "control.h"
#include "human.h"
#include "program.h"
#include "subcommand.h"
#include "table.h"

#define ID_SHOWN 12
#define CLEAR_SCREEN "\033[H\033[J"

struct stats_options {
	struct program_options program;
	bool all, once, whole, throttling;
};

#define FIELD(name) offsetof(struct stats_options, name)

static const struct option_row stats_rows[] = {
	{"all", 'a', NULL, option_flag, FIELD(all), "Also containers that do not run", NULL, NULL},
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

	if (container_list(engine, &sample->containers, &sample->count, err) < 0)
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

static void add_pair(struct table *table, void (*format)(uint64_t, char[HUMAN_SIZE]), uint64_t one,
		     uint64_t two)
{
	char first[HUMAN_SIZE], second[HUMAN_SIZE];

	format(one, first);
	format(two, second);
	table_add(table, "%s / %s", first, second);
}

static void add_row(const struct container *container, const struct container_usage *usage,
		    const struct cgroup_usage *before, const struct stats_options *options,
		    struct table *table)
{
	const struct cgroup_usage *now = &usage->cgroup;
	double limit = now->memory_limit_bytes ? (double)now->memory_limit_bytes : 1;

	table_add(table, "%.*s", options->whole ? CONTAINER_ID_LENGTH : ID_SHOWN, container->id);
	table_add(table, "%s", container->config.name);
	table_add(table, "%.2f%%", cgroup_usage_cpu_percent(before, now));
	add_pair(table, human_binary_bytes, now->memory_bytes, now->memory_limit_bytes);
	table_add(table, "%.2f%%", 100.0 * (double)now->memory_bytes / limit);
	add_pair(table, human_bytes, usage->received_bytes, usage->sent_bytes);
	add_pair(table, human_bytes, now->disk_read_bytes, now->disk_written_bytes);
	table_add(table, "%lu", now->pids);
	if (!options->throttling)
		return;
	table_add(table, "%lu of %lu", now->throttled, now->periods);
	table_add(table, "%lu", now->oom_kills);
}

static void print_sample(const struct sample *before, const struct sample *now,
			 const struct stats_options *options)
{
	static const char *const titles[] = {
		"CONTAINER ID", "NAME",	     "CPU %", "MEM USAGE / LIMIT", "MEM %",
		"NET I/O",	"BLOCK I/O", "PIDS",  "THROTTLED",	   "OOM KILLS"};
	AUTO_TABLE struct table table = {.columns = options->throttling ? 10 : 8};
	AUTO_TEXT struct text text = {0};

	for (size_t i = 0; i < table.columns; i++)
		table_add(&table, "%s", titles[i]);
	for (size_t i = 0; i < now->count; i++)
		add_row(&now->containers[i], &now->usages[i], find_before(before, now, i), options,
			&table);
	table_print(&table, &text);
	printf("%s%s", options->once ? "" : CLEAR_SCREEN, text_string(&text));
	fflush(stdout);
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
			print_sample(&before, &now, options);
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

	if (subcommand_engine(call, &engine, &err) < 0 ||
	    stream(&engine, call->argv + operand, &options, &err) < 0)
		return subcommand_fail(&err);
	return 0;
}
