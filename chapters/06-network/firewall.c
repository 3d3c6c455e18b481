/*
 * nftables, by two ways: changes as nft text through libnftables, in process; the one question that
 * every start of a container asks, by a netlink message, since the library needs 0.2 ms to wake up.
 */
#include "firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <nftables/libnftables.h>
#include <string.h>

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

static int run(const char *commands, const char *what, struct error *err)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	int result = 0;

	if (!nft)
		return error_set(err, ENOMEM, "%s: libnftables does not start", what);
	nft_ctx_buffer_error(nft);
	nft_ctx_buffer_output(nft);
	errno = 0;
	if (nft_run_cmd_from_buffer(nft, commands) != 0)
		result = explain(nft, errno ? errno : EINVAL, what, err);
	nft_ctx_free(nft);
	return result;
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

/* One transaction. `add` leaves alone what is there; the flushes keep rules from doubling. */
static void add_rules(struct text *text, const char *table, const char *bridge)
{
	text_add_format(text, "add table inet %s\n", table);
	text_add_format(text, "add set inet %s bridges { type ifname; }\n", table);
	text_add_format(text, "add element inet %s bridges { \"%s\" }\n", table, bridge);
	/* From outside only what answers: as Docker 28, which lets no one in by a route alone. */
	text_add_format(
		text,
		"add chain inet %s forward { type filter hook forward priority filter; }\n"
		"flush chain inet %s forward\n"
		"add rule inet %s forward iifname != @bridges oifname @bridges ct state != { established, related } drop\n",
		table, table, table);
	/* Not from one container to another: they see each other's own address. */
	text_add_format(
		text,
		"add chain inet %s postrouting { type nat hook postrouting priority srcnat; }\n"
		"flush chain inet %s postrouting\n"
		"add rule inet %s postrouting"
		" iifname @bridges oifname != @bridges masquerade\n",
		table, table, table);
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

int firewall_up(const char *table, const char *bridge, struct error *err)
{
	AUTO_TEXT struct text commands = {0};

	if (firewall_is_up(table, bridge))
		return 0;
	add_rules(&commands, table, bridge);
	trace_each(text_string(&commands));
	return run(text_string(&commands), "set up address translation", err);
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

int firewall_down(const char *table, struct error *err)
{
	/* Added first, so that deleting it never fails; one transaction, never seen by packets. */
	AUTO_FREE char *commands =
		memory_format("add table inet %s\ndelete table inet %s\n", table, table);

	trace("nft delete table inet %q", table);
	return run(commands, "remove the table of address translation", err);
}
