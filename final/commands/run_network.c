/* See run_network.h. */
#include "run_network.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "networks.h"

#define FIELD(name) offsetof(struct run_network_options, name)

/* A name; "default" is the bridge. */
static int option_network(void *field, const char *value, struct error *err)
{
	return option_strings(field, strcmp(value, "default") == 0 ? "bridge" : value, err);
}

const struct option_row run_network_rows[] = {
	{"network", 0, "NAME", option_network, FIELD(networks),
	 "bridge, none, host, container:NAME, or one that was created; several of the last",
	 "CLONE_NEWNET, veth", "veth(4)"},
	{"net", 0, "NAME", option_network, FIELD(networks), "The same", "CLONE_NEWNET, veth",
	 "veth(4)"},
	{"network-alias", 0, "NAME", option_strings, FIELD(aliases),
	 "One more name on networks that were created", NULL, NULL},
	{"ip", 0, "ADDRESS", option_string, FIELD(address), "Its address on the first network",
	 NULL, "ip-address(8)"},
	{"mac-address", 0, "MAC", option_string, FIELD(mac), "Of its first interface", NULL, NULL},
	{0},
};

const char *run_network_first(const struct run_network_options *options)
{
	return options->networks.count ? options->networks.items[0] : "bridge";
}

static int check(const struct run_network_options *options, const struct network_options *basic,
		 const struct container_config *config, struct error *err)
{
	enum network_kind kind = networks_kind(config);

	if (kind != NETWORK_BRIDGES && options->networks.count > 1)
		return error_set(
			err, EINVAL,
			"conflicting options: cannot attach both user-defined and non-user-defined network-modes");
	if (kind == NETWORK_CONTAINER && basic->ports.count)
		return error_set(
			err, EINVAL,
			"conflicting options: port publishing and the container type network mode");
	if (options->address && strcmp(run_network_first(options), "bridge") == 0)
		return error_set(
			err, EINVAL,
			"invalid config for network bridge: invalid endpoint settings: user specified IP address is supported on user defined networks only");
	if (options->aliases.count && strcmp(run_network_first(options), "bridge") == 0)
		return error_set(
			err, EINVAL,
			"invalid config for network bridge: network-scoped aliases are only supported for user-defined networks");
	return 0;
}

static int check_networks(const struct engine *engine, const struct container_config *config,
			  struct error *err)
{
	AUTO_STRINGS struct strings names = {0};

	networks_names(config, &names);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *found = NULL;

		if (networks_find(engine, names.items[i], &found, err) < 0)
			return -1;
	}
	return 0;
}

int run_network_apply(struct run_network_options *options, struct network_options *basic,
		      const struct engine *engine, struct container_config *config,
		      struct error *err)
{
	struct connection *connection = &config->connection;
	const struct strings none = {0};

	if (network_options_apply(basic, &none, err) < 0)
		return -1;
	for (size_t i = 1; i < options->networks.count; i++)
		strings_add(&connection->networks, options->networks.items[i]);
	if (check(options, basic, config, err) < 0 || check_networks(engine, config, err) < 0)
		return -1;
	/* Docker's: on the host's network a port needs no publishing, on none it can't be. */
	for (size_t i = 0; i < basic->ports.count && networks_kind(config) == NETWORK_BRIDGES;
	     i++) {
		AUTO_FREE char *spec = port_spec(&basic->ports.items[i]);

		strings_add(&connection->ports, spec);
	}
	strings_add_all(&connection->exposed, &basic->expose);
	strings_add_all(&connection->aliases, &options->aliases);
	connection->names = basic->names;
	basic->names = (struct resolver_wishes){0};
	connection->address = take_ptr(&options->address);
	connection->mac = take_ptr(&options->mac);
	return 0;
}

void run_network_release(struct run_network_options *options)
{
	strings_release(&options->networks);
	strings_release(&options->aliases);
	cleanup_memory(&options->address);
	cleanup_memory(&options->mac);
}
