/* version and help. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cgroup_layout.h"
#include "cleanup.h"
#include "format.h"
#include "json.h"
#include "manifest.h"
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

/* In the shape of Docker's, whose scripts ask for {{.Server.Version}}. */
static cJSON *version_document(const struct utsname *host, const char *cgroups, const char *root)
{
	cJSON *document = cJSON_CreateObject();
	struct platform own = {0};
	struct error unknown;

	platform_parse(NULL, &own, &unknown);
	for (int i = 0; i < 2; i++) {
		cJSON *to = cJSON_AddObjectToObject(document, i ? "Server" : "Client");

		cJSON_AddStringToObject(to, "Version", VERSION);
		cJSON_AddStringToObject(to, "Os", "linux");
		cJSON_AddStringToObject(to, "Arch", own.architecture);
		cJSON_AddStringToObject(to, "KernelVersion", host->release);
		cJSON_AddStringToObject(to, "DataRoot", root);
		cJSON_AddStringToObject(to, "Cgroups", cgroups);
	}
	return document;
}

static void print_version(const struct utsname *host, const char *cgroups, const char *root)
{
	printf("coracle\n");
	printf(" Version:         " VERSION "\n");
	printf(" Behaves like:    Docker 28.2\n");
	printf(" Data root:       %s\n", root);
	printf(" OS/Arch:         %s/%s\n", host->sysname, host->machine);
	printf(" Kernel:          %s\n", host->release);
	printf(" Control groups:  %s\n", cgroups);
}

struct version_options {
	struct program_options program;
	char *format;
};

static const struct option_row version_rows[] = {
	{"format", 'f', "FORMAT", option_string, offsetof(struct version_options, format),
	 "\"json\", or a Go template", NULL, NULL},
	{0},
};

int command_version(const struct call *call)
{
	struct version_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", version_rows, &options},
		{0},
	};
	AUTO_TEXT struct text cgroups = {0}, text = {0};
	AUTO_JSON cJSON *document = NULL;
	struct utsname host;
	struct error err;
	int status = 0;

	subcommand_options(call, groups, 0, 0);
	uname(&host);
	add_cgroup_layout(&cgroups);
	document = version_document(&host, text_string(&cgroups), call->root);
	if (!options.format)
		print_version(&host, text_string(&cgroups), call->root);
	else if (format_document(options.format, document, &text, &err) < 0)
		status = subcommand_fail(&err);
	fputs(text_string(&text), stdout);
	cleanup_memory(&options.format);
	return status;
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
	subcommand_print_help(HELP_TEXT);
	return 0;
}
