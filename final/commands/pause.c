/* pause and unpause: the processes of a container stand still, and go on. */
#include "cleanup.h"
#include "container.h"
#include "control.h"
#include "program.h"
#include "subcommand.h"

static int pause_one(const struct engine *engine, const char *name, const void *context,
		     struct error *err)
{
	AUTO_CONTAINER struct container container = {0};

	(void)context;
	if (container_find(engine, name, &container, err) < 0)
		return -1;
	return container_pause(engine, &container, err);
}

static int unpause_one(const struct engine *engine, const char *name, const void *context,
		       struct error *err)
{
	AUTO_CONTAINER struct container container = {0};

	(void)context;
	if (container_find(engine, name, &container, err) < 0)
		return -1;
	return container_unpause(engine, &container, err);
}

static int each(const struct call *call, const struct action *action)
{
	struct program_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options},
		{0},
	};

	return subcommand_each(call, subcommand_options(call, groups, 1, -1), action);
}

int command_pause(const struct call *call)
{
	return each(call, &(struct action){pause_one, NULL, false});
}

int command_unpause(const struct call *call)
{
	return each(call, &(struct action){unpause_one, NULL, false});
}
