/* What registries answer instead of an image, in Docker's words; see registry.h. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "challenge.h"
#include "json.h"
#include "registry.h"

/* "MANIFEST_UNKNOWN" and its message, from {"errors":[{"code":…,"message":…}]}. */
struct reason {
	char *code; /* as Docker prints it: "manifest unknown" */
	char *message;
};

static void reason_release(struct reason *reason)
{
	cleanup_memory(&reason->code);
	cleanup_memory(&reason->message);
}

static void set_reason(struct reason *reason, const char *code, const char *message)
{
	reason->code = memory_string(code);
	reason->message = memory_string(message);
	for (char *at = reason->code; *at; at++)
		*at = *at == '_' ? ' ' : (char)tolower((unsigned char)*at);
}

/* The first line of what may be plain text; of HTML it would say nothing. */
static char *first_line(const struct text *body)
{
	const char *text = text_string(body);

	text += strspn(text, " \t\r\n");
	if (*text == '<' || *text == '{')
		return memory_string("");
	return memory_format("%.*s", (int)strcspn(text, "\r\n"), text);
}

static void read_reason(const struct http_answer *answer, struct reason *reason)
{
	struct error ignored;
	AUTO_JSON cJSON *document = answer->body.length ? json_parse("answer", answer->body.data,
								     answer->body.length, &ignored)
							: NULL;
	const char *code = "", *message = "";
	const cJSON *errors = NULL;
	AUTO_FREE char *line = first_line(&answer->body);

	if (document && json_get_array(document, "errors", &errors, &ignored) > 0 &&
	    errors->child) {
		json_get_string(errors->child, "code", &code, &ignored);
		json_get_string(errors->child, "message", &message, &ignored);
	} else if (document) {
		json_get_string(document, "details", &message, &ignored);
	} else {
		message = line;
	}
	set_reason(reason, code, message);
}

/* A token that grants nothing gets 401 again; why, stands in the challenge. RFC 6750 section 3.1 */
static bool lacks_scope(const struct http_answer *answer)
{
	AUTO_CHALLENGE struct challenge challenge = {0};

	return answer->challenges && challenge_find(answer->challenges, "Bearer", &challenge) &&
	       challenge.error && strcmp(challenge.error, "insufficient_scope") == 0;
}

static int explain_denied(const struct registry *registry, const char *message, struct error *err)
{
	if (!*message)
		message = "requested access to the resource is denied";
	error_set(
		err, ENOENT,
		"pull access denied for %s, repository does not exist or may require 'docker login': denied: %s",
		registry->reference->familiar, message);
	return registry->credentials->complaint
		       ? error_hint(err, ENOENT, "%s", registry->credentials->complaint)
		       : -1;
}

static int explain_unauthorized(const struct registry *registry, const char *message,
				struct error *err)
{
	const char *complaint = registry->credentials->complaint;

	if (!*message)
		message = "authentication required";
	return error_set(err, EACCES, "'%s': unauthorized: %s (log in by 'coracle login %s')%s%s",
			 *registry->reference->path ? registry->reference->familiar
						    : registry->reference->domain,
			 message, registry->reference->domain, complaint ? ": " : "",
			 complaint ? complaint : "");
}

static int explain_limit(const struct http_answer *answer, const char *message, struct error *err)
{
	if (text_starts_with(message, "toomanyrequests: "))
		message += strlen("toomanyrequests: ");
	error_set(err, EAGAIN, "toomanyrequests: %s",
		  *message ? message : "the registry wants fewer requests");
	if (answer->limit || answer->remaining)
		error_hint(err, EAGAIN, "ratelimit-limit: %s, ratelimit-remaining: %s",
			   answer->limit ? answer->limit : "?",
			   answer->remaining ? answer->remaining : "?");
	if (answer->retry_after)
		error_hint(err, EAGAIN, "try again in %s s", answer->retry_after);
	return -1;
}

static int explain_missing(const struct registry *registry, const char *rest,
			   const struct reason *reason, struct error *err)
{
	AUTO_FREE char *name = reference_familiar_text(registry->reference);

	if (strcmp(reason->code, "name unknown") == 0)
		return error_set(err, ENOENT, "repository %s not found: name unknown: %s",
				 registry->reference->familiar, reason->message);
	if (!*reason->code)
		return error_set(err, ENOENT,
				 "manifest for %s not found: '%s' answered 404 to %s%s%s", name,
				 registry->reference->domain, rest, *reason->message ? ": " : "",
				 reason->message);
	if (text_starts_with(rest, "manifests/"))
		return error_set(err, ENOENT, "manifest for %s not found: %s: %s", name,
				 reason->code, reason->message);
	return error_set(err, ENOENT, "'%s' of %s is missing in the registry: %s: %s", rest, name,
			 reason->code, reason->message);
}

int registry_explain(const struct registry *registry, const char *rest,
		     const struct http_answer *answer, struct error *err)
{
	CLEANUP(reason_release) struct reason reason = {0};

	read_reason(answer, &reason);
	if (answer->status == 429 || strcmp(reason.code, "toomanyrequests") == 0)
		return explain_limit(answer, reason.message, err);
	if (answer->status == 403 || strcmp(reason.code, "denied") == 0)
		return explain_denied(registry, reason.message, err);
	if (answer->status == 401 && lacks_scope(answer))
		return explain_denied(registry, "", err);
	if (answer->status == 401)
		return explain_unauthorized(registry, reason.message, err);
	if (answer->status == 404)
		return explain_missing(registry, rest, &reason, err);
	return error_set(err, EIO, "'%s' answered %ld to '%s/%s'%s%s", registry->endpoint->host,
			 answer->status, registry->reference->path, rest,
			 *reason.message ? ": " : "", reason.message);
}

/* libcurl's codes, where an errno says the same. */
static int errno_of(CURL *easy, CURLcode code)
{
	long number = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST: return ENOENT;
	case CURLE_COULDNT_CONNECT: return number ? (int)number : ECONNREFUSED;
	case CURLE_OPERATION_TIMEDOUT: return ETIMEDOUT;
	case CURLE_TOO_MANY_REDIRECTS: return ELOOP;
	case CURLE_FILESIZE_EXCEEDED: return EFBIG;
	case CURLE_PEER_FAILED_VERIFICATION: return EACCES;
	default: return EPROTO;
	}
}

int registry_explain_curl(CURL *easy, CURLcode code, const char *url, const char *detail,
			  struct error *err)
{
	int number = errno_of(easy, code);

	error_set(err, number, "get '%s': %s", url, *detail ? detail : curl_easy_strerror(code));
	error_hint(err, ENOENT, "is there a network, and is the registry's name spelled right?");
	error_hint(err, ECONNREFUSED, "nothing listens there");
	error_hint(err, EACCES, "does this machine know who signed it, and is its clock right?");
	return -1;
}

void http_answer_release(struct http_answer *answer)
{
	cleanup_memory(&answer->media_type);
	cleanup_memory(&answer->digest);
	cleanup_memory(&answer->challenges);
	cleanup_memory(&answer->retry_after);
	cleanup_memory(&answer->limit);
	cleanup_memory(&answer->remaining);
	text_release(&answer->body);
	*answer = (struct http_answer){0};
}
