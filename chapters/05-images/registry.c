/* Talking to a registry: addresses and logging in; see registry.h. Distribution spec, token spec */
#include "registry.h"

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
			"pull from '%s': no basic auth credentials (coracle login writes them)%s%s",
			registry->reference->domain, credentials->complaint ? ": " : "",
			credentials->complaint ? credentials->complaint : "");
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
	const char *token = "", *identity = "";

	if (!document)
		return error_wrap(err, "log in at '%s'", realm);
	if (json_get_string(document, "token", &token, err) < 0 ||
	    json_get_string(document, "access_token", &token, err) < 0)
		return error_wrap(err, "log in at '%s'", realm);
	if (json_get_string(document, "refresh_token", &identity, err) < 0)
		return error_wrap(err, "log in at '%s'", realm);
	for (const char *at = token; *at; at++)
		if (*at <= ' ' || *at > '~')
			token = "";
	if (!*token)
		return error_set(err, EPROTO, "log in at '%s': it answered without a token", realm);
	set_authorization(registry, "Bearer", token);
	cleanup_memory(&registry->identity_token);
	registry->identity_token = memory_string(identity);
	return 0;
}

static void add_field(struct text *text, const char *name, const char *value)
{
	char *escaped = value ? curl_easy_escape(NULL, value, 0) : NULL;

	if (escaped)
		text_add_format(text, "%s%s=%s", text->length ? "&" : "", name, escaped);
	curl_free(escaped);
}

/* The scope is ours, and not the challenge's: a registry may not make us ask for anything else. */
static char *token_fields(const struct registry *registry, const struct challenge *challenge)
{
	AUTO_TEXT struct text fields = {0};
	const struct credentials *credentials = registry->credentials;

	add_field(&fields, "service", challenge->service);
	/* Colons and slashes stay: some token servers compare before they decode. */
	if (*registry->reference->path)
		text_add_format(&fields, "%sscope=repository:%s:pull", fields.length ? "&" : "",
				registry->reference->path);
	if (credentials->identity_token) {
		add_field(&fields, "grant_type", "refresh_token");
		add_field(&fields, "client_id", "coracle");
		add_field(&fields, "refresh_token", credentials->identity_token);
	} else {
		add_field(&fields, "account", credentials->user);
	}
	/* A login asks for what can be kept in place of the password. */
	if (!*registry->reference->path && !credentials->identity_token) {
		add_field(&fields, "client_id", "coracle");
		add_field(&fields, "offline_token", "true");
	}
	return memory_string(text_string(&fields));
}

/* An identity token goes as a form, where no log of addresses keeps it; a password as Basic. */
static char *set_proof(const struct registry *registry, CURL *easy,
		       const struct challenge *challenge)
{
	const struct credentials *credentials = registry->credentials;
	AUTO_FREE char *fields = token_fields(registry, challenge);

	if (credentials->identity_token) {
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, fields);
		trace("curl -sS -d \"$IDENTITY_TOKEN_FORM\" %q", challenge->realm);
		return memory_string(challenge->realm);
	}
	if (credentials->user) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(easy, CURLOPT_USERNAME, credentials->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, credentials->password);
	}
	return memory_format("%s%s%s", challenge->realm, strchr(challenge->realm, '?') ? "&" : "?",
			     fields);
}

static int get_token(const struct registry *registry, CURL *easy, const struct challenge *challenge,
		     struct text *body, struct error *err)
{
	AUTO_FREE char *url = set_proof(registry, easy, challenge);
	char detail[CURL_ERROR_SIZE] = "";
	CURLcode code;
	long status = 0;

	registry_set_options(registry, easy, url);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, add_to_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
	/* libcurl keeps a password to the first host, but would send a form to where it is led. */
	if (registry->credentials->identity_token)
		curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	if (!registry->credentials->identity_token)
		trace("curl -sS %s%q", registry->credentials->user ? "-u \"$USER:$PASSWORD\" " : "",
		      url);
	code = curl_easy_perform(easy);
	if (code != CURLE_OK)
		return registry_explain_curl(easy, code, url, detail, err);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (status == 401 || status == 403)
		return error_set(
			err, EACCES,
			"'%s': unauthorized: the name or password is not accepted (log in anew by 'coracle login %s')",
			registry->reference->domain, registry->reference->domain);
	if (status != 200)
		return error_set(err, EIO, "log in at '%s': it answered with status %ld",
				 challenge->realm, status);
	return 0;
}

static int log_in_bearer(struct registry *registry, const struct challenge *challenge,
			 struct error *err)
{
	AUTO_TEXT struct text body = {0};
	CURL *easy;
	int result;

	if (!challenge->realm)
		return error_set(err, EPROTO, "log in at '%s': its challenge names no realm",
				 registry->reference->domain);
	/* A password never crosses a network in the clear. */
	if (!text_starts_with(challenge->realm, "https://") &&
	    !(registry->plain &&
	      registry_endpoint_is_insecure(registry->endpoint, challenge->realm)))
		return error_set(err, EPROTO, "log in at '%s': it is not an https address",
				 challenge->realm);
	easy = curl_easy_init();
	result = easy ? get_token(registry, easy, challenge, &body, err)
		      : error_set(err, ENOMEM, "log in at '%s': libcurl has no memory",
				  challenge->realm);
	curl_easy_cleanup(easy);
	return result < 0 ? -1 : use_token(registry, challenge->realm, &body, err);
}

static void set_blob(CURL *easy, CURLoption option, const struct text *pem)
{
	struct curl_blob blob = {.data = pem->data, .len = pem->length, .flags = CURL_BLOB_NOCOPY};

	if (pem->length)
		curl_easy_setopt(easy, option, &blob);
}

void registry_begin(struct registry *registry, const struct registry_access *access)
{
	AUTO_FREE char *url = NULL;

	*registry = (struct registry){.reference = access->reference,
				      .credentials = access->credentials,
				      .endpoint = access->endpoint,
				      .plain = access->endpoint->plain};
	url = registry_url(registry, "");
	registry->insecure = registry_endpoint_is_insecure(access->endpoint, url);
}

char *registry_url(const struct registry *registry, const char *rest)
{
	const char *path = registry->reference->path;

	return memory_format("%s://%s/v2/%s%s%s", registry->plain ? "http" : "https",
			     registry->endpoint->host, path, *path ? "/" : "", rest);
}

void registry_set_options(const struct registry *registry, CURL *easy, const char *url)
{
	bool insecure = registry_endpoint_is_insecure(registry->endpoint, url);
	const char *protocols = registry->plain ? "http,https" : "https";

	curl_easy_setopt(easy, CURLOPT_URL, url);
	/* Also for redirects: never to file:, and never from https to http. */
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, insecure ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, insecure ? 0L : 2L);
	/* Beside those that the machine knows, which libcurl finds in their directory. */
	set_blob(easy, CURLOPT_CAINFO_BLOB, &registry->endpoint->authorities);
	set_blob(easy, CURLOPT_SSLCERT_BLOB, &registry->endpoint->certificate);
	set_blob(easy, CURLOPT_SSLKEY_BLOB, &registry->endpoint->key);
	/* Elsewhere libcurl takes the proxies that the environment names. */
	if (registry_endpoint_is_loopback(url))
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
	cleanup_memory(&registry->identity_token);
}
