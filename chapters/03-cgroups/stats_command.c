/* The front end of `03-cgroups stats`; see stats_command.h. */
#include "stats_command.h"

#include <stdio.h>

#include "cgroup.h"
#include "cgroup_stats.h"
#include "program.h"
#include "text.h"

#define CLEAR_SCREEN "\033[H\033[J"

static const struct option_row stats_rows[] = {
	{"no-stream", 0, NULL, option_flag, 0, "Print one result, and end", NULL, NULL},
	{0},
};

int stats_command(const char *name, int argc, char *const *argv)
{
	struct program_options program = {0};
	bool once = false;
	const struct option_group groups[] = {
		{"00-base: every program", program_option_rows, &program},
		{"03-cgroups: how much they use", stats_rows, &once},
		{0},
	};
	struct error err;

	program_options(name, "[--no-stream]", groups, argc, argv);
	do {
		AUTO_TEXT struct text text = {0};

		if (cgroup_stats_table("coracle", &text, &err) < 0)
			return program_fail(name, &err, STATUS_OURS);
		printf("%s%s", once ? "" : CLEAR_SCREEN, text_string(&text));
		fflush(stdout);
	} while (!once && !ferror(stdout));
	return 0;
}

void stats_print_warnings(const struct cgroup_limits *limits)
{
	AUTO_STRINGS struct strings warnings = {0};

	cgroup_warnings(limits, &warnings);
	for (size_t i = 0; i < warnings.count; i++)
		fprintf(stderr, "WARNING: %s\n", warnings.items[i]);
}
