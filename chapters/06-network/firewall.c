/*
 * nftables, by two ways: changes as nft text through libnftables, in process; the one question that
 * every start of a container asks, by a netlink message, since the library needs 0.2 ms to wake up.
 */
#include "firewall.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <nftables/libnftables.h>
#include <string.h>

#include "link.h"
#include "netlink.h"
#include "text.h"
#include "trace.h"

/* libnftables explains in several lines, with the place marked; the first says it. */
static int explain(struct nft_ctx *nft, int code, const char *what, struct error *err)
{
	const char *said = nft_ctx_get_error_buffer(nft);

	if (text_starts_with(said, "Error: "))
		said += strlen("Error: ");
	error_set(err, code, "%s: %.*s", what, (int)strcspn(said, "\n"), said);
	return error_hint(err, code, "has the kernel nftables? try: modprobe nft_masq");
}

/* Runs nft text; what it prints is added to *said unless that is NULL. */
static int run_said(const char *commands, const char *what, struct text *said, struct error *err)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	int result = 0;

	if (!nft)
		return error_set(err, ENOMEM, "%s: libnftables does not start", what);
	nft_ctx_buffer_error(nft);
	nft_ctx_buffer_output(nft);
	if (said)
		nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_HANDLE);
	errno = 0;
	if (nft_run_cmd_from_buffer(nft, commands) != 0)
		/* EAGAIN is left over from the library's reading until there is no more. */
		result = explain(nft, errno && errno != EAGAIN ? errno : EINVAL, what, err);
	else if (said)
		text_add_string(said, nft_ctx_get_output_buffer(nft));
	nft_ctx_free(nft);
	return result;
}

static int run(const char *commands, const char *what, struct error *err)
{
	return run_said(commands, what, NULL, err);
}

/* A get of one element: NEWSETELEM if it is there, ENOENT if it, the set or the table is not. */
static struct nlmsghdr *ask_for_element(struct netlink *netlink, char *buffer, const char *table,
					const char *bridge)
{
	struct nlmsghdr *message = netlink_message(
		netlink, buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM, NLM_F_ACK);
	struct nfgenmsg *family = mnl_nlmsg_put_extra_header(message, sizeof(*family));
	struct nlattr *list, *element, *key;
	char name[IF_NAMESIZE] = ""; /* a key of type ifname is as wide as that */

	strncpy(name, bridge, sizeof(name) - 1);
	family->nfgen_family = NFPROTO_INET;
	family->version = NFNETLINK_V0;
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, "bridges");
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	key = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);
	mnl_attr_put(message, NFTA_DATA_VALUE, sizeof(name), name);
	mnl_attr_nest_end(message, key);
	mnl_attr_nest_end(message, element);
	mnl_attr_nest_end(message, list);
	return message;
}

/* What the table holds; @ stands for its name. `add` leaves alone what is there, the flush keeps rules
 * from doubling, and all of it is one transaction. */
static const char table_text[] =
	"add table inet @\n"
	"flush table inet @\n"
	"add set inet @ bridges { type ifname; }\n"
	"add set inet @ internal { type ifname; }\n"
	"add set inet @ same { type ifname . ifname; }\n"
	"add set inet @ plain { type ifname; }\n"
	"add set inet @ inside { type ifname . ipv4_addr; flags interval; }\n"
	"add set inet @ inside6 { type ifname . ipv6_addr; flags interval; }\n"
	"add set inet @ closed { type nf_proto; }\n"
	"add map inet @ ports { type inet_proto . inet_service : ipv4_addr . inet_service; }\n"
	"add map inet @ ports_at"
	" { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }\n"
	"add map inet @ ports6 { type inet_proto . inet_service : ipv6_addr . inet_service; }\n"
	"add map inet @ ports6_at"
	" { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }\n"
	/* The bridges have route_localnet, for answers to the host's own 127.0.0.1. Before those are
	 * translated back, nothing that comes from a bridge is for it. */
	"add chain inet @ guard { type filter hook prerouting priority raw; }\n"
	"add rule inet @ guard iifname @bridges ip daddr 127.0.0.0/8 drop\n"
	"add chain inet @ publish\n"
	"add rule inet @ publish dnat ip to ip daddr . meta l4proto . th dport map @ports_at\n"
	"add rule inet @ publish dnat ip to meta l4proto . th dport map @ports\n"
	"add rule inet @ publish dnat ip6 to ip6 daddr . meta l4proto . th dport map @ports6_at\n"
	"add rule inet @ publish dnat ip6 to meta l4proto . th dport map @ports6\n"
	/* From outside; nobody there can ask for what is published on 127.0.0.1. */
	"add chain inet @ prerouting { type nat hook prerouting priority dstnat; }\n"
	"add rule inet @ prerouting ip daddr 127.0.0.0/8 return\n"
	"add rule inet @ prerouting fib daddr type local jump publish\n"
	/* From this host itself; but no answer to ::1 is let in by any interface but lo. */
	"add chain inet @ output { type nat hook output priority -100; }\n"
	"add rule inet @ output ip6 daddr ::1 return\n"
	"add rule inet @ output fib daddr type local jump publish\n"
	/* As Docker 28, no one is let in by a route alone. Within a bridge there is a decision only if
	 * br_netfilter asks for one. */
	"add chain inet @ forward { type filter hook forward priority filter; }\n"
	"add rule inet @ forward ct state { established, related } accept\n"
	"add rule inet @ forward iifname . oifname @same accept\n"
	"add rule inet @ forward iifname @internal drop\n"
	"add rule inet @ forward oifname @internal drop\n"
	"add rule inet @ forward ct status dnat accept\n"
	"add rule inet @ forward oifname @bridges drop\n"
	"add rule inet @ forward meta nfproto @closed meta iifkind != \"bridge\" meta oifkind != \"bridge\" drop\n"
	/* Not from one container to another, which see each other's own address; but if one asks for
	 * a published port, the answer must come back by the host. */
	"add chain inet @ postrouting { type nat hook postrouting priority srcnat; }\n"
	"add rule inet @ postrouting iifname @plain oifname != @bridges accept\n"
	"add rule inet @ postrouting iifname @bridges oifname != @bridges masquerade\n"
	"add rule inet @ postrouting oifname . ip saddr @inside ct status dnat masquerade\n"
	"add rule inet @ postrouting oifname . ip6 saddr @inside6 ct status dnat masquerade\n"
	"add rule inet @ postrouting ip saddr 127.0.0.0/8 oifname @bridges masquerade\n";

/* The names of sets begin with @ too: only one that stands alone is the table's. */
static void add_rules(struct text *text, const char *table)
{
	for (const char *at = table_text; *at;) {
		size_t length = strcspn(at + 1, "@") + 1;

		if (at[0] == '@' && (at[1] == ' ' || at[1] == '\n')) {
			text_add_string(text, table);
			at++;
			length--;
		}
		text_add(text, at, length);
		at += length;
	}
}

/* `verb` is "add" or "delete". */
static void add_elements(struct text *text, const char *verb, const char *table,
			 const struct firewall_network *network)
{
	static const char *const inside[IP_VERSIONS] = {"inside", "inside6"};
	const struct {
		bool is_in;
		const char *set;
	} flags[] = {{true, "bridges"}, {network->internal, "internal"}, {network->plain, "plain"}};
	const char *bridge = network->bridge;

	for (size_t i = 0; i < ARRAY_LENGTH(flags); i++)
		if (flags[i].is_in)
			text_add_format(text, "%s element inet %s %s { \"%s\" }\n", verb, table,
					flags[i].set, bridge);
	text_add_format(text, "%s element inet %s same { \"%s\" . \"%s\" }\n", verb, table, bridge,
			bridge);
	for (unsigned i = 0; i < IP_VERSIONS; i++)
		if (network->subnets[i].prefix_length)
			text_add_format(text, "%s element inet %s %s { \"%s\" . %s }\n", verb,
					table, inside[i], bridge,
					subnet_text(&network->subnets[i]).text);
}

static void trace_each(const char *commands)
{
	while (trace_is_on() && *commands) {
		size_t length = strcspn(commands, "\n");
		AUTO_FREE char *line = memory_format("%.*s", (int)length, commands);

		trace("nft %q", line);
		commands += length + (commands[length] == '\n');
	}
}

/* Whether the table is there, by one of its sets. */
static bool table_is_up(const char *table)
{
	AUTO_NETLINK struct netlink netlink = {0};
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message;
	struct nfgenmsg *family;
	struct error unknown;

	if (netlink_open(&netlink, NETLINK_NETFILTER, &unknown) < 0)
		return false;
	message = netlink_message(&netlink, buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSET,
				  NLM_F_ACK);
	family = mnl_nlmsg_put_extra_header(message, sizeof(*family));
	family->nfgen_family = NFPROTO_INET;
	family->version = NFNETLINK_V0;
	mnl_attr_put_strz(message, NFTA_SET_TABLE, table);
	mnl_attr_put_strz(message, NFTA_SET_NAME, "ports6_at");
	return netlink_ask(&netlink, message, NULL, NULL) == 0;
}

int firewall_up(const char *table, const struct firewall_network *network, struct error *err)
{
	AUTO_TEXT struct text commands = {0};

	if (firewall_is_up(table, network->bridge))
		return 0;
	if (!table_is_up(table))
		add_rules(&commands, table);
	add_elements(&commands, "add", table, network);
	trace_each(text_string(&commands));
	return run(text_string(&commands), "set up address translation", err);
}

int firewall_close_others(const char *table, enum ip_version version, struct error *err)
{
	AUTO_FREE char *commands = memory_format("add element inet %s closed { %s }\n", table,
						 version == IPV6 ? "ipv6" : "ipv4");

	trace_each(commands);
	return run(commands, "close this host to those who would pass through it", err);
}

bool firewall_is_up(const char *table, const char *bridge)
{
	AUTO_NETLINK struct netlink netlink = {0};
	char buffer[NETLINK_MESSAGE_SIZE];
	struct error unknown;

	if (netlink_open(&netlink, NETLINK_NETFILTER, &unknown) < 0)
		return false;
	return netlink_ask(&netlink, ask_for_element(&netlink, buffer, table, bridge), NULL,
			   NULL) == 0;
}

int firewall_repair(const char *table, const struct firewall_network *network, struct error *err)
{
	AUTO_TEXT struct text commands = {0};

	add_rules(&commands, table);
	add_elements(&commands, "add", table, network);
	trace_each(text_string(&commands));
	return run(text_string(&commands), "repair the table of address translation", err);
}

int firewall_run(const char *commands, const char *what, struct error *err)
{
	trace_each(commands);
	return run(commands, what, err);
}

int firewall_list(const char *command, struct text *said, struct error *err)
{
	return run_said(command, "list rules", said, err);
}

int firewall_forget(const char *table, const struct firewall_network *network, struct error *err)
{
	AUTO_TEXT struct text commands = {0};

	if (!table_is_up(table))
		return 0;
	/* Added first, so that deleting never fails. */
	add_elements(&commands, "add", table, network);
	add_elements(&commands, "delete", table, network);
	trace("nft delete element inet %s bridges %q", table, network->bridge);
	return run(text_string(&commands), "take the network out of the table", err);
}

int firewall_down(const char *table, struct error *err)
{
	/* Added first, so that deleting it never fails; one transaction, never seen by packets. */
	AUTO_FREE char *commands =
		memory_format("add table inet %s\ndelete table inet %s\n", table, table);

	trace("nft delete table inet %q", table);
	return run(commands, "remove the table of address translation", err);
}

/* The map that a redirection is in, "ports6_at", and its key there. */
static void add_key(struct text *text, const char *table, const struct redirection *redirection)
{
	bool any = address_is_any(redirection->host_address);

	text_add_format(text, "inet %s ports%s%s { ", table,
			address_version(redirection->host_address) == IPV6 ? "6" : "",
			any ? "" : "_at");
	if (!any)
		text_add_format(text, "%s . ", address_text(redirection->host_address).text);
	text_add_format(text, "%u . %u", redirection->protocol, redirection->host_port);
}

int firewall_redirect(const char *table, const struct redirection *redirection, struct error *err)
{
	AUTO_TEXT struct text command = {0};

	text_add_string(&command, "create element ");
	add_key(&command, table, redirection);
	text_add_format(&command, " : %s . %u }", address_text(redirection->container).text,
			redirection->container_port);
	trace("nft %q", text_string(&command));
	return run(text_string(&command), "publish a port", err);
}

int firewall_redirect_end(const char *table, const struct redirection *redirection,
			  struct error *err)
{
	AUTO_TEXT struct text command = {0};

	text_add_string(&command, "delete element ");
	add_key(&command, table, redirection);
	text_add_string(&command, " }");
	trace("nft %q", text_string(&command));
	return run(text_string(&command), "end the publication of a port", err);
}
