/* version and help. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cgroup_layout.h"
#include "cleanup.h"
#include "program.h"
#include "subcommand.h"

/* "version 2", or "version 1: cpu cpuacct memory …". */
static void add_cgroup_layout(struct text *text)
{
	AUTO_CGROUP_LAYOUT struct cgroup_layout layout = {0};
	struct error err;

	if (cgroup_layout_read(&layout, &err) < 0) {
		text_add_format(text, "none: %s", err.text);
		return;
	}
	text_add_string(text, layout.unified ? "version 2" : "version 1:");
	for (size_t i = 0; !layout.unified && i < layout.count; i++) {
		const struct strings *names = &layout.hierarchies[i].controllers;

		for (size_t j = 0; j < names->count; j++)
			text_add_format(text, " %s", names->items[j]);
	}
}

int command_version(const struct call *call)
{
	struct program_options program = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &program},
		{0},
	};
	AUTO_TEXT struct text cgroups = {0};
	struct utsname host;

	subcommand_options(call, groups, 0, 0);
	uname(&host);
	add_cgroup_layout(&cgroups);
	printf("coracle\n");
	printf(" Version:         " VERSION "\n");
	printf(" Behaves like:    Docker 28.2\n");
	printf(" Data root:       %s\n", call->root);
	printf(" OS/Arch:         %s/%s\n", host.sysname, host.machine);
	printf(" Kernel:          %s\n", host.release);
	printf(" Control groups:  %s\n", text_string(&cgroups));
	return 0;
}

/* `coracle help stop` is `coracle stop --help`. */
int command_help(const struct call *call)
{
	struct program_options program = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &program},
		{0},
	};
	int operand = subcommand_options(call, groups, 0, 1);
	char *argv[] = {call->argv[operand], "--help", NULL};

	if (argv[0])
		return subcommand_call(call->root, 2, argv);
	subcommand_print_help();
	return 0;
}
