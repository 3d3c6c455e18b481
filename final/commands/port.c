/* port: where a container's ports are on the host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "container.h"
#include "port.h"
#include "program.h"
#include "subcommand.h"

/* "80" is "80/tcp". */
static bool is_asked_for(const char *wanted, const char *inside)
{
	size_t length = strlen(wanted);

	if (strchr(wanted, '/'))
		return strcmp(wanted, inside) == 0;
	return strncmp(wanted, inside, length) == 0 && strcmp(inside + length, "/tcp") == 0;
}

static int print_ports(const struct container *container, const char *name, const char *wanted,
		       struct error *err)
{
	AUTO_PORTS struct ports ports = {0};
	size_t found = 0;

	if (container->state.status == CONTAINER_RUNNING)
		for (size_t i = 0; i < container->state.ports.count; i++)
			if (ports_add(&ports, container->state.ports.items[i], err) < 0)
				return -1;
	for (size_t i = 0; i < ports.count; i++) {
		AUTO_FREE char *inside = port_inside(&ports.items[i]);
		AUTO_FREE char *outside = port_outside(&ports.items[i]);

		if (wanted && !is_asked_for(wanted, inside))
			continue;
		found++;
		if (wanted)
			printf("%s\n", outside);
		else
			printf("%s -> %s\n", inside, outside);
	}
	if (wanted && !found)
		return error_set(err, ENOENT, "no public port '%s' published for %s", wanted, name);
	return 0;
}

int command_port(const struct call *call)
{
	struct program_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, 2);
	const char *name = call->argv[operand];
	AUTO_CONTAINER struct container container = {0};
	AUTO_ENGINE struct engine engine = {0};
	struct error err;

	if (subcommand_engine(call, &engine, &err) < 0 ||
	    container_find(&engine, name, &container, &err) < 0 ||
	    print_ports(&container, name, call->argv[operand + 1], &err) < 0)
		return subcommand_fail(&err);
	return 0;
}
