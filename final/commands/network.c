/* network create, ls, inspect, rm, prune, connect, disconnect, repair. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address_pool.h"
#include "cleanup.h"
#include "clock.h"
#include "container.h"
#include "dns.h"
#include "document.h"
#include "events.h"
#include "firewall.h"
#include "firewall_others.h"
#include "group.h"
#include "json.h"
#include "networks.h"
#include "program.h"
#include "prune.h"
#include "subcommand.h"
#include "subnet.h"
#include "table.h"

struct network_command_options {
	struct program_options program;
	struct bridge_network wanted;
	struct strings aliases;
	char *gateway, *driver;
	bool quiet, force, whole;
};

#define FIELD(name) offsetof(struct network_command_options, name)

/* --- create ------------------------------------------------------------------------------------- */

static int option_subnet(void *field, const char *value, struct error *err)
{
	struct bridge_network *wanted = field;
	struct subnet subnet = {0};

	if (strchr(value, ':'))
		return error_set(err, EAFNOSUPPORT, "there are no networks of IPv6 yet");
	if (subnet_parse(value, &subnet, err) < 0)
		return -1;
	wanted->gateway = subnet.gateway;
	wanted->prefix_length = subnet.prefix_length;
	return 0;
}

static int option_range(void *field, const char *value, struct error *err)
{
	return subnet_parse(value, &((struct bridge_network *)field)->range, err);
}

static int option_driver(void *field, const char *value, struct error *err)
{
	if (strcmp(value, "bridge") != 0)
		return error_set(err, ENOTSUP, "there is only the driver 'bridge'");
	return option_string(field, value, err);
}

static int option_ipv6(void *field, const char *value, struct error *err)
{
	(void)field;
	if (strcmp(value, "false") == 0)
		return 0;
	return error_set(err, EAFNOSUPPORT, "there are no networks of IPv6 yet");
}

static const struct option_row create_rows[] = {
	{"driver", 'd', "DRIVER", option_driver, FIELD(driver), "Only bridge", NULL, NULL},
	{"subnet", 0, "SUBNET", option_subnet, FIELD(wanted),
	 "As 192.0.2.0/24; a free one is chosen if not given", "bridge", "ip-address(8)"},
	{"gateway", 0, "ADDRESS", option_string, FIELD(gateway), "The host's own address in it",
	 "bridge", "ip-address(8)"},
	{"ip-range", 0, "SUBNET", option_range, FIELD(wanted), "Where containers' addresses are of",
	 NULL, NULL},
	{"internal", 0, NULL, option_flag, FIELD(wanted.internal), "No way out, and none in", NULL,
	 NULL},
	{"ipv6", 0, NULL, option_ipv6, FIELD(force), "Not yet", NULL, NULL},
	{0},
};

static bool contains(const struct subnet *subnet, struct in_addr address)
{
	uint32_t at = ntohl(address.s_addr);

	return at >= ntohl(subnet_first(subnet).s_addr) && at <= ntohl(subnet_last(subnet).s_addr);
}

static int check_wanted(struct network_command_options *options, struct error *err)
{
	struct bridge_network *wanted = &options->wanted;
	struct subnet subnet = {wanted->gateway, wanted->prefix_length};
	struct in_addr gateway;

	if (!wanted->prefix_length && (options->gateway || wanted->range.prefix_length))
		return error_set(err, EINVAL, "no matching subnet for %s %s",
				 options->gateway ? "gateway" : "range",
				 options->gateway ? options->gateway
						  : subnet_text(&wanted->range).text);
	if (wanted->range.prefix_length && !contains(&subnet, wanted->range.gateway))
		return error_set(err, EINVAL, "no matching subnet for range %s",
				 subnet_text(&wanted->range).text);
	if (!options->gateway)
		return 0;
	if (inet_pton(AF_INET, options->gateway, &gateway) != 1 || !contains(&subnet, gateway))
		return error_set(err, EINVAL, "no matching subnet for gateway %s",
				 options->gateway);
	wanted->gateway = gateway;
	return 0;
}

static int check_name(const char *name, struct error *err)
{
	static const char *const ours[] = {"bridge", "host", "none", "default"};

	for (size_t i = 0; i < ARRAY_LENGTH(ours); i++)
		if (strcmp(name, ours[i]) == 0)
			return error_set(err, EINVAL,
					 "operation is not permitted on predefined %s network",
					 name);
	if (!*name || strlen(name) > 200 || *name == '.' ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") !=
		    strlen(name))
		return error_set(
			err, EINVAL,
			"invalid network name: %s, only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
			name);
	return 0;
}

static int create(const struct call *call, struct network_command_options *options,
		  const char *name, struct error *err)
{
	struct bridge_network *wanted = &options->wanted;
	AUTO_ENGINE struct engine engine = {0};

	if (check_name(name, err) < 0 || check_wanted(options, err) < 0 ||
	    subcommand_engine(call, &engine, err) < 0)
		return -1;
	if (engine_make_id(wanted->id, err) < 0)
		return -1;
	clock_now(wanted->created);
	if (bridge_network_create(engine.root, name, wanted, err) < 0)
		return -1;
	events_add_network(&engine, "create", name, wanted->id, NULL);
	printf("%s\n", wanted->id);
	return 0;
}

static void release(struct network_command_options *options)
{
	cleanup_memory(&options->gateway);
	cleanup_memory(&options->driver);
	strings_release(&options->aliases);
}

static int command_create(const struct call *call)
{
	struct network_command_options options = {0};
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
	release(&options);
	return status;
}

/* --- ls, inspect -------------------------------------------------------------------------------- */

static const struct option_row ls_rows[] = {
	{"quiet", 'q', NULL, option_flag, FIELD(quiet), "Only ids", NULL, NULL},
	{"no-trunc", 0, NULL, option_flag, FIELD(whole), "Whole ids", NULL, NULL},
	{0},
};

/* A network that was not created has an id all the same: of its name, for scripts that want one. */
static void id_of(const struct engine *engine, const char *name, char id[65])
{
	struct bridge_network network = {0};
	struct error unknown;

	if (bridge_network_load(engine->root, name, &network, &unknown) == 0 && *network.id)
		memcpy(id, network.id, 65);
	else
		snprintf(id, 65, "%s", name);
}

static void add_row(const struct engine *engine, const char *name, const char *driver,
		    const struct network_command_options *options, struct table *table)
{
	char id[65];

	id_of(engine, name, id);
	table_add(table, "%.*s", options->whole ? 64 : 12, id);
	if (options->quiet)
		return;
	table_add(table, "%s", name);
	table_add(table, "%s", driver);
	table_add(table, "local");
}

static int list(const struct call *call, const struct network_command_options *options,
		struct error *err)
{
	static const char *const titles[] = {"NETWORK ID", "NAME", "DRIVER", "SCOPE"};
	AUTO_ENGINE struct engine engine = {0};
	AUTO_STRINGS struct strings names = {0};
	AUTO_TABLE struct table table = {.columns = options->quiet ? 1 : ARRAY_LENGTH(titles)};
	AUTO_TEXT struct text text = {0};

	if (subcommand_engine(call, &engine, err) < 0 || networks_list(&engine, &names, err) < 0)
		return -1;
	for (size_t i = 0; !options->quiet && i < ARRAY_LENGTH(titles); i++)
		table_add(&table, "%s", titles[i]);
	for (size_t i = 0; i < names.count; i++)
		add_row(&engine, names.items[i], "bridge", options, &table);
	add_row(&engine, "host", "host", options, &table);
	add_row(&engine, "none", "null", options, &table);
	table_print(&table, &text);
	fputs(text_string(&text), stdout);
	return 0;
}

static int command_ls(const struct call *call)
{
	struct network_command_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", ls_rows, &options},
		{0},
	};
	struct error err;

	subcommand_options(call, groups, 0, 0);
	return list(call, &options, &err) < 0 ? subcommand_fail(&err) : 0;
}

/* Who has an address on the network. */
static void add_members(cJSON *object, const struct engine *engine,
			const struct bridge_network *network)
{
	cJSON *to = cJSON_AddObjectToObject(object, "Containers");
	struct container *containers = NULL;
	size_t count = 0;
	struct error unknown;

	container_list(engine, &containers, &count, &unknown);
	for (size_t i = 0; i < count; i++) {
		struct in_addr address = networks_address(network, containers[i].id);
		AUTO_FREE char *text =
			memory_format("%s/%u", address_text(address).text, network->prefix_length);

		if (address.s_addr) {
			cJSON *one = cJSON_AddObjectToObject(to, containers[i].id);

			cJSON_AddStringToObject(one, "Name", containers[i].config.name);
			cJSON_AddStringToObject(one, "IPv4Address", text);
			cJSON_AddStringToObject(one, "IPv6Address", "");
		}
		container_release(&containers[i]);
	}
	free(containers);
}

static cJSON *object_of_network(const struct engine *engine, const char *name,
				const struct bridge_network *network)
{
	struct subnet subnet = {network->gateway, network->prefix_length};
	cJSON *object = cJSON_CreateObject(), *ipam, *config = cJSON_CreateObject();
	char id[65];

	id_of(engine, name, id);
	cJSON_AddStringToObject(object, "Name", name);
	cJSON_AddStringToObject(object, "Id", id);
	cJSON_AddStringToObject(object, "Created", network->created);
	cJSON_AddStringToObject(object, "Scope", "local");
	cJSON_AddStringToObject(object, "Driver", "bridge");
	cJSON_AddBoolToObject(object, "EnableIPv4", true);
	cJSON_AddBoolToObject(object, "EnableIPv6", false);
	ipam = cJSON_AddObjectToObject(object, "IPAM");
	cJSON_AddStringToObject(ipam, "Driver", "default");
	cJSON_AddStringToObject(config, "Subnet", subnet_text(&subnet).text);
	if (network->range.prefix_length)
		cJSON_AddStringToObject(config, "IPRange", subnet_text(&network->range).text);
	cJSON_AddStringToObject(config, "Gateway", address_text(network->gateway).text);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(ipam, "Config"), config);
	cJSON_AddBoolToObject(object, "Internal", network->internal);
	add_members(object, engine, network);
	cJSON_AddStringToObject(cJSON_AddObjectToObject(object, "Options"),
				"com.docker.network.bridge.name", network->name);
	cJSON_AddObjectToObject(object, "Labels");
	return object;
}

static int inspect_one(const struct engine *engine, const char *name, cJSON *found,
		       struct error *err)
{
	AUTO_FREE char *full = NULL;
	struct bridge_network network;

	if (networks_find(engine, name, &full, err) < 0 ||
	    (bridge_network_load(engine->root, full, &network, err) < 0 &&
	     (strcmp(full, "bridge") != 0 || bridge_network_open(engine->root, &network, err) < 0)))
		return -1;
	cJSON_AddItemToArray(found, object_of_network(engine, full, &network));
	return 0;
}

static int command_inspect_network(const struct call *call)
{
	struct network_command_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1), status = 0;
	AUTO_JSON cJSON *found = cJSON_CreateArray();
	AUTO_ENGINE struct engine engine = {0};
	AUTO_TEXT struct text text = {0};
	struct error err;

	if (subcommand_engine(call, &engine, &err) < 0)
		return subcommand_fail(&err);
	for (int i = operand; i < call->argc; i++)
		if (inspect_one(&engine, call->argv[i], found, &err) < 0)
			status = subcommand_fail(&err);
	document_add(found, &text);
	fputs(text_string(&text), stdout);
	return status;
}

/* --- rm, prune ---------------------------------------------------------------------------------- */

static const struct option_row rm_rows[] = {
	{"force", 'f', NULL, option_flag, FIELD(force), "That there is none is no failure", NULL,
	 NULL},
	{0},
};

static int rm_one(const struct engine *engine, const char *name, const void *context,
		  struct error *err)
{
	AUTO_FREE char *full = NULL;

	(void)context;
	if (check_name(name, err) < 0)
		return -1;
	if (networks_find(engine, name, &full, err) < 0)
		return -1;
	return networks_remove(engine, full, err);
}

static int command_rm_network(const struct call *call)
{
	struct network_command_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", rm_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	struct action action = {rm_one, NULL, options.force};

	return subcommand_each(call, operand, &action);
}

static const struct option_row prune_rows[] = {
	{"force", 'f', NULL, option_flag, FIELD(force), "Do not ask", NULL, NULL},
	{0},
};

/* The names of all networks that a container, running or not, is to be in. */
static int used_names(const struct engine *engine, struct strings *used, struct error *err)
{
	struct container *containers;
	size_t count;

	if (container_list(engine, &containers, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		networks_names(&containers[i].config, used);
		container_release(&containers[i]);
	}
	free(containers);
	return 0;
}

/* The bridge of the default network and the table are made again when they are needed: if nothing else
 * is left, the host gets them back. */
static void remove_default(const struct engine *engine)
{
	AUTO_STRINGS struct strings names = {0};
	struct bridge_network network;
	struct error unknown;
	char table[64];

	if (networks_list(engine, &names, &unknown) < 0 || names.count > 1)
		return;
	bridge_table_name(engine->root, table);
	if (bridge_network_load(engine->root, "bridge", &network, &unknown) == 0)
		bridge_network_down(&network, true, &unknown);
	else
		firewall_down(table, &unknown);
}

int prune_networks(const struct engine *engine, struct pruned *pruned, struct error *err)
{
	AUTO_STRINGS struct strings names = {0}, used = {0};
	size_t before = pruned->text.length;

	if (networks_list(engine, &names, err) < 0 || used_names(engine, &used, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		if (strcmp(names.items[i], "bridge") == 0 ||
		    strings_contain(&used, names.items[i]) ||
		    networks_remove(engine, names.items[i], err) < 0)
			continue;
		text_add_format(&pruned->text, "%s%s\n",
				pruned->text.length == before ? "Deleted Networks:\n" : "",
				names.items[i]);
	}
	text_add_string(&pruned->text, pruned->text.length == before ? "" : "\n");
	if (!strings_contain(&used, "bridge"))
		remove_default(engine);
	return 0;
}

static int command_prune(const struct call *call)
{
	struct network_command_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", prune_rows, &options},
		{0},
	};
	AUTO_ENGINE struct engine engine = {0};
	struct pruned pruned = {0};
	struct error err;
	int status = 0;

	subcommand_options(call, groups, 0, 0);
	if (!options.force && !prune_is_confirmed(" all custom networks not used by at least one "
						  "container."))
		return 0;
	if (subcommand_engine(call, &engine, &err) < 0 ||
	    prune_networks(&engine, &pruned, &err) < 0)
		status = subcommand_fail(&err);
	fputs(text_string(&pruned.text), stdout);
	text_release(&pruned.text);
	return status;
}

/* --- connect, disconnect ------------------------------------------------------------------------ */

static const struct option_row connect_rows[] = {
	{"alias", 0, "NAME", option_strings, FIELD(aliases), "One more name there", NULL, NULL},
	{0},
};

static const struct option_row disconnect_rows[] = {
	{"force", 'f', NULL, option_flag, FIELD(force), "For scripts; it makes no difference", NULL,
	 NULL},
	{0},
};

static int change(const struct call *call, int operand, const struct strings *aliases,
		  struct error *err)
{
	AUTO_CONTAINER struct container container = {0};
	AUTO_ENGINE struct engine engine = {0};
	AUTO_FREE char *name = NULL;

	if (subcommand_engine(call, &engine, err) < 0 ||
	    networks_find(&engine, call->argv[operand], &name, err) < 0 ||
	    container_find(&engine, call->argv[operand + 1], &container, err) < 0)
		return -1;
	if ((aliases ? networks_connect(&engine, &container, name, aliases, err)
		     : networks_disconnect(&engine, &container, name, err)) < 0)
		return -1;
	events_add_network(&engine, aliases ? "connect" : "disconnect", name, NULL, container.id);
	return 0;
}

static int connect_or_not(const struct call *call, const struct option_row *rows, bool connect)
{
	struct network_command_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 2, 2), status = 0;
	struct error err;

	if (change(call, operand, connect ? &options.aliases : NULL, &err) < 0)
		status = subcommand_fail(&err);
	release(&options);
	return status;
}

static int command_connect(const struct call *call)
{
	return connect_or_not(call, connect_rows, true);
}

static int command_disconnect(const struct call *call)
{
	return connect_or_not(call, disconnect_rows, false);
}

/* --- repair ------------------------------------------------------------------------------------- */

static int repair(const struct call *call, struct error *err)
{
	AUTO_ENGINE struct engine engine = {0};
	AUTO_STRINGS struct strings names = {0};
	AUTO_TEXT struct text advice = {0};

	if (subcommand_engine(call, &engine, err) < 0 || networks_list(&engine, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		struct bridge_network network;

		/* What was never used needs no repair. */
		if (bridge_network_load(engine.root, names.items[i], &network, err) < 0)
			continue;
		if (bridge_network_repair(&network, err) < 0 || dns_repair(&network, err) < 0)
			return -1;
		printf("%s\n", names.items[i]);
	}
	if (networks_publish_again(&engine, err) < 0)
		return -1;
	firewall_others_advise(&advice);
	fputs(text_string(&advice), stderr);
	return 0;
}

static int command_repair(const struct call *call)
{
	struct network_command_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{0},
	};
	struct error err;

	subcommand_options(call, groups, 0, 0);
	return repair(call, &err) < 0 ? subcommand_fail(&err) : 0;
}

static const struct subcommand rows[] = {
	{"network connect", "[OPTIONS] NETWORK CONTAINER", "Connect a container to a network",
	 command_connect},
	{"network create", "[OPTIONS] NETWORK", "Create a network", command_create},
	{"network disconnect", "[OPTIONS] NETWORK CONTAINER",
	 "Disconnect a container from a network", command_disconnect},
	{"network inspect", "NETWORK [NETWORK...]", "Display detailed information on networks",
	 command_inspect_network},
	{"network ls", "[OPTIONS]", "List networks", command_ls},
	{"network prune", "[OPTIONS]", "Remove all unused networks", command_prune},
	{"network repair", "", "Restore rules that others have removed", command_repair},
	{"network rm", "[OPTIONS] NETWORK [NETWORK...]", "Remove one or more networks",
	 command_rm_network},
	{0},
};

int command_network(const struct call *call)
{
	return group_call(call, rows);
}
