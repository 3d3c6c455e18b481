/* system: the data root as a whole. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "group.h"
#include "program.h"
#include "reset.h"
#include "subcommand.h"

/* --- boot ---------------------------------------------------------------------------------- */

static int command_boot(const struct call *call)
{
	struct program_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options},
		{0},
	};
	AUTO_STRINGS struct strings started = {0}, failed = {0};
	AUTO_ENGINE struct engine engine = {0};
	struct error err;

	subcommand_options(call, groups, 0, 0);
	if (subcommand_engine(call, &engine, &err) < 0 ||
	    engine_boot(&engine, &started, &failed, &err) < 0)
		return subcommand_fail(&err);
	for (size_t i = 0; i < started.count; i++)
		printf("%s\n", started.items[i]);
	for (size_t i = 0; i < failed.count; i++) {
		error_set(&err, EIO, "%s", failed.items[i]);
		subcommand_fail(&err);
	}
	return failed.count ? STATUS_FAILED : 0;
}

/* --- reset --------------------------------------------------------------------------------- */

struct reset_options {
	struct program_options program;
	bool force;
};

static const struct option_row reset_rows[] = {
	{"force", 'f', NULL, option_flag, offsetof(struct reset_options, force), "Do not ask", NULL,
	 NULL},
	{0},
};

static bool confirm(const char *root)
{
	char answer[8] = "";

	printf("WARNING! This will remove all of '%s':\n"
	       "  - all containers, and what they have written\n"
	       "  - all volumes, and what is in them\n"
	       "  - all networks\n"
	       "  - all images\n\n"
	       "Are you sure you want to continue? [y/N] ",
	       root);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int command_reset(const struct call *call)
{
	struct reset_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", reset_rows, &options},
		{0},
	};
	AUTO_ENGINE struct engine engine = {0};
	struct error err;

	subcommand_options(call, groups, 0, 0);
	if (!options.force && !confirm(call->root)) {
		error_set(&err, ECANCELED, "system reset has been cancelled");
		return subcommand_fail(&err);
	}
	if (subcommand_engine(call, &engine, &err) < 0 || engine_reset(&engine, &err) < 0)
		return subcommand_fail(&err);
	return 0;
}

int command_system(const struct call *call)
{
	static const struct subcommand rows[] = {
		{"system boot", "", "Start the containers whose restart policy says so",
		 command_boot},
		{"system check", "", "Verify containers, networks, volumes and images",
		 command_system_check},
		{"system df", "", "Show how much room everything takes", command_system_df},
		{"system events", "[OPTIONS]", "Show what happens, as it happens", command_events},
		{"system info", "[OPTIONS]", "Show what there is, and what it stands on",
		 command_info},
		{"system prune", "[OPTIONS]", "Remove all that is not used", command_system_prune},
		{"system reset", "[OPTIONS]", "Remove everything", command_reset},
		{0},
	};

	return group_call(call, rows);
}
