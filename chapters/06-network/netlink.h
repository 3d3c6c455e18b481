/*
 * Asking the kernel over a netlink socket: one message there, its answer back.
 *
 * A socket works in the network namespace in which it was opened, wherever its process goes later.
 * Where the kernel explains a refusal (NETLINK_EXT_ACK), its words end up in the error.
 */
#ifndef NETLINK_H
#define NETLINK_H

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "cleanup.h"
#include "error.h"

struct netlink {
	struct mnl_socket *socket;
	unsigned sequence;
	char reason[128]; /* the kernel's own words on the last refusal, or "" */
	char shell[32];	  /* what a trace puts before the command: "", or "nsenter -n -t 12 " */
};

/* Opens a socket of a netlink protocol (NETLINK_ROUTE, NETLINK_NETFILTER) in the current network
 * namespace. Errors: EPROTONOSUPPORT if the kernel lacks the protocol. netlink(7) */
int netlink_open(struct netlink *netlink, int protocol, struct error *err);

void netlink_release(struct netlink *netlink);
#define AUTO_NETLINK CLEANUP(netlink_release)

#define NETLINK_MESSAGE_SIZE 1024

/* Starts a message in `buffer`, of that size, which the caller goes on to fill with mnl_attr_put…;
 * NLM_F_REQUEST is added to the flags. */
struct nlmsghdr *netlink_message(struct netlink *netlink, char *buffer, int type, int flags);

/* Sends a message and reads the whole answer; `each` (NULL: none) gets every message of it but
 * acknowledgements. The message must ask for an end: NLM_F_ACK or NLM_F_DUMP.
 * -1 with errno set; then netlink_failed says more. */
int netlink_ask(struct netlink *netlink, struct nlmsghdr *message, mnl_cb_t each, void *context);

/* Adds what the kernel said on the last refusal to an error. Returns -1. */
int netlink_failed(const struct netlink *netlink, struct error *err);

#endif
