/*
 * How a container is to be connected: the part of its configuration that is about networks.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "error.h"
#include "json.h"
#include "resolver.h"
#include "text.h"

/* A zeroed struct is valid: nothing but the container's one network. */
struct connection {
	struct strings networks; /* more of them, beside that one */
	struct strings ports;	 /* to publish, as port_spec writes them */
	struct strings exposed;	 /* "80/tcp" */
	struct strings aliases;	 /* names for it on user networks, beside its own */
	struct resolver_wishes names;
	char *address, *mac; /* on the first network; NULL: any */
};

/* Adds it to the record of a container, and reads it. */
void connection_add(cJSON *record, const struct connection *connection);
int connection_read(const cJSON *record, struct connection *connection, struct error *err);

void connection_release(struct connection *connection);

#endif
