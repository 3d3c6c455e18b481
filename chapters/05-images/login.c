/* Trying a name and a password, and keeping them; see login.h. */
#include "login.h"

#include <errno.h>
#include <string.h>

#include "fetcher.h"
#include "reference.h"
#include "registry.h"

#define ANSWER_BYTES_MAX (64 << 10)

/* "https://HOST/v1/", as old keys are written, is HOST; and nothing is docker.io. */
static int parse_server(const char *server, struct reference *reference, struct error *err)
{
	AUTO_FREE char *key = credentials_key(server);
	bool hub = text_starts_with(key, "https://");
	AUTO_FREE char *name = memory_format("%s/x", hub ? "docker.io" : key);

	if (reference_parse(name, reference, err) < 0)
		return error_wrap(err, "log in at '%s'", server);
	if (!hub && strcmp(reference->domain, key) != 0) {
		reference_release(reference);
		return error_set(err, EINVAL, "the server '%s' is not HOST[:PORT]", server);
	}
	/* No repository: only who we are is asked. */
	*reference->path = '\0';
	return 0;
}

/* GET /v2/, where a registry answers 200 to whom it knows. */
static int try(const struct registry_access *access, struct fetch_answer *answer, struct error *err)
{
	AUTO_FETCHER struct fetcher fetcher = {0};
	AUTO_TEXT struct text document = {0};
	struct fetch_request request = {.most_bytes = ANSWER_BYTES_MAX};

	return fetcher_start(&fetcher, access, err) < 0
		       ? -1
		       : fetcher_get(&fetcher, &request, &document, answer, err);
}

static int try_and_keep(const struct login_request *request, const struct reference *reference,
			const struct credentials *credentials, struct error *err)
{
	struct registry_endpoint *endpoints = NULL;
	struct credentials kept = *credentials;
	struct fetch_answer answer;
	size_t count = 0;
	int result = endpoints_of(request->registries, reference, &endpoints, &count, err);

	/* The last one is the registry itself. */
	if (result == 0)
		result = try(
			&(struct registry_access){reference, credentials, &endpoints[count - 1]},
			&answer, err);
	for (size_t i = 0; i < count; i++)
		registry_endpoint_release(&endpoints[i]);
	cleanup_memory(&endpoints);
	if (result < 0)
		return -1;
	if (*answer.identity_token)
		kept.identity_token = answer.identity_token;
	return credentials_write(request->config_file, reference->domain, &kept, err);
}

int login(const struct login_request *request, const struct credentials *credentials,
	  struct error *err)
{
	AUTO_REFERENCE struct reference reference = {0};

	if (!request->config_file)
		return error_set(err, ENOENT, "there is no home directory to keep a password in");
	if (parse_server(request->server, &reference, err) < 0)
		return -1;
	return try_and_keep(request, &reference, credentials, err);
}

int logout(const struct login_request *request, struct error *err)
{
	AUTO_REFERENCE struct reference reference = {0};

	if (parse_server(request->server, &reference, err) < 0)
		return -1;
	return request->config_file ? credentials_erase(request->config_file, reference.domain, err)
				    : 0;
}
