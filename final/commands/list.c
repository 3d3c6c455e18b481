/* ps: the containers there are, and how they are. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "container.h"
#include "human.h"
#include "program.h"
#include "subcommand.h"
#include "table.h"

#define ID_SHOWN 12
#define COMMAND_SHOWN 20

struct list_options {
	struct program_options program;
	bool all, quiet, whole, latest;
	uint64_t last; /* 0: all that match */
};

#define FIELD(name) offsetof(struct list_options, name)

static int option_count(void *field, const char *value, struct error *err)
{
	return strcmp(value, "-1") == 0 ? 0 : text_to_number(value, INT_MAX, field, err);
}

static const struct option_row list_rows[] = {
	{"all", 'a', NULL, option_flag, FIELD(all), "Also those that do not run", NULL, NULL},
	{"last", 'n', "NUMBER", option_count, FIELD(last),
	 "The last containers that were made, in any state", NULL, NULL},
	{"latest", 'l', NULL, option_flag, FIELD(latest), "The last one that was made", NULL, NULL},
	{"no-trunc", 0, NULL, option_flag, FIELD(whole), "Whole ids and commands", NULL, NULL},
	{"quiet", 'q', NULL, option_flag, FIELD(quiet), "Only ids", NULL, NULL},
	{0},
};

/* "Up 5 seconds", "Exited (0) 2 minutes ago", "Created". */
static void add_status(const struct container *container, struct table *table)
{
	const struct container_state *state = &container->state;
	char span[HUMAN_SIZE];

	switch (state->status) {
	case CONTAINER_CREATED: table_add(table, "Created"); return;
	case CONTAINER_RUNNING:
		human_duration((int64_t)time(NULL) - clock_seconds(state->started_at), span);
		table_add(table, "Up %s%s", span, state->paused ? " (Paused)" : "");
		return;
	case CONTAINER_EXITED:
		human_ago(state->finished_at, span);
		table_add(table, "Exited (%d) %s", state->exit_code, span);
		return;
	}
}

static void add_row(const struct container *container, bool whole, struct table *table)
{
	AUTO_TEXT struct text command = {0};
	char created[HUMAN_SIZE];

	human_add_command(&container->config.argv, whole ? 0 : COMMAND_SHOWN, &command);
	human_ago(container->state.created_at, created);
	table_add(table, "%.*s", whole ? CONTAINER_ID_LENGTH : ID_SHOWN, container->id);
	table_add(table, "%s", container->config.image);
	table_add(table, "%s", text_string(&command));
	table_add(table, "%s", created);
	add_status(container, table);
	table_add(table, "%s", "");
	table_add(table, "%s", container->config.name);
}

static void add_header(struct table *table)
{
	static const char *const titles[] = {"CONTAINER ID", "IMAGE", "COMMAND", "CREATED",
					     "STATUS",	     "PORTS", "NAMES"};

	table->columns = ARRAY_LENGTH(titles);
	for (size_t i = 0; i < ARRAY_LENGTH(titles); i++)
		table_add(table, "%s", titles[i]);
}

static void print_list(const struct list_options *options, const struct container *containers,
		       size_t count)
{
	uint64_t most = options->latest ? 1 : options->last;
	bool all = options->all || most;
	AUTO_TABLE struct table table = {0};
	AUTO_TEXT struct text text = {0};

	add_header(&table);
	for (size_t i = 0; i < count && (!most || i < most); i++) {
		if (!all && containers[i].state.status != CONTAINER_RUNNING)
			continue;
		if (options->quiet)
			printf("%.*s\n", options->whole ? CONTAINER_ID_LENGTH : ID_SHOWN,
			       containers[i].id);
		add_row(&containers[i], options->whole, &table);
	}
	table_print(&table, &text);
	if (!options->quiet)
		fputs(text_string(&text), stdout);
}

int command_ps(const struct call *call)
{
	struct list_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", list_rows, &options},
		{0},
	};
	AUTO_ENGINE struct engine engine = {0};
	struct container *containers = NULL;
	size_t count = 0;
	struct error err;

	subcommand_options(call, groups, 0, 0);
	if (subcommand_engine(call, &engine, &err) < 0 ||
	    container_list(&engine, &containers, &count, &err) < 0)
		return subcommand_fail(&err);
	print_list(&options, containers, count);
	for (size_t i = 0; i < count; i++)
		container_release(&containers[i]);
	cleanup_memory(&containers);
	return 0;
}
