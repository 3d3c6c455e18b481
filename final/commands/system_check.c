/* system check: whether all that coracle keeps is what it should be. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "check.h"
#include "image_helper.h"
#include "program.h"
#include "subcommand.h"

static int check_containers(const struct engine *engine, struct error *err)
{
	AUTO_CHECK struct check check = {.engine = engine};

	if (check_engine(&check, err) < 0)
		return -1;
	for (size_t i = 0; i < check.findings.count; i++)
		printf("%s\n", check.findings.items[i]);
	fflush(stdout);
	if (check.findings.count)
		return error_set(err, EIO, "found %zu fault%s: what nobody used is given back",
				 check.findings.count, check.findings.count == 1 ? "" : "s");
	printf("containers: %zu, %zu of them running, %zu networks and %zu volumes are sound\n",
	       check.containers, check.running, check.networks, check.volumes);
	fflush(stdout);
	return 0;
}

static int check_images(const struct engine *engine, struct error *err)
{
	const struct image_archive archive = {.command = "check", .input_fd = -1};
	const struct image_request request = {.root = engine->root,
					      .name = "",
					      .output_fd = STDOUT_FILENO};

	return image_helper_archive(&request, &archive, err);
}

int command_system_check(const struct call *call)
{
	struct program_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options},
		{0},
	};
	AUTO_ENGINE struct engine engine = {0};
	struct error err;
	int status = 0;

	subcommand_options(call, groups, 0, 0);
	if (subcommand_engine(call, &engine, &err) < 0)
		return subcommand_fail(&err);
	if (check_containers(&engine, &err) < 0)
		status = subcommand_fail(&err);
	if (check_images(&engine, &err) < 0)
		status = subcommand_fail(&err);
	return status;
}
