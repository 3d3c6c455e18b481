/*
 * One repository of a registry, over HTTP: its address, and the proof of who asks.
 *
 * Only the fetcher process uses this: what a registry sends is a stranger's. A request is sent
 * without proof first; the 401 that comes back says which proof is wanted: Basic (name and password
 * on each request), or Bearer (a token, which another server gives for a while).
 */
#ifndef REGISTRY_H
#define REGISTRY_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "credentials.h"
#include "registry_endpoint.h"
#include "error.h"
#include "reference.h"
#include "text.h"

/* All that is known before the first word. Nothing is owned. */
struct registry_access {
	const struct reference *reference; /* with an empty path: only the login is checked */
	const struct credentials *credentials;
	const struct registry_endpoint *endpoint;
};

struct registry {
	const struct reference *reference;
	const struct credentials *credentials;
	const struct registry_endpoint *endpoint;
	bool insecure;	      /* http, or a certificate of nobody's, will do */
	bool plain;	      /* http */
	bool answered;	      /* so whether it is http or https is settled */
	char *authorization;  /* a header line; NULL until a challenge asked for it */
	unsigned int logins;  /* how often the line was made */
	char *identity_token; /* the token server gave it for the password; NULL or "": none */
};

/* What a server said that was not the thing asked for. */
struct http_answer {
	long status;
	char *media_type, *digest, *challenges, *retry_after, *limit, *remaining; /* NULL: absent */
	size_t header_bytes;
	struct text body; /* of an error, cut at 16 KiB */
};
void http_answer_release(struct http_answer *answer);

/* Prepares to talk to a registry. What *access points to stays the caller's. */
void registry_begin(struct registry *registry, const struct registry_access *access);

/* "https://HOST/v2/PATH/REST", or "https://HOST/v2/" without a path. The caller frees it. */
char *registry_url(const struct registry *registry, const char *rest);

/* Sets what holds for every request: protocols, redirects, certificates, time-outs. */
void registry_set_options(const struct registry *registry, CURL *easy, const char *url);

/* Gets the proof that `challenges` (WWW-Authenticate) ask for; for Bearer, from the server that they
 * name. Errors: EACCES if there are no credentials or they are refused; EPROTO for a challenge that
 * can't be met; those of a request. */
int registry_log_in(struct registry *registry, const char *challenges, struct error *err);

/* Says in Docker's words what an answer other than 200 means. `rest` is what was asked for:
 * "manifests/latest". Returns -1.
 * Errors: ENOENT, EACCES, EAGAIN for too many requests, EIO. */
int registry_explain(const struct registry *registry, const char *rest,
		     const struct http_answer *answer, struct error *err);

/* Says why there was no answer. `easy` has made the request for `url`. Returns -1.
 * Errors: ENOENT for a host without an address; ECONNREFUSED and others of connect(2); ETIMEDOUT;
 * ELOOP for endless redirects; EFBIG; EPROTO. */
int registry_explain_curl(CURL *easy, CURLcode code, const char *url, const char *detail,
			  struct error *err);

void registry_release(struct registry *registry);

#endif
