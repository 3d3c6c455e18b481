/* update: new limits, and another restart policy, for containers that are there. */
#include <errno.h>
#include <string.h>

#include "cgroup_options.h"
#include "cleanup.h"
#include "container.h"
#include "control.h"
#include "program.h"
#include "run_files.h"
#include "subcommand.h"

/* What Docker can change after the start; the rest of chapter 03's options is for run alone. */
static const char *const changeable[] = {
	"memory",      "memory-swap", "memory-reservation", "cpus",
	"cpu-period",  "cpu-quota",   "cpu-shares",	    "cpuset-cpus",
	"cpuset-mems", "pids-limit",  "blkio-weight",
};

/* Copies the rows of those options; `rows` has room for one more, the end. */
static void choose_rows(struct option_row rows[ARRAY_LENGTH(changeable) + 1])
{
	for (const struct option_row *row = cgroup_option_rows; row->name; row++)
		for (size_t i = 0; i < ARRAY_LENGTH(changeable); i++)
			if (strcmp(row->name, changeable[i]) == 0)
				*rows++ = *row;
	*rows = (struct option_row){0};
}

struct update_options {
	struct cgroup_options cgroup;
	struct restart_policy restart;
	bool has_restart;
};

static int option_restart(void *field, const char *value, struct error *err)
{
	struct update_options *options = field;

	options->has_restart = true;
	return run_option_restart(&options->restart, value, err);
}

static const struct option_row restart_rows[] = {
	{"restart", 0, "POLICY", option_restart, 0,
	 "Start it again: no, on-failure[:N], always, unless-stopped", NULL, NULL},
	{0},
};

static int update_one(const struct engine *engine, const char *name, const void *context,
		      struct error *err)
{
	const struct update_options *options = context;
	AUTO_CONTAINER struct container container = {0};

	if (container_find(engine, name, &container, err) < 0)
		return -1;
	return container_update(engine, &container, &options->cgroup.limits,
				options->has_restart ? &options->restart : NULL, err);
}

int command_update(const struct call *call)
{
	struct program_options program = {0};
	struct update_options options = {0};
	struct option_row rows[ARRAY_LENGTH(changeable) + 1];
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &program},
		{"Limits", rows, &options.cgroup},
		{"Options", restart_rows, &options},
		{0},
	};
	struct action action = {update_one, &options, false};
	struct error err;
	int operand, status;

	choose_rows(rows);
	operand = subcommand_options(call, groups, 1, -1);
	if (operand == 1) {
		error_set(&err, EINVAL,
			  "you must provide one or more flags when using this command");
		return subcommand_fail(&err);
	}
	if (cgroup_options_check_update(&options.cgroup, &err) < 0)
		status = subcommand_fail(&err);
	else
		status = subcommand_each(call, operand, &action);
	cgroup_options_release(&options.cgroup);
	return status;
}
