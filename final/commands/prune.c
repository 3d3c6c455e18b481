/* system prune, and what all prunes share; see prune.h. */
#include "prune.h"

#include <errno.h>
#include <stdio.h>

#include "cleanup.h"
#include "human.h"
#include "program.h"
#include "subcommand.h"

bool prune_is_confirmed(const char *what)
{
	char answer[8] = "";

	printf("WARNING! This will remove%s\nAre you sure you want to continue? [y/N] ", what);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

void pruned_print(const struct pruned *pruned)
{
	char size[HUMAN_SIZE];

	human_total_bytes(pruned->bytes, size);
	printf("%sTotal reclaimed space: %s\n", text_string(&pruned->text), size);
}

struct prune_options {
	struct program_options program;
	bool all, force, volumes;
};

#define FIELD(name) offsetof(struct prune_options, name)

static const struct option_row prune_rows[] = {
	{"all", 'a', NULL, option_flag, FIELD(all), "Also images that have a name", NULL, NULL},
	{"force", 'f', NULL, option_flag, FIELD(force), "Do not ask", NULL, NULL},
	{"volumes", 0, NULL, option_flag, FIELD(volumes), "Also volumes without a name", NULL,
	 NULL},
	{0},
};

static bool is_confirmed(const struct prune_options *options)
{
	AUTO_FREE char *what = memory_format(
		":\n  - all stopped containers\n"
		"  - all networks not used by at least one container\n"
		"%s"
		"  - all %s\n",
		options->volumes ? "  - all anonymous volumes not used by at least one container\n"
				 : "",
		options->all ? "images without at least one container associated to them"
			     : "dangling images");

	return options->force || prune_is_confirmed(what);
}

static int prune(const struct call *call, const struct prune_options *options,
		 struct pruned *pruned, struct error *err)
{
	const struct strings no_filters = {0};
	AUTO_ENGINE struct engine engine = {0};

	if (subcommand_engine(call, &engine, err) < 0 ||
	    prune_containers(&engine, &no_filters, pruned, err) < 0 ||
	    prune_networks(&engine, &no_filters, pruned, err) < 0)
		return -1;
	if (options->volumes && prune_volumes(&engine, pruned, err) < 0)
		return -1;
	return prune_images(&engine, options->all, pruned, err);
}

int command_system_prune(const struct call *call)
{
	struct prune_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", prune_rows, &options},
		{0},
	};
	struct pruned pruned = {0};
	struct error err;
	int status;

	subcommand_options(call, groups, 0, 0);
	if (!is_confirmed(&options)) {
		error_set(&err, ECANCELED, "system prune has been cancelled");
		return subcommand_fail(&err);
	}
	status = prune(call, &options, &pruned, &err) < 0 ? subcommand_fail(&err) : 0;
	pruned_print(&pruned);
	text_release(&pruned.text);
	return pruned.damaged ? STATUS_FAILED : status;
}
