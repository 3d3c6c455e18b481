/*
 * One thing got from a registry: a manifest or a blob, written to a descriptor as it comes.
 *
 * A transfer is prepared, run by a curl multi handle, and then concluded; which says whether it is
 * done, has failed, or is to be prepared and run again: over http, with a token, or for the rest
 * of the bytes after a connection broke.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "error.h"
#include "registry.h"

/* Zeroed: none. */
struct transfer {
	struct registry *registry;
	char *rest;	     /* "blobs/sha256:…" */
	uint64_t most_bytes; /* more than that is an error */
	bool head;	     /* only the headers are wanted */
	int fd;		     /* takes the bytes; may be a pipe that does not block */
	CURL *easy;
	struct curl_slist *headers;
	char *url;
	char detail[CURL_ERROR_SIZE];
	struct http_answer answer;
	struct error failure;	/* of the callbacks */
	bool failed;		/* `failure` is set */
	uint64_t written_bytes; /* to fd, in all tries */
	uint64_t tried_bytes;	/* of these, before the last try */
	uint64_t skip_bytes;	/* of what libcurl will hand over, what is written already */
	bool from_start;	/* the server can't send a part */
	bool paused;		/* until fd can be written to */
	unsigned int tries, logins;
	bool challenged;	/* a 401 was answered already */
	uint64_t not_before_us; /* when the next try may begin, by trace_clock_us */
};

enum transfer_state { TRANSFER_DONE, TRANSFER_AGAIN, TRANSFER_FAILED };

/* Sets transfer->easy up for a first or another try. The caller has set registry, rest, most_bytes,
 * head and fd. Errors: ENOMEM. curl_easy_setopt(3) */
int transfer_prepare(struct transfer *transfer, struct error *err);

/* Says how it went on, when libcurl has finished with `code`. *err is set for TRANSFER_FAILED. */
enum transfer_state transfer_conclude(struct transfer *transfer, CURLcode code, struct error *err);

/* Releases all but the registry, and closes fd. */
void transfer_release(struct transfer *transfer);

#endif
