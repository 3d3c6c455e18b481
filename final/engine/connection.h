/*
 * How a container is to be connected: the part of its configuration that is about networks.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "error.h"
#include "json.h"
#include "resolver.h"
#include "text.h"

/* One bridge network that a container is to be in. */
struct membership {
	char *network;		   /* its name */
	struct strings aliases;	   /* names for it there, beside its own */
	char *wanted[IP_VERSIONS]; /* its address of each kind; NULL: any */
	char *mac;		   /* NULL: any */
	int64_t gateway_priority;  /* the highest is where its way out is */
};

/* A zeroed struct is valid: no network. */
struct connection {
	struct membership *members; /* its eth0, eth1 … */
	size_t member_count;
	struct strings ports;	/* to publish, as port_spec writes them */
	struct strings exposed; /* "80/tcp" */
	struct resolver_wishes names;
};

/* Adds a network with nothing wished for; what is returned is valid until the next is added. */
struct membership *connection_add_member(struct connection *connection, const char *network);

/* NULL if it is not to be in that network. */
struct membership *connection_find_member(const struct connection *connection, const char *network);

/* That there is none is fine. */
void connection_remove_member(struct connection *connection, const char *network);

/* Adds it to the record of a container, and reads it. */
void connection_add(cJSON *record, const struct connection *connection);
int connection_read(const cJSON *record, struct connection *connection, struct error *err);

void membership_release(struct membership *member);
void connection_release(struct connection *connection);

#endif
