/* diff: what a container has changed in the files of its image. */
#include <stdio.h>
#include <string.h>

#include "changes.h"
#include "cleanup.h"
#include "container.h"
#include "path.h"
#include "program.h"
#include "store.h"
#include "subcommand.h"

static int diff(const struct call *call, const char *name, struct error *err)
{
	AUTO_CONTAINER struct container container = {0};
	AUTO_STRINGS struct strings changes = {0};
	AUTO_ENGINE struct engine engine = {0};
	AUTO_IMAGE struct image image = {0};
	AUTO_FREE char *upper = NULL;

	if (subcommand_engine(call, &engine, err) < 0 ||
	    container_find(&engine, name, &container, err) < 0 ||
	    store_find(engine.root, container.config.image_id, &image, err) < 0)
		return -1;
	upper = path_join(container.dir, "upper");
	if (changes_list(upper, &image.layers, &changes, err) < 0)
		return -1;
	for (size_t i = 0; i < changes.count; i++)
		puts(changes.items[i]);
	return 0;
}

int command_diff(const struct call *call)
{
	struct program_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, 1);
	struct error err;

	return diff(call, call->argv[operand], &err) < 0 ? subcommand_fail(&err) : 0;
}
