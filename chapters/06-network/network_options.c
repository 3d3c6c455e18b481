/* The options of chapter 06; see network_options.h. */
#include "network_options.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"

static const char *const names[] = {
	[RESOLVER_BRIDGE] = "bridge",
	[RESOLVER_NONE] = "none",
	[RESOLVER_HOST] = "host",
};

static int option_network(void *field, const char *value, struct error *err)
{
	if (strcmp(value, "default") == 0)
		value = "bridge";
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (strcmp(value, names[i]) == 0)
			return option_string(field, value, err);
	return error_set(err, ENOENT, "network %s not found", value);
}

const struct option_row network_option_rows[] = {
	{"network", 0, "bridge|none|host", option_network,
	 offsetof(struct network_options, network),
	 "A bridge shared by all containers, nothing but lo, or the host's network",
	 "CLONE_NEWNET, veth", "veth(4)"},
	{0},
};

enum resolver_mode network_options_mode(const struct network_options *options)
{
	for (size_t i = 0; options->network && i < ARRAY_LENGTH(names); i++)
		if (strcmp(options->network, names[i]) == 0)
			return (enum resolver_mode)i;
	return RESOLVER_BRIDGE;
}

void network_options_release(struct network_options *options)
{
	cleanup_memory(&options->network);
}
