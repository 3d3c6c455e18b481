/*
 * The fetcher: a process that talks to one registry, and can do nothing else.
 *
 * TLS, HTTP and the JSON of tokens are read here, by nobody's uid, without capabilities. Requests go
 * to it with a descriptor that takes the bytes (a pipe to an unpacker, or memory); so neither side
 * ever holds a whole layer, and what a registry sends is never parsed by a process of root's before
 * its digest is known to be right.
 */
#ifndef FETCHER_H
#define FETCHER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cleanup.h"
#include "error.h"
#include "text.h"

struct registry_access;

/* How many requests can be under way. */
#define FETCHER_REQUESTS_MAX 17
#define FETCHER_TOKEN_SIZE 8192

/* Zeroed: none. */
struct fetcher {
	pid_t pid;
	int channel;
};

struct fetch_request {
	uint32_t id;	     /* comes back with the answer */
	bool head;	     /* only what the headers tell */
	uint64_t most_bytes; /* more is an error */
	char rest[256];	     /* "manifests/latest", "blobs/sha256:…" */
};

/* A request for the rest "KIND/NAME". */
struct fetch_request fetch_request_for(const char *kind, const char *name, uint64_t most_bytes);

struct fetch_answer {
	uint32_t id;
	uint32_t retry_ms; /* not 0: no answer yet, but that the next try begins so much later */
	bool failed;
	struct error err;     /* why it failed */
	char media_type[128]; /* of the Content-Type, without parameters; "" if absent */
	char digest[128];     /* Docker-Content-Digest, "" if absent; not verified */
	uint64_t bytes;	      /* written to the descriptor */
	/* What a login may keep in place of the password; "" if the server gives none. */
	char identity_token[FETCHER_TOKEN_SIZE];
};

/* Starts the process. All that *access leads to is copied by that. On failure there is none.
 * Errors: EAGAIN for too many processes. fork(2), credentials(7) */
int fetcher_start(struct fetcher *fetcher, const struct registry_access *access, struct error *err);

/* Asks for something; its bytes go to `fd`, which stays the caller's own to close.
 * Errors: ECHILD if the fetcher has died. unix(7) SCM_RIGHTS */
int fetcher_request(struct fetcher *fetcher, const struct fetch_request *request, int fd,
		    struct error *err);

/* Waits for the next answer, or word of another try; they come in any order. Errors: ECHILD if the
 * fetcher has died. */
int fetcher_wait(struct fetcher *fetcher, struct fetch_answer *answer, struct error *err);

/* Gets a small document, while nothing else is under way: request->rest, into *document.
 * Errors: those of the request; EFBIG. */
int fetcher_get(struct fetcher *fetcher, const struct fetch_request *request, struct text *document,
		struct fetch_answer *answer, struct error *err);

/* Asks what the headers tell of it. */
int fetcher_head(struct fetcher *fetcher, struct fetch_request request, struct fetch_answer *answer,
		 struct error *err);

/* Ends the process, whatever it does. */
void fetcher_release(struct fetcher *fetcher);
#define AUTO_FETCHER CLEANUP(fetcher_release)

/* What the process does (fetch_loop.c): serves the channel until it closes. */
void fetch_loop_run(int channel, const struct registry_access *access);

#endif
