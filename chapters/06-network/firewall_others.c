/* See firewall_others.h. The rules are such that iptables-save can read them. */
#include "firewall_others.h"

#include <arpa/inet.h>
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

#include "firewall.h"
#include "netlink.h"
#include "trace.h"

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

/* Asks for a chain of the table `ip filter`. Returns -1 if there is none. */
static int ask_for_chain(struct netlink *netlink, const char *chain, uint32_t *policy)
{
	char buffer[NETLINK_MESSAGE_SIZE];
	struct nlmsghdr *message = netlink_message(
		netlink, buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_ACK);
	struct nfgenmsg *family = mnl_nlmsg_put_extra_header(message, sizeof(*family));

	family->nfgen_family = NFPROTO_IPV4;
	family->version = NFNETLINK_V0;
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, "filter");
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain);
	return netlink_ask(netlink, message, read_policy, policy);
}

int firewall_others_pass(struct error *err)
{
	AUTO_NETLINK struct netlink netlink = {0};
	uint32_t policy = NF_ACCEPT, none = 0;

	if (netlink_open(&netlink, NETLINK_NETFILTER, err) < 0)
		return -1;
	if (ask_for_chain(&netlink, "FORWARD", &policy) < 0 || policy != NF_DROP ||
	    ask_for_chain(&netlink, "CORACLE", &none) == 0)
		return 0;
	return firewall_run("add chain ip filter CORACLE\n"
			    "add rule ip filter CORACLE iifname \"coracle*\" accept\n"
			    "add rule ip filter CORACLE oifname \"coracle*\" accept\n"
			    "add rule ip filter FORWARD jump CORACLE\n",
			    "let the FORWARD chain of iptables pass us", err);
}

/* The handle of our one rule is in what `nft -a list` says: "jump CORACLE # handle 7". */
void firewall_others_end(void)
{
	AUTO_NETLINK struct netlink netlink = {0};
	AUTO_TEXT struct text listed = {0}, commands = {0};
	uint32_t none = 0;
	struct error unknown;
	const char *at;

	if (netlink_open(&netlink, NETLINK_NETFILTER, &unknown) < 0 ||
	    ask_for_chain(&netlink, "CORACLE", &none) < 0 ||
	    firewall_list("list chain ip filter FORWARD", &listed, &unknown) < 0)
		return;
	at = strstr(text_string(&listed), "jump CORACLE # handle ");
	if (at)
		text_add_format(&commands, "delete rule ip filter FORWARD handle %d\n",
				atoi(at + strlen("jump CORACLE # handle ")));
	text_add_string(&commands,
			"flush chain ip filter CORACLE\ndelete chain ip filter CORACLE\n");
	firewall_run(text_string(&commands), "take our chain out of iptables", &unknown);
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

/* Its policy of FORWARD: the target of the last entry of that chain. */
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
	last = (const void *)((const char *)entries->entrytable + info.underflow[NF_INET_FORWARD]);
	target = (const void *)((const char *)last + last->target_offset);
	return target->verdict == -NF_DROP - 1;
}

void firewall_others_advise(struct text *advice)
{
	if (legacy_drops())
		text_add_string(advice, "iptables-legacy forwards nothing by its policy; run:\n"
					"  iptables-legacy -A FORWARD -i coracle+ -j ACCEPT\n"
					"  iptables-legacy -A FORWARD -o coracle+ -j ACCEPT\n");
	if (access("/run/firewalld", F_OK) == 0)
		text_add_string(
			advice,
			"firewalld is running; run:\n"
			"  firewall-cmd --permanent --zone=trusted --add-interface=coracle0\n"
			"  firewall-cmd --reload\n");
	if (access("/lib/ufw/user.rules", F_OK) == 0 || access("/etc/ufw/user.rules", F_OK) == 0)
		text_add_string(advice, "ufw is installed; if it is enabled, run:\n"
					"  ufw route allow in on coracle0\n"
					"  ufw route allow out on coracle0\n");
}
