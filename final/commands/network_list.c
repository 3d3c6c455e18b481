/* network ls and inspect; see network.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "container.h"
#include "filter.h"
#include "format.h"
#include "json.h"
#include "network.h"
#include "networks.h"
#include "object.h"

/* A network as a list shows it. Those that are always there have no id of their own: their name
 * serves. */
struct listed {
	struct bridge_network network;
	struct network_extras extras;
	const char *name, *driver, *id;
};

static void find_listed(const struct engine *engine, const char *name, struct listed *listed)
{
	struct error unknown;

	*listed = (struct listed){.name = name, .driver = "bridge", .id = name};
	if (strcmp(name, "host") == 0)
		listed->driver = "host";
	if (strcmp(name, "none") == 0)
		listed->driver = "null";
	if (*listed->driver != 'b' ||
	    bridge_network_load(engine->root, name, &listed->network, &unknown) < 0)
		return;
	bridge_network_extras(engine->root, name, &listed->extras, &unknown);
	if (*listed->network.id)
		listed->id = listed->network.id;
}

static void release_listed(struct listed *listed)
{
	strings_release(&listed->extras.labels);
	strings_release(&listed->extras.options);
}

static bool is_custom(const struct listed *listed)
{
	return listed->id != listed->name;
}

/* --- ls ----------------------------------------------------------------------------------------- */

struct ls_options {
	struct program_options program;
	struct strings filters;
	char *format;
	bool quiet, whole;
};

#define FIELD(name) offsetof(struct ls_options, name)

static const struct option_row ls_rows[] = {
	{"filter", 'f', "KEY=VALUE", filter_option, FIELD(filters),
	 "Only those with name=, id=, driver=, label=, scope=, type=custom|builtin or dangling=true",
	 NULL, NULL},
	{"format", 0, "FORMAT", option_string, FIELD(format),
	 "\"table\", \"table TEMPLATE\", \"json\", or a Go template", NULL, NULL},
	{"no-trunc", 0, NULL, option_flag, FIELD(whole), "Whole ids", NULL, NULL},
	{"quiet", 'q', NULL, option_flag, FIELD(quiet), "Only ids", NULL, NULL},
	{0},
};

static cJSON *row_of(const struct listed *listed, bool whole)
{
	const struct strings *labels = &listed->extras.labels;
	AUTO_FREE char *id = memory_format("%.*s", whole ? 64 : 12, listed->id);
	cJSON *row = cJSON_CreateObject();
	bool bridge = *listed->driver == 'b';
	time_t created = clock_seconds(listed->network.created);
	char text[64];

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S +0000 UTC", gmtime(&created));
	cJSON_AddStringToObject(row, "CreatedAt", text);
	cJSON_AddStringToObject(row, "Driver", listed->driver);
	cJSON_AddStringToObject(row, "ID", id);
	cJSON_AddStringToObject(row, "IPv4", bridge ? "true" : "false");
	cJSON_AddStringToObject(row, "IPv6", listed->network.ipv6 ? "true" : "false");
	cJSON_AddStringToObject(row, "Internal", listed->network.internal ? "true" : "false");
	object_add_row_labels(row, labels);
	cJSON_AddStringToObject(row, "Name", listed->name);
	cJSON_AddStringToObject(row, "Scope", "local");
	return row;
}

static bool passes(const struct strings *filters, const struct strings *used,
		   const struct listed *listed)
{
	bool custom = is_custom(listed);
	bool dangling = custom && !strings_contain(used, listed->name);

	return filter_found(filters, "name", listed->name) &&
	       filter_found(filters, "id", listed->id) &&
	       filter_equal(filters, "driver", listed->driver) &&
	       filter_equal(filters, "scope", "local") &&
	       filter_equal(filters, "type", custom ? "custom" : "builtin") &&
	       (filter_equal(filters, "dangling", dangling ? "true" : "false") ||
		filter_equal(filters, "dangling", dangling ? "1" : "0")) &&
	       filter_labels(filters, &listed->extras.labels);
}

/* An array of rows. */
static int find_rows(const struct engine *engine, const struct ls_options *options, cJSON *rows,
		     struct error *err)
{
	AUTO_STRINGS struct strings names = {0}, used = {0};

	if (networks_list(engine, &names, err) < 0 || network_used_names(engine, &used, err) < 0)
		return -1;
	strings_add(&names, "host");
	strings_add(&names, "none");
	strings_sort(&names);
	for (size_t i = 0; i < names.count; i++) {
		struct listed listed;

		find_listed(engine, names.items[i], &listed);
		if (passes(&options->filters, &used, &listed))
			cJSON_AddItemToArray(rows, row_of(&listed, options->whole));
		release_listed(&listed);
	}
	return 0;
}

static int list(const struct call *call, const struct ls_options *options, struct error *err)
{
	static const char *const known[] = {"name",  "id",   "driver",	 "label",
					    "scope", "type", "dangling", NULL};
	AUTO_JSON cJSON *rows = cJSON_CreateArray(),
			*titles = cJSON_Parse(
				"{\"ID\":\"NETWORK ID\",\"Name\":\"NAME\",\"Driver\":\"DRIVER\","
				"\"Scope\":\"SCOPE\",\"IPv4\":\"IPV4\",\"IPv6\":\"IPV6\","
				"\"Internal\":\"INTERNAL\",\"Labels\":\"LABELS\","
				"\"CreatedAt\":\"CREATED AT\"}");
	struct format_view view = {options->format, "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
				   titles};
	AUTO_ENGINE struct engine engine = {0};

	if (options->quiet)
		view.format = "{{.ID}}";
	if (filter_check(&options->filters, known, err) < 0 ||
	    subcommand_engine(call, &engine, err) < 0 || find_rows(&engine, options, rows, err) < 0)
		return -1;
	return format_print_rows(&view, NULL, rows, err);
}

int network_command_ls(const struct call *call)
{
	struct ls_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", ls_rows, &options},
		{0},
	};
	struct error err;
	int status = 0;

	subcommand_options(call, groups, 0, 0);
	if (list(call, &options, &err) < 0)
		status = subcommand_fail(&err);
	strings_release(&options.filters);
	cleanup_memory(&options.format);
	return status;
}

/* --- inspect ------------------------------------------------------------------------------------ */

struct inspect_options {
	struct program_options program;
	char *format;
	bool verbose;
};

static const struct option_row inspect_rows[] = {
	{"format", 'f', "FORMAT", option_string, offsetof(struct inspect_options, format),
	 "\"json\", or a Go template", NULL, NULL},
	{"verbose", 'v', NULL, option_flag, offsetof(struct inspect_options, verbose),
	 "Of clusters, which there are none of: it makes no difference", NULL, NULL},
	{0},
};

static void add_member(cJSON *to, const struct container *container,
		       const struct bridge_network *network, const char *name)
{
	static const char *const names[IP_VERSIONS] = {"IPv4Address", "IPv6Address"};
	struct address addresses[IP_VERSIONS];
	const struct membership *member =
		connection_find_member(&container->config.connection, name);
	cJSON *one;

	for (unsigned i = 0; i < IP_VERSIONS; i++)
		addresses[i] = networks_address(network, container->id, i);
	if (!member || addresses[IPV4].length == 0)
		return;
	one = cJSON_AddObjectToObject(to, container->id);
	cJSON_AddStringToObject(one, "Name", container->config.name);
	cJSON_AddStringToObject(one, "MacAddress", networks_mac(member, addresses[IPV4]).text);
	for (unsigned i = 0; i < IP_VERSIONS; i++) {
		AUTO_FREE char *text = memory_format("%s/%u", address_text(addresses[i]).text,
						     network->subnet[i].prefix_length);

		cJSON_AddStringToObject(one, names[i], addresses[i].length ? text : "");
	}
}

/* Who has an address on the network. */
static void add_members(cJSON *object, const struct engine *engine, const struct listed *listed)
{
	cJSON *to = cJSON_AddObjectToObject(object, "Containers");
	struct container *containers = NULL;
	size_t count = 0;
	struct error unknown;

	container_list(engine, &containers, &count, NULL, &unknown);
	for (size_t i = 0; i < count; i++) {
		if (*listed->driver == 'b')
			add_member(to, &containers[i], &listed->network, listed->name);
		container_release(&containers[i]);
	}
	free(containers);
}

static void add_addresses(cJSON *object, const struct bridge_network *network)
{
	cJSON *ipam = cJSON_AddObjectToObject(object, "IPAM");
	cJSON *all;

	cJSON_AddStringToObject(ipam, "Driver", "default");
	all = cJSON_AddArrayToObject(ipam, "Config");
	for (unsigned i = 0; i < IP_VERSIONS; i++) {
		const struct subnet *subnet = &network->subnet[i], *range = &network->range[i];
		cJSON *config;

		if (subnet->prefix_length == 0)
			continue;
		config = cJSON_CreateObject();
		cJSON_AddStringToObject(config, "Subnet", subnet_text(subnet).text);
		if (range->prefix_length)
			cJSON_AddStringToObject(config, "IPRange", subnet_text(range).text);
		cJSON_AddStringToObject(config, "Gateway", address_text(subnet->gateway).text);
		cJSON_AddItemToArray(all, config);
	}
}

static cJSON *object_of_network(const struct engine *engine, const struct listed *listed)
{
	cJSON *object = cJSON_CreateObject(), *options;

	cJSON_AddStringToObject(object, "Name", listed->name);
	cJSON_AddStringToObject(object, "Id", listed->id);
	cJSON_AddStringToObject(object, "Created", listed->network.created);
	cJSON_AddStringToObject(object, "Scope", "local");
	cJSON_AddStringToObject(object, "Driver", listed->driver);
	cJSON_AddBoolToObject(object, "EnableIPv4", *listed->driver == 'b');
	cJSON_AddBoolToObject(object, "EnableIPv6", listed->network.ipv6);
	add_addresses(object, &listed->network);
	cJSON_AddBoolToObject(object, "Internal", listed->network.internal);
	cJSON_AddBoolToObject(object, "Attachable", false);
	cJSON_AddBoolToObject(object, "Ingress", false);
	add_members(object, engine, listed);
	options = cJSON_AddObjectToObject(object, "Options");
	object_add_labels(options, &listed->extras.options);
	if (*listed->network.name &&
	    !cJSON_HasObjectItem(options, "com.docker.network.bridge.name"))
		cJSON_AddStringToObject(options, "com.docker.network.bridge.name",
					listed->network.name);
	object_add_labels(cJSON_AddObjectToObject(object, "Labels"), &listed->extras.labels);
	return object;
}

static cJSON *inspect_one(const struct engine *engine, const char *name, struct error *err)
{
	AUTO_FREE char *full = NULL;
	struct listed listed;
	cJSON *object;

	if (strcmp(name, "host") == 0 || strcmp(name, "none") == 0)
		full = memory_string(name);
	else if (networks_find(engine, name, &full, err) < 0)
		return NULL;
	find_listed(engine, full, &listed);
	/* Not used yet: with this it has a subnet. */
	if (strcmp(full, "bridge") == 0 && !*listed.network.name &&
	    bridge_network_open(engine->root, &listed.network, err) < 0)
		return NULL;
	object = object_of_network(engine, &listed);
	release_listed(&listed);
	return object;
}

static int inspect(const struct call *call, int operand, const char *format, struct error *err)
{
	AUTO_JSON cJSON *found = cJSON_CreateArray();
	AUTO_ENGINE struct engine engine = {0};
	AUTO_TEXT struct text text = {0};
	int status = 0;

	if (subcommand_engine(call, &engine, err) < 0)
		return -1;
	for (int i = operand; i < call->argc; i++) {
		cJSON *object = inspect_one(&engine, call->argv[i], err);

		if (object)
			cJSON_AddItemToArray(found, object);
		else
			status = subcommand_fail(err);
	}
	if (format_documents(format, found, &text, err) < 0)
		status = subcommand_fail(err);
	fputs(text_string(&text), stdout);
	return status;
}

int network_command_inspect(const struct call *call)
{
	struct inspect_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", inspect_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	struct error err;
	int status = inspect(call, operand, options.format, &err);

	if (status < 0)
		status = subcommand_fail(&err);
	cleanup_memory(&options.format);
	return status;
}
