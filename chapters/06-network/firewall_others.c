/* See firewall_others.h. The rules are such that iptables-save can read them. */
#include "firewall_others.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "file.h"
#include "firewall.h"
#include "netlink.h"
#include "trace.h"

/* Whether a file has the text; not if there is no such file. */
static bool file_says(const char *path, const char *text)
{
	AUTO_TEXT struct text content = {0};
	struct error unknown;

	return file_read(AT_FDCWD, path, 1 << 20, &content, &unknown) == 0 &&
	       strstr(text_string(&content), text);
}

static int read_policy(const struct nlmsghdr *answer, void *context)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, answer, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) == NFTA_CHAIN_POLICY)
			*(uint32_t *)context = ntohl(mnl_attr_get_u32(attribute));
	}
	return MNL_CB_OK;
}

/* The tables of iptables and ip6tables. */
static const struct family {
	const char *name;
	uint8_t number;
} families[] = {{"ip", NFPROTO_IPV4}, {"ip6", NFPROTO_IPV6}};

/* Asks for a chain of the table `filter`. Returns -1 if there is none. */
static int ask_for_chain(struct netlink *netlink, const struct family *of, const char *chain,
			 uint32_t *policy)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(
		netlink, buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_ACK);
	struct nfgenmsg *family = mnl_nlmsg_put_extra_header(message, sizeof(*family));

	family->nfgen_family = of->number;
	family->version = NFNETLINK_V0;
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, "filter");
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain);
	return netlink_ask(netlink, message, read_policy, policy);
}

static void add_accepts(struct text *commands, const struct family *family, const char *bridges)
{
	static const char *const sides[] = {"iifname", "oifname"};

	for (size_t i = 0; i < ARRAY_LENGTH(sides); i++)
		text_add_format(commands, "add rule %s filter CORACLE %s \"%s\" accept\n",
				family->name, sides[i], bridges);
}

/* Whether the chain has rules for a bridge that has a name of the user's. */
static bool knows(const struct family *family, const char *bridge, struct error *err)
{
	AUTO_FREE char *command = memory_format("list chain %s filter CORACLE", family->name);
	AUTO_FREE char *quoted = memory_format("\"%s\"", bridge);
	AUTO_TEXT struct text listed = {0};

	return firewall_list(command, &listed, err) == 0 && strstr(text_string(&listed), quoted);
}

int firewall_others_pass(const char *bridge, bool ipv6, struct error *err)
{
	AUTO_NETLINK struct netlink netlink = {0};
	AUTO_TEXT struct text commands = {0};

	if (netlink_open(&netlink, NETLINK_NETFILTER, err) < 0)
		return -1;
	for (size_t i = 0; i < (ipv6 ? 2 : 1); i++) {
		const struct family *family = &families[i];
		uint32_t policy = NF_ACCEPT, none = 0;
		bool known;

		if (ask_for_chain(&netlink, family, "FORWARD", &policy) < 0 || policy != NF_DROP)
			continue;
		known = ask_for_chain(&netlink, family, "CORACLE", &none) == 0;
		if (!known) {
			text_add_format(&commands, "add chain %s filter CORACLE\n", family->name);
			add_accepts(&commands, family, "coracle*");
			text_add_format(&commands, "add rule %s filter FORWARD jump CORACLE\n",
					family->name);
		}
		if (!text_starts_with(bridge, "coracle") && !(known && knows(family, bridge, err)))
			add_accepts(&commands, family, bridge);
	}
	return commands.length ? firewall_run(text_string(&commands),
					      "let the FORWARD chain of iptables pass us", err)
			       : 0;
}

/* Whether a bridge is there that a rule of the chain names: then it is another root's. */
static bool is_needed(const struct family *family)
{
	AUTO_FREE char *list = memory_format("list chain %s filter CORACLE", family->name);
	AUTO_TEXT struct text listed = {0};
	struct error unknown;
	char *rest;

	if (firewall_list(list, &listed, &unknown) < 0)
		return false;
	for (rest = listed.data; strsep(&rest, "\"") && rest;) {
		AUTO_FREE char *device = memory_format("%s:", strsep(&rest, "\""));

		if (file_says("/proc/self/net/dev", device))
			return true;
	}
	return false;
}

/* The handle of our one rule is in what `nft -a list` says: "jump CORACLE # handle 7". */
static void end_in(const struct family *family)
{
	AUTO_FREE char *list = memory_format("list chain %s filter FORWARD", family->name);
	AUTO_TEXT struct text listed = {0}, commands = {0};
	struct error unknown;
	const char *at;

	if (firewall_list(list, &listed, &unknown) < 0)
		return;
	at = strstr(text_string(&listed), "jump CORACLE # handle ");
	if (at)
		text_add_format(&commands, "delete rule %s filter FORWARD handle %d\n",
				family->name, atoi(at + strlen("jump CORACLE # handle ")));
	text_add_format(&commands,
			"flush chain %s filter CORACLE\ndelete chain %s filter CORACLE\n",
			family->name, family->name);
	firewall_run(text_string(&commands), "take our chain out of iptables", &unknown);
}

void firewall_others_end(void)
{
	AUTO_NETLINK struct netlink netlink = {0};
	uint32_t none = 0;
	struct error unknown;

	if (file_says("/proc/self/net/dev", "coracle") ||
	    netlink_open(&netlink, NETLINK_NETFILTER, &unknown) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(families); i++)
		if (ask_for_chain(&netlink, &families[i], "CORACLE", &none) == 0 &&
		    !is_needed(&families[i]))
			end_in(&families[i]);
}

/* Whether the older iptables, which has its own tables, is in use. To ask for a table would make it. */
static bool legacy_is_used(void)
{
	AUTO_CLOSE_FILE FILE *names = fopen("/proc/self/net/ip_tables_names", "re");
	char name[64];

	while (names && fgets(name, sizeof(name), names))
		if (strcmp(name, "filter\n") == 0)
			return true;
	return false;
}

/* Its policy of FORWARD, the target of the last entry of that chain; but not if there are rules about
 * our bridges before it. */
static bool legacy_drops(void)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	AUTO_FREE struct ipt_get_entries *entries = NULL;
	struct ipt_getinfo info = {.name = "filter"};
	socklen_t size = sizeof(info);
	const struct xt_standard_target *target;
	const struct ipt_entry *last;

	if (fd < 0 || !legacy_is_used() ||
	    getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &info, &size) < 0)
		return false;
	size = (socklen_t)(sizeof(*entries) + info.size);
	entries = memory_zeroed(1, size);
	strcpy(entries->name, "filter");
	entries->size = info.size;
	if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, entries, &size) < 0)
		return false;
	if (memmem(entries->entrytable, info.size, "coracle", strlen("coracle")))
		return false;
	last = (const void *)((const char *)entries->entrytable + info.underflow[NF_INET_FORWARD]);
	target = (const void *)((const char *)last + last->target_offset);
	return target->verdict == -NF_DROP - 1;
}

void firewall_others_advise(struct strings *advice)
{
	if (legacy_drops())
		strings_add(advice, "iptables-legacy forwards nothing by its policy; run: "
				    "iptables-legacy -A FORWARD -i coracle+ -j ACCEPT; "
				    "iptables-legacy -A FORWARD -o coracle+ -j ACCEPT");
	if (access("/run/firewalld", F_OK) == 0 &&
	    !file_says("/etc/firewalld/zones/trusted.xml", "coracle0"))
		strings_add(advice, "firewalld is running; run: firewall-cmd --permanent "
				    "--zone=trusted --add-interface=coracle0; "
				    "firewall-cmd --reload");
	if (file_says("/etc/ufw/ufw.conf", "\nENABLED=yes") &&
	    !file_says("/etc/ufw/user.rules", "coracle0"))
		strings_add(advice, "ufw is enabled; run: ufw route allow in on coracle0; "
				    "ufw route allow out on coracle0");
}
