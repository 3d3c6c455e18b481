/* network create; see network.h. */
#include "network.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "events.h"
#include "networks.h"
#include "run_network.h"

struct create_options {
	struct program_options program;
	struct bridge_network wanted;
	struct address gateway[IP_VERSIONS];
	struct network_extras extras;
	char *driver;
};

#define FIELD(name) offsetof(struct create_options, name)

/* --- options ------------------------------------------------------------------------------------ */

/* One of each kind of address, each in its place. */
static int parse_each(struct subnet *subnets, const char *value, struct error *err)
{
	struct subnet subnet = {0};
	struct subnet *place;

	if (subnet_parse(value, &subnet, err) < 0)
		return -1;
	place = &subnets[address_version(subnet.gateway)];
	if (place->prefix_length)
		return error_set(err, EINVAL, "a network has one subnet of each kind: %s", value);
	*place = subnet;
	return 0;
}

static int option_subnet(void *field, const char *value, struct error *err)
{
	return parse_each(((struct bridge_network *)field)->subnet, value, err);
}

static int option_range(void *field, const char *value, struct error *err)
{
	return parse_each(((struct bridge_network *)field)->range, value, err);
}

static int option_gateway(void *field, const char *value, struct error *err)
{
	struct address address, *places = field;

	if (address_parse(value, &address) < 0)
		return error_set(err, EINVAL, "invalid gateway address: %s", value);
	places[address_version(address)] = address;
	return 0;
}

static int option_driver(void *field, const char *value, struct error *err)
{
	if (strcmp(value, "bridge") != 0)
		return error_set(err, ENOTSUP, "there is only the driver 'bridge'");
	return option_string(field, value, err);
}

/* KEY=VALUE; known is what bridge_network_option knows. */
static int option_driver_option(void *field, const char *value, struct error *err)
{
	struct bridge_network unused = {0};

	if (bridge_network_option(&unused, value, err) < 0)
		return -1;
	return option_strings(field, value, err);
}

static const struct option_row create_rows[] = {
	{"driver", 'd', "DRIVER", option_driver, FIELD(driver), "Only bridge", NULL, NULL},
	{"subnet", 0, "SUBNET", option_subnet, FIELD(wanted),
	 "As 192.0.2.0/24 or fd00::/64; a free one is chosen if not given", "bridge",
	 "ip-address(8)"},
	{"gateway", 0, "ADDRESS", option_gateway, FIELD(gateway), "The host's own address in it",
	 "bridge", "ip-address(8)"},
	{"ip-range", 0, "SUBNET", option_range, FIELD(wanted), "Where containers' addresses are of",
	 NULL, NULL},
	{"internal", 0, NULL, option_flag, FIELD(wanted.internal), "No way out, and none in", NULL,
	 NULL},
	{"ipv6", 0, NULL, option_flag, FIELD(wanted.ipv6), "Addresses of IPv6 too",
	 "net.ipv6.conf.*.disable_ipv6", "ipv6(7)"},
	{"label", 0, "KEY=VALUE", option_strings, FIELD(extras.labels), "Set a label", NULL, NULL},
	{"opt", 'o', "KEY=VALUE", option_driver_option, FIELD(extras.options),
	 "com.docker.network.driver.mtu, or of com.docker.network.bridge. one of name, enable_icc, "
	 "enable_ip_masquerade",
	 "IFLA_MTU, IFLA_BRPORT_ISOLATED", "bridge(8)"},
	{0},
};

/* --- what goes together ------------------------------------------------------------------------- */

static int check_version(struct create_options *options, enum ip_version version, struct error *err)
{
	struct subnet *subnet = &options->wanted.subnet[version];
	const struct subnet *range = &options->wanted.range[version];
	struct address gateway = options->gateway[version];
	bool given = subnet->prefix_length != 0;

	if (range->prefix_length && !(given && subnet_contains(subnet, range->gateway)))
		return error_set(err, EINVAL, "no matching subnet for range %s",
				 subnet_text(range).text);
	if (gateway.length && !(given && subnet_contains(subnet, gateway)))
		return error_set(err, EINVAL, "no matching subnet for gateway %s",
				 address_text(gateway).text);
	if (gateway.length)
		subnet->gateway = gateway;
	return 0;
}

int network_check_name(const char *name, struct error *err)
{
	static const char *const ours[] = {"bridge", "host", "none", "default"};

	for (size_t i = 0; i < ARRAY_LENGTH(ours); i++)
		if (strcmp(name, ours[i]) == 0)
			return error_set(err, EINVAL,
					 "operation is not permitted on predefined %s network",
					 name);
	if (!*name || strlen(name) > 200 || strchr("_.-", *name) ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") !=
		    strlen(name))
		return error_set(
			err, EINVAL,
			"invalid network name: %s, only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
			name);
	return 0;
}

static int create(const struct call *call, struct create_options *options, const char *name,
		  struct error *err)
{
	struct bridge_network *wanted = &options->wanted;
	AUTO_ENGINE struct engine engine = {0};

	/* A subnet of IPv6 says it as well. */
	wanted->ipv6 = wanted->ipv6 || wanted->subnet[IPV6].prefix_length;
	if (network_check_name(name, err) < 0 || check_version(options, IPV4, err) < 0 ||
	    check_version(options, IPV6, err) < 0 || subcommand_engine(call, &engine, err) < 0)
		return -1;
	if (engine_make_id(wanted->id, err) < 0)
		return -1;
	clock_now(wanted->created);
	run_network_warn(NULL);
	if (bridge_network_create(engine.root, name, wanted, &options->extras, err) < 0)
		return -1;
	events_add_network(&engine, "create", name, wanted->id, NULL);
	printf("%s\n", wanted->id);
	return 0;
}

int network_command_create(const struct call *call)
{
	struct create_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", create_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, 1);
	struct error err;
	int status = 0;

	if (create(call, &options, call->argv[operand], &err) < 0)
		status = subcommand_fail(&err);
	cleanup_memory(&options.driver);
	strings_release(&options.extras.labels);
	strings_release(&options.extras.options);
	return status;
}
