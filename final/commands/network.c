/* network rm, prune, connect, disconnect, repair, and the table of all commands of `network`. */
#include "network.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "container.h"
#include "dns.h"
#include "events.h"
#include "filter.h"
#include "group.h"
#include "networks.h"
#include "prune.h"
#include "run_network.h"

struct network_command_options {
	struct program_options program;
	struct membership member; /* of connect */
	struct strings filters;
	bool force;
};

#define FIELD(name) offsetof(struct network_command_options, name)

static void release(struct network_command_options *options)
{
	membership_release(&options->member);
	strings_release(&options->filters);
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
	if (network_check_name(name, err) < 0)
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
	{"filter", 0, "KEY=VALUE", filter_option, FIELD(filters),
	 "Only those with label=…, label!=… or until=TIME", NULL, NULL},
	{"force", 'f', NULL, option_flag, FIELD(force), "Do not ask", NULL, NULL},
	{0},
};

int network_used_names(const struct engine *engine, struct strings *used, struct error *err)
{
	struct container *containers;
	size_t count;

	if (container_list(engine, &containers, &count, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct connection *connection = &containers[i].config.connection;

		for (size_t j = 0; j < connection->member_count; j++)
			strings_add(used, connection->members[j].network);
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
	struct error unknown;

	if (networks_list(engine, &names, &unknown) == 0 && names.count == 1)
		networks_remove_default(engine, false, &unknown);
}

/* Whether one is to go. What is gone already, or damaged, is not. */
static bool is_chosen(const struct engine *engine, const char *name, const struct strings *filters,
		      int64_t until)
{
	struct bridge_network network;
	struct network_extras extras = {0};
	struct error unknown;
	bool chosen;

	if (bridge_network_load(engine->root, name, &network, &unknown) < 0 ||
	    bridge_network_extras(engine->root, name, &extras, &unknown) < 0)
		return false;
	chosen = filter_labels(filters, &extras.labels) &&
		 clock_nanoseconds(network.created) < until;
	strings_release(&extras.labels);
	strings_release(&extras.options);
	return chosen;
}

int prune_networks(const struct engine *engine, const struct strings *filters,
		   struct pruned *pruned, struct error *err)
{
	static const char *const known[] = {"label", "label!", "until", NULL};
	AUTO_STRINGS struct strings names = {0}, used = {0};
	size_t before = pruned->text.length, next = 0;
	const char *value = filter_value(filters, "until", &next);
	int64_t until = INT64_MAX;

	if (filter_check(filters, known, err) < 0 ||
	    (value && clock_read(value, &until, err) < 0) ||
	    networks_list(engine, &names, err) < 0 || network_used_names(engine, &used, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		if (strcmp(names.items[i], "bridge") == 0 ||
		    strings_contain(&used, names.items[i]) ||
		    !is_chosen(engine, names.items[i], filters, until) ||
		    networks_remove(engine, names.items[i], err) < 0)
			continue;
		text_add_format(&pruned->text, "%s%s\n",
				pruned->text.length == before ? "Deleted Networks:\n" : "",
				names.items[i]);
	}
	text_add_string(&pruned->text, pruned->text.length == before ? "" : "\n");
	if (!strings_contain(&used, "bridge") && filters->count == 0)
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
						  "container.")) {
		error_set(&err, ECANCELED, "network prune has been cancelled");
		status = subcommand_fail(&err);
	} else if (subcommand_engine(call, &engine, &err) < 0 ||
		   prune_networks(&engine, &options.filters, &pruned, &err) < 0) {
		status = subcommand_fail(&err);
	}
	fputs(text_string(&pruned.text), stdout);
	text_release(&pruned.text);
	release(&options);
	return status;
}

/* --- connect, disconnect ------------------------------------------------------------------------ */

static int option_priority(void *field, const char *value, struct error *err)
{
	return run_network_priority(value, field, err);
}

static const struct option_row connect_rows[] = {
	{"alias", 0, "NAME", option_strings, FIELD(member.aliases), "One more name there", NULL,
	 NULL},
	{"gw-priority", 0, "NUMBER", option_priority, FIELD(member.gateway_priority),
	 "The highest of its networks is its way out (0)", NULL, "ip-route(8)"},
	{"ip", 0, "ADDRESS", run_network_address, FIELD(member.wanted[IPV4]), "Its address there",
	 NULL, "ip-address(8)"},
	{"ip6", 0, "ADDRESS", run_network_address6, FIELD(member.wanted[IPV6]),
	 "Its address of IPv6 there", NULL, "ip-address(8)"},
	{0},
};

static const struct option_row disconnect_rows[] = {
	{"force", 'f', NULL, option_flag, FIELD(force), "For scripts; it makes no difference", NULL,
	 NULL},
	{0},
};

static int change(const struct call *call, int operand, struct membership *member,
		  struct error *err)
{
	AUTO_CONTAINER struct container container = {0};
	AUTO_ENGINE struct engine engine = {0};
	AUTO_FREE char *name = NULL;

	if (subcommand_engine(call, &engine, err) < 0 ||
	    networks_find(&engine, call->argv[operand], &name, err) < 0 ||
	    container_find(&engine, call->argv[operand + 1], &container, err) < 0)
		return -1;
	if (member)
		member->network = memory_string(name);
	if ((member ? networks_connect(&engine, &container, member, err)
		    : networks_disconnect(&engine, &container, name, err)) < 0)
		return -1;
	events_add_network(&engine, member ? "connect" : "disconnect", name, NULL, container.id);
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

	if (change(call, operand, connect ? &options.member : NULL, &err) < 0)
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

	run_network_warn(NULL);
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
	return networks_publish_again(&engine, err);
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
	{"network create", "[OPTIONS] NETWORK", "Create a network", network_command_create},
	{"network disconnect", "[OPTIONS] NETWORK CONTAINER",
	 "Disconnect a container from a network", command_disconnect},
	{"network inspect", "[OPTIONS] NETWORK [NETWORK...]",
	 "Display detailed information on networks", network_command_inspect},
	{"network ls", "[OPTIONS]", "List networks", network_command_ls},
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
