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

static int option_publish(void *field, const char *value, struct error *err)
{
	return ports_add(field, value, err);
}

static int option_expose(void *field, const char *value, struct error *err)
{
	AUTO_PORTS struct ports ports = {0};

	if (strchr(value, ':') || ports_add(&ports, value, err) < 0)
		return error_set(err, EINVAL, "invalid port format for --expose: %s", value);
	return option_strings(field, value, err);
}

static int option_server(void *field, const char *value, struct error *err)
{
	struct address address;

	if (address_parse(value, &address) < 0)
		return error_set(err, EINVAL, "ip address is not correctly formatted: \"%s\"",
				 value);
	return option_strings(field, value, err);
}

static int option_host(void *field, const char *value, struct error *err)
{
	const char *separator = value + strcspn(value, ":=");
	struct address address;

	if (separator == value || !*separator)
		return error_set(err, EINVAL, "bad format for add-host: \"%s\"", value);
	if (strcmp(separator + 1, "host-gateway") != 0 &&
	    address_parse(separator + 1, &address) < 0)
		return error_set(err, EINVAL, "invalid IP address in add-host: \"%s\"",
				 separator + 1);
	return option_strings(field, value, err);
}

#define FIELD(name) offsetof(struct network_options, name)

const struct option_row network_option_rows[] = {
	{"network", 0, "bridge|none|host", option_network,
	 offsetof(struct network_options, network),
	 "A bridge shared by all containers, nothing but lo, or the host's network",
	 "CLONE_NEWNET, veth", "veth(4)"},
	{"publish", 'p', "[[IP:]HOST:]PORT[/PROTOCOL]", option_publish, FIELD(ports),
	 "Send what reaches a port of the host to one of the container", "dnat", "nft(8)"},
	{"publish-all", 'P', NULL, option_flag, FIELD(publish_all),
	 "Publish each port that the image exposes on a free one of the host", "dnat", "nft(8)"},
	{"expose", 0, "PORT[/PROTOCOL]", option_expose, FIELD(expose),
	 "A port that the image does not say it has", NULL, NULL},
	{"dns", 0, "ADDRESS", option_server, FIELD(names.servers),
	 "A name server, instead of the host's", "/etc/resolv.conf", "resolv.conf(5)"},
	{"dns-search", 0, "DOMAIN", option_strings, FIELD(names.searches),
	 "A domain in which short names are looked for; . for none", "/etc/resolv.conf",
	 "resolv.conf(5)"},
	{"dns-option", 0, "OPTION", option_strings, FIELD(names.options),
	 "An option of the resolver, as ndots:2", "/etc/resolv.conf", "resolv.conf(5)"},
	{"add-host", 0, "NAME:ADDRESS", option_host, FIELD(names.hosts),
	 "A name that the container knows; host-gateway is the host's address", "/etc/hosts",
	 "hosts(5)"},
	{0},
};

enum resolver_mode network_options_mode(const struct network_options *options)
{
	for (size_t i = 0; options->network && i < ARRAY_LENGTH(names); i++)
		if (strcmp(options->network, names[i]) == 0)
			return (enum resolver_mode)i;
	return RESOLVER_BRIDGE;
}

int network_options_apply(struct network_options *options, const struct strings *exposed,
			  struct error *err)
{
	const struct strings *both[] = {exposed, &options->expose};

	for (size_t i = 0; options->publish_all && i < ARRAY_LENGTH(both); i++)
		for (size_t j = 0; j < both[i]->count; j++)
			if (ports_add(&options->ports, both[i]->items[j], err) < 0)
				return error_wrap(err, "publish what the image exposes");
	return 0;
}

void network_options_release(struct network_options *options)
{
	cleanup_memory(&options->network);
	ports_release(&options->ports);
	strings_release(&options->expose);
	resolver_wishes_release(&options->names);
}
