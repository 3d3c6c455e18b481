/*
 * Endpoints: where a registry's API is reached, and whom to believe there.
 *
 * A registry has one, and before it Docker Hub may have mirrors. What holds for an endpoint is read
 * by root, before the fetcher begins: who talks to strangers can open no file.
 *
 *	CONFIG/config.json            {"registry-mirrors": […], "insecure-registries": […]}
 *	CONFIG/certs.d/HOST[:PORT]/   *.crt who signs for it; NAME.cert and NAME.key, who we are
 *	/etc/docker/certs.d/…         the same, for want of the other
 */
#ifndef REGISTRY_ENDPOINT_H
#define REGISTRY_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "error.h"
#include "reference.h"
#include "text.h"

/* What the machine's owner says of registries; Docker's names of daemon.json. Zeroed: nothing. */
struct registry_config {
	struct strings mirrors;	 /* of docker.io: "https://HOST[:PORT]" */
	struct strings insecure; /* "HOST[:PORT]" or a network: "10.0.0.0/8" */
	struct strings dirs;	 /* where certs.d may be */
	size_t downloads;	 /* layers side by side; 0: three */
};

/* Reads DIR/config.json; without one, nothing is said. The caller releases *config.
 * Errors: EINVAL for a file that is damaged, or a mirror that is no address. */
int registry_config_read(const char *dir, struct registry_config *config, struct error *err);
void registry_config_release(struct registry_config *config);
#define AUTO_REGISTRY_CONFIG CLEANUP(registry_config_release)

struct registry_endpoint {
	char *host;			/* "registry-1.docker.io", "127.0.0.1:5000" */
	bool mirror;			/* takes no credentials of docker.io's */
	bool plain;			/* it was written with http: */
	const struct strings *insecure; /* the config's own */
	struct text authorities;	/* certificates, PEM; empty: only the machine's own */
	struct text certificate, key;	/* ours for the registry, PEM; empty: none */
};

/* All endpoints of a reference in the order to try them; the last one is the registry itself. The
 * caller releases each, and frees *endpoints. *config stays in use by them.
 * Errors: EINVAL for a certificate without a key; those of reading. */
int endpoints_of(const struct registry_config *config, const struct reference *reference,
		 struct registry_endpoint **endpoints, size_t *count, struct error *err);
void registry_endpoint_release(struct registry_endpoint *endpoint);

/* Whether libcurl would reach this machine with `url`, so that no odd address makes us differ. */
bool registry_endpoint_is_loopback(const char *url);

/* Whether http will do for `url`, and a certificate of nobody's: on this machine, as in Docker, and
 * where the owner says so. */
bool registry_endpoint_is_insecure(const struct registry_endpoint *endpoint, const char *url);

#endif
