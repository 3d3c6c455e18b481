/* container: what can be done with containers, under one name; and prune. */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "clock.h"
#include "container.h"
#include "filter.h"
#include "group.h"
#include "human.h"
#include "path.h"
#include "program.h"
#include "prune.h"
#include "subcommand.h"
#include "text.h"

struct prune_options {
	struct program_options program;
	bool force;
	struct strings filters;
};

#define FIELD(name) offsetof(struct prune_options, name)

static const struct option_row prune_rows[] = {
	{"filter", 0, "NAME=VALUE", filter_option, FIELD(filters),
	 "Only those with label=, label!=, until=", NULL, NULL},
	{"force", 'f', NULL, option_flag, FIELD(force), "Do not ask", NULL, NULL},
	{0},
};

/* What the files below take on the disk. */
static uint64_t size_of(const struct container *container)
{
	AUTO_FREE char *upper = path_join(container->dir, "upper");
	char *const roots[] = {upper, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	uint64_t bytes = 0;
	FTSENT *entry;

	while (walk && (entry = fts_read(walk)))
		if (entry->fts_info == FTS_F)
			bytes += (uint64_t)entry->fts_statp->st_size;
	if (walk)
		fts_close(walk);
	return bytes;
}

static bool is_unused(const struct container *container)
{
	return container->state.status == CONTAINER_EXITED ||
	       container->state.status == CONTAINER_CREATED;
}

static int prune_one(const struct engine *engine, struct container *container, uint64_t *bytes,
		     struct text *done, struct error *err)
{
	uint64_t size = size_of(container);

	/* Somebody may just have started it. */
	if (container_remove_unused(engine, container, err) < 0)
		return err->code == EBUSY ? 0 : -1;
	*bytes += size;
	text_add_format(done, "%s\n", container->id);
	return 0;
}

int prune_containers(const struct engine *engine, const struct strings *filters,
		     struct pruned *pruned, struct error *err)
{
	static const char *const known[] = {"label", "label!", "until", NULL};
	struct container *containers = NULL;
	AUTO_STRINGS struct strings damaged = {0};
	AUTO_TEXT struct text done = {0};
	size_t count = 0, next = 0;
	int64_t until = INT64_MAX;
	const char *value = filter_value(filters, "until", &next);
	int result = 0;

	if (filter_check(filters, known, err) < 0)
		return -1;
	if ((value && clock_read(value, &until, err) < 0) ||
	    container_list(engine, &containers, &count, &damaged, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (result == 0 && is_unused(&containers[i]) &&
		    filter_labels(filters, &containers[i].config.labels) &&
		    clock_nanoseconds(containers[i].state.created_at) < until)
			result = prune_one(engine, &containers[i], &pruned->bytes, &done, err);
		container_release(&containers[i]);
	}
	cleanup_memory(&containers);
	pruned->damaged |= subcommand_fail_for(&damaged) != 0;
	if (done.length)
		text_add_format(&pruned->text, "Deleted Containers:\n%s\n", text_string(&done));
	return result;
}

static int command_prune(const struct call *call)
{
	struct prune_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", prune_rows, &options},
		{0},
	};
	AUTO_ENGINE struct engine engine = {0};
	struct pruned pruned = {0};
	struct error err;
	int status = 0;

	subcommand_options(call, groups, 0, 0);
	if (!options.force && !prune_is_confirmed(" all stopped containers.")) {
		error_set(&err, ECANCELED, "container prune has been cancelled");
		status = subcommand_fail(&err);
	} else if (subcommand_engine(call, &engine, &err) < 0) {
		status = subcommand_fail(&err);
	} else {
		if (prune_containers(&engine, &options.filters, &pruned, &err) < 0)
			status = subcommand_fail(&err);
		if (status == 0 || pruned.text.length)
			pruned_print(&pruned);
	}
	text_release(&pruned.text);
	strings_release(&options.filters);
	return pruned.damaged ? STATUS_FAILED : status;
}

int command_container(const struct call *call)
{
	static const struct subcommand rows[] = {
		{"container create", "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a new container",
		 command_create_container},
		{"container inspect", "[OPTIONS] CONTAINER [CONTAINER...]",
		 "Display detailed information on one or more containers", command_inspect},
		{"container kill", "[OPTIONS] CONTAINER [CONTAINER...]",
		 "Kill one or more running containers", command_kill},
		{"container logs", "[OPTIONS] CONTAINER", "Fetch the logs of a container",
		 command_logs},
		{"container ls", "[OPTIONS]", "List containers", command_ps},
		{"container list", "[OPTIONS]", "List containers", command_ps},
		{"container prune", "[OPTIONS]", "Remove all stopped containers", command_prune},
		{"container rename", "CONTAINER NEW_NAME", "Rename a container", command_rename},
		{"container restart", "[OPTIONS] CONTAINER [CONTAINER...]",
		 "Restart one or more containers", command_restart},
		{"container rm", "[OPTIONS] CONTAINER [CONTAINER...]",
		 "Remove one or more containers", command_rm},
		{"container run", "[OPTIONS] IMAGE [COMMAND] [ARG...]",
		 "Create and run a new container from an image", command_run},
		{"container start", "[OPTIONS] CONTAINER [CONTAINER...]",
		 "Start one or more stopped containers", command_start},
		{"container stop", "[OPTIONS] CONTAINER [CONTAINER...]",
		 "Stop one or more running containers", command_stop},
		{"container wait", "CONTAINER [CONTAINER...]",
		 "Block until one or more containers stop, then print their exit codes",
		 command_wait},
		{0},
	};

	return group_call(call, rows);
}
