/* Talking to a registry: addresses and logging in; see registry.h. Distribution spec, token spec */
#include "registry.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "challenge.h"
#include "json.h"
#include "trace.h"

#define TOKEN_BYTES_MAX (1 << 20)
#define REDIRECTS_MAX 10L
#define CONNECT_TIMEOUT_MS 15000L
/* Less than this for so long, and nobody is there any more: a server that sends a byte a minute. */
#define SLOW_BYTES_PER_S 100L
#define SLOW_S 30L

/* As Docker sees it: only what can't leave this machine. An IPv6 address is in brackets. */
static bool is_loopback_host(const char *host)
{
	struct in_addr four;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127;
}

/* Asks libcurl which host it would go to, so that no odd URL can make the two of us differ. */
static bool is_loopback(const char *url)
{
	CURLU *parsed = curl_url();
	char *host = NULL;
	bool result = false;

	if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK)
		result = is_loopback_host(host);
	curl_free(host);
	curl_url_cleanup(parsed);
	return result;
}

static size_t add_to_body(char *bytes, size_t size, size_t count, void *context)
{
	struct text *body = context;

	if (body->length + size * count > TOKEN_BYTES_MAX)
		return 0;
	text_add(body, bytes, size * count);
	return size * count;
}

static void set_authorization(struct registry *registry, const char *scheme, const char *proof)
{
	cleanup_memory(&registry->authorization);
	registry->authorization = memory_format("Authorization: %s %s", scheme, proof);
	registry->logins++;
}

static int log_in_basic(struct registry *registry, struct error *err)
{
	const struct credentials *credentials = registry->credentials;
	AUTO_FREE char *plain = NULL, *encoded = NULL;

	if (!credentials->user)
		return error_set(
			err, EACCES,
			"pull from '%s': no basic auth credentials (docker login writes them)",
			registry->reference->domain);
	plain = memory_format("%s:%s", credentials->user, credentials->password);
	encoded = memory_zeroed(strlen(plain) * 2 + 8, 1);
	EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)plain, (int)strlen(plain));
	set_authorization(registry, "Basic", encoded);
	return 0;
}

/* The token becomes a header line, so a line break in it would be a header of the server's. */
static int use_token(struct registry *registry, const char *realm, const struct text *body,
		     struct error *err)
{
	AUTO_JSON cJSON *document = json_parse("token", text_string(body), body->length, err);
	const char *token = "";

	if (!document)
		return error_wrap(err, "log in at '%s'", realm);
	if (json_get_string(document, "token", &token, err) < 0 ||
	    json_get_string(document, "access_token", &token, err) < 0)
		return error_wrap(err, "log in at '%s'", realm);
	for (const char *at = token; *at; at++)
		if (*at <= ' ' || *at > '~')
			token = "";
	if (!*token)
		return error_set(err, EPROTO, "log in at '%s': it answered without a token", realm);
	set_authorization(registry, "Bearer", token);
	return 0;
}

/* The scope is ours, and not the challenge's: a registry may not make us ask for anything else. */
static char *token_url(const struct registry *registry, const struct challenge *challenge)
{
	AUTO_TEXT struct text url = {0};
	const char *user = registry->credentials->user;
	char *escaped;

	text_add_format(&url, "%s%s", challenge->realm, strchr(challenge->realm, '?') ? "&" : "?");
	if (challenge->service) {
		escaped = curl_easy_escape(NULL, challenge->service, 0);
		text_add_format(&url, "service=%s&", escaped);
		curl_free(escaped);
	}
	text_add_format(&url, "scope=repository:%s:pull", registry->reference->path);
	if (user) {
		escaped = curl_easy_escape(NULL, user, 0);
		text_add_format(&url, "&account=%s", escaped);
		curl_free(escaped);
	}
	return memory_string(text_string(&url));
}

static int get_token(const struct registry *registry, CURL *easy, const char *url,
		     struct text *body, struct error *err)
{
	char detail[CURL_ERROR_SIZE] = "";
	CURLcode code;
	long status = 0;

	registry_set_options(registry, easy, url);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, add_to_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
	if (registry->credentials->user) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(easy, CURLOPT_USERNAME, registry->credentials->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, registry->credentials->password);
	}
	trace("curl -sS %s%q", registry->credentials->user ? "-u \"$USER:$PASSWORD\" " : "", url);
	code = curl_easy_perform(easy);
	if (code != CURLE_OK)
		return registry_explain_curl(easy, code, url, detail, err);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (status == 401 || status == 403)
		return error_set(
			err, EACCES,
			"pull from '%s': unauthorized: the name or password is not accepted (log in anew by 'docker login %s')",
			registry->reference->domain, registry->reference->domain);
	if (status != 200)
		return error_set(err, EIO, "log in at '%s': it answered with status %ld", url,
				 status);
	return 0;
}

static int log_in_bearer(struct registry *registry, const struct challenge *challenge,
			 struct error *err)
{
	AUTO_TEXT struct text body = {0};
	AUTO_FREE char *url = NULL;
	CURL *easy;
	int result;

	if (!challenge->realm)
		return error_set(err, EPROTO, "log in at '%s': its challenge names no realm",
				 registry->reference->domain);
	/* A password never crosses a network in the clear. */
	if (!text_starts_with(challenge->realm, "https://") &&
	    !(registry->plain && is_loopback(challenge->realm)))
		return error_set(err, EPROTO, "log in at '%s': it is not an https address",
				 challenge->realm);
	url = token_url(registry, challenge);
	easy = curl_easy_init();
	result = easy ? get_token(registry, easy, url, &body, err)
		      : error_set(err, ENOMEM, "log in at '%s': libcurl has no memory", url);
	curl_easy_cleanup(easy);
	return result < 0 ? -1 : use_token(registry, challenge->realm, &body, err);
}

void registry_begin(struct registry *registry, const struct reference *reference,
		    const struct credentials *credentials)
{
	AUTO_FREE char *url = NULL;

	*registry = (struct registry){.reference = reference, .credentials = credentials};
	url = registry_url(registry, "");
	registry->loopback = is_loopback(url);
}

char *registry_url(const struct registry *registry, const char *rest)
{
	return memory_format("%s://%s/v2/%s/%s", registry->plain ? "http" : "https",
			     reference_api_host(registry->reference), registry->reference->path,
			     rest);
}

void registry_set_options(const struct registry *registry, CURL *easy, const char *url)
{
	bool loopback = is_loopback(url);
	const char *protocols = registry->plain ? "http,https" : "https";

	curl_easy_setopt(easy, CURLOPT_URL, url);
	/* Also for redirects: never to file:, and never from https to http. */
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, loopback ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, loopback ? 0L : 2L);
	if (loopback)
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	/* Our proof is for the registry, not for the proxy on the way. */
	curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_PER_S);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SLOW_S);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "coracle");
}

int registry_log_in(struct registry *registry, const char *challenges, struct error *err)
{
	AUTO_CHALLENGE struct challenge bearer = {0}, basic = {0};

	if (challenges && challenge_find(challenges, "Bearer", &bearer))
		return log_in_bearer(registry, &bearer, err);
	if (challenges && challenge_find(challenges, "Basic", &basic))
		return log_in_basic(registry, err);
	return error_set(err, EPROTO, "log in at '%s': it asks for neither a token nor a password",
			 registry->reference->domain);
}

void registry_release(struct registry *registry)
{
	cleanup_memory(&registry->authorization);
}
