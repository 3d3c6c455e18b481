/* Docker's config.json; see credentials.h. */
#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>

#include "credential_helper.h"
#include "file.h"
#include "json.h"
#include "path.h"

#define CONFIG_BYTES_MAX (1 << 20)
#define HUB_KEY "https://index.docker.io/v1/"
/* A helper's user name when its secret is an identity token. */
#define TOKEN_USER "<token>"

static char *host_of(const char *key)
{
	const char *scheme = strstr(key, "://");

	if (scheme)
		key = scheme + 3;
	return memory_format("%.*s", (int)strcspn(key, "/"), key);
}

/* "https://index.docker.io/v1/" is "index.docker.io", and that is docker.io. */
static bool is_key_of(const char *key, const char *domain)
{
	AUTO_FREE char *host = host_of(key);

	if (strcmp(domain, "docker.io") == 0 && strcmp(host, "index.docker.io") == 0)
		return true;
	return strcmp(host, domain) == 0;
}

char *credentials_key(const char *server)
{
	AUTO_FREE char *host = host_of(server);

	if (!*host || is_key_of(host, "docker.io"))
		return memory_string(HUB_KEY);
	return take_ptr(&host);
}

/* --- auths ----------------------------------------------------------------------------------- */

/* "auth" is the base64 form of USER:PASSWORD. The password may hold colons. */
static int decode(const char *auth, struct credentials *credentials, struct error *err)
{
	size_t length = strlen(auth);
	AUTO_FREE char *plain = memory_zeroed(length + 1, 1);
	char *colon;

	if (length % 4 != 0 ||
	    EVP_DecodeBlock((unsigned char *)plain, (const unsigned char *)auth, (int)length) < 0)
		return error_set(err, EINVAL, "'auth' is not base64");
	/* Padding was decoded to NULs, which end the string. */
	colon = strchr(plain, ':');
	if (!colon)
		return error_set(err, EINVAL, "'auth' is not USER:PASSWORD");
	*colon = '\0';
	credentials->user = memory_string(plain);
	credentials->password = memory_string(colon + 1);
	return 0;
}

static char *encode(const struct credentials *credentials)
{
	const char *password = credentials->identity_token ? "" : credentials->password;
	AUTO_FREE char *plain = memory_format("%s:%s", credentials->user, password);
	char *encoded = memory_zeroed(strlen(plain) * 2 + 8, 1);

	EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)plain, (int)strlen(plain));
	return encoded;
}

static int find_auth(const cJSON *document, const char *domain, struct credentials *credentials,
		     struct error *err)
{
	const cJSON *auths = NULL, *entry;
	const char *auth = "", *token = "";

	if (json_get_object(document, "auths", &auths, err) < 0)
		return -1;
	cJSON_ArrayForEach(entry, auths) {
		if (!cJSON_IsObject(entry) || !is_key_of(entry->string, domain))
			continue;
		if (json_get_string(entry, "auth", &auth, err) < 0 ||
		    json_get_string(entry, "identitytoken", &token, err) < 0)
			return -1;
		if (*token)
			credentials->identity_token = memory_string(token);
		/* An empty entry says that a credential helper has it. */
		return *auth ? decode(auth, credentials, err) : 0;
	}
	return 0;
}

/* --- helpers --------------------------------------------------------------------------------- */

/* The name of the helper for a domain; "" for none. It is the document's own. */
static int find_helper(const cJSON *document, const char *domain, const char **name,
		       struct error *err)
{
	const cJSON *helpers = NULL, *entry;

	*name = "";
	if (json_get_object(document, "credHelpers", &helpers, err) < 0)
		return -1;
	cJSON_ArrayForEach(entry, helpers) {
		if (!is_key_of(entry->string, domain) || !cJSON_IsString(entry))
			continue;
		*name = entry->valuestring;
		return 0;
	}
	return json_get_string(document, "credsStore", name, err) < 0 ? -1 : 0;
}

static int read_answer(const struct text *answer, struct credentials *credentials,
		       struct error *err)
{
	AUTO_JSON cJSON *document =
		json_parse("credential helper", text_string(answer), answer->length, err);
	const char *user = "", *secret = "";

	if (!document || json_get_string(document, "Username", &user, err) < 0 ||
	    json_get_string(document, "Secret", &secret, err) < 0)
		return -1;
	if (strcmp(user, TOKEN_USER) == 0) {
		credentials->identity_token = memory_string(secret);
	} else if (*user) {
		credentials->user = memory_string(user);
		credentials->password = memory_string(secret);
	}
	return 0;
}

/* As in Docker, a helper that fails is no error: most images need no name. Why it failed is kept for
 * the one that does. */
static void ask_helper(const char *name, const char *domain, struct credentials *credentials)
{
	AUTO_FREE char *key = credentials_key(domain);
	AUTO_TEXT struct text answer = {0};
	struct error err;

	if (credential_helper_run(name, "get", key, &answer, &err) == 0 &&
	    read_answer(&answer, credentials, &err) == 0)
		return;
	if (!strstr(text_string(&answer), "credentials not found"))
		credentials->complaint = memory_string(err.text);
}

static char *store_request(const char *key, const struct credentials *credentials)
{
	AUTO_JSON cJSON *document = cJSON_CreateObject();
	AUTO_TEXT struct text text = {0};

	cJSON_AddStringToObject(document, "ServerURL", key);
	cJSON_AddStringToObject(document, "Username",
				credentials->identity_token ? TOKEN_USER : credentials->user);
	cJSON_AddStringToObject(document, "Secret",
				credentials->identity_token ? credentials->identity_token
							    : credentials->password);
	json_print(document, false, &text);
	return memory_string(text_string(&text));
}

/* --- the file -------------------------------------------------------------------------------- */

/* A file that is missing is an empty one. The caller deletes the document. */
static int read_file(const char *config_file, cJSON **document, struct error *err)
{
	AUTO_TEXT struct text text = {0};

	if (!config_file || file_read(AT_FDCWD, config_file, CONFIG_BYTES_MAX, &text, err) < 0) {
		if (config_file && err->code != ENOENT)
			return -1;
		*document = cJSON_CreateObject();
		return 0;
	}
	*document = json_parse(config_file, text_string(&text), text.length, err);
	return *document ? 0 : -1;
}

static int write_file(const char *config_file, const cJSON *document, struct error *err)
{
	AUTO_FREE char *dir =
		memory_format("%.*s", (int)(strrchr(config_file, '/') - config_file), config_file);
	AUTO_TEXT struct text text = {0};

	json_print(document, true, &text);
	if (path_make_dirs(dir, 0700, err) < 0)
		return -1;
	return file_replace(config_file, &text, 0600, true, err);
}

/* Removes all entries of a domain; returns whether there were any. */
static bool remove_auths(cJSON *document, const char *domain)
{
	cJSON *auths = cJSON_GetObjectItemCaseSensitive(document, "auths"), *entry, *next;
	bool found = false;

	for (entry = auths ? auths->child : NULL; entry; entry = next) {
		next = entry->next;
		if (!is_key_of(entry->string, domain))
			continue;
		cJSON_Delete(cJSON_DetachItemViaPointer(auths, entry));
		found = true;
	}
	return found;
}

/* With a helper the entry is empty: it says that there is something to ask for. */
static void set_auth(cJSON *document, const char *key, const char *auth, const char *identity_token)
{
	cJSON *auths = cJSON_GetObjectItemCaseSensitive(document, "auths");
	cJSON *entry;

	if (!cJSON_IsObject(auths)) {
		cJSON_DeleteItemFromObjectCaseSensitive(document, "auths");
		auths = cJSON_AddObjectToObject(document, "auths");
	}
	entry = cJSON_AddObjectToObject(auths, key);
	if (auth)
		cJSON_AddStringToObject(entry, "auth", auth);
	if (auth && identity_token)
		cJSON_AddStringToObject(entry, "identitytoken", identity_token);
}

/* --- exported -------------------------------------------------------------------------------- */

int credentials_read(const char *config_file, const char *domain, struct credentials *credentials,
		     struct error *err)
{
	AUTO_JSON cJSON *document = NULL;
	const char *helper;

	if (read_file(config_file, &document, err) < 0)
		return -1;
	if (find_helper(document, domain, &helper, err) < 0)
		return error_wrap(err, "read '%s'", config_file);
	if (*helper)
		ask_helper(helper, domain, credentials);
	if (credentials->user || credentials->identity_token)
		return 0;
	if (find_auth(document, domain, credentials, err) < 0)
		return error_wrap(err, "read the credentials for '%s' from '%s'", domain,
				  config_file);
	return 0;
}

int credentials_write(const char *config_file, const char *domain,
		      const struct credentials *credentials, struct error *err)
{
	AUTO_FREE char *key = credentials_key(domain), *auth = encode(credentials);
	AUTO_FREE char *request = store_request(key, credentials);
	AUTO_JSON cJSON *document = NULL;
	AUTO_TEXT struct text answer = {0};
	const char *helper;

	if (read_file(config_file, &document, err) < 0 ||
	    find_helper(document, domain, &helper, err) < 0)
		return -1;
	if (*helper && credential_helper_run(helper, "store", request, &answer, err) < 0)
		return -1;
	remove_auths(document, domain);
	set_auth(document, key, *helper ? NULL : auth, credentials->identity_token);
	if (write_file(config_file, document, err) < 0)
		return -1;
	return *helper ? 0 : 1;
}

int credentials_erase(const char *config_file, const char *domain, struct error *err)
{
	AUTO_FREE char *key = credentials_key(domain);
	AUTO_JSON cJSON *document = NULL;
	AUTO_TEXT struct text answer = {0};
	const char *helper;

	if (read_file(config_file, &document, err) < 0 ||
	    find_helper(document, domain, &helper, err) < 0)
		return -1;
	if (*helper && credential_helper_run(helper, "erase", key, &answer, err) < 0 &&
	    !strstr(text_string(&answer), "credentials not found"))
		return -1;
	return remove_auths(document, domain) ? write_file(config_file, document, err) : 0;
}

void credentials_release(struct credentials *credentials)
{
	cleanup_memory(&credentials->user);
	cleanup_memory(&credentials->password);
	cleanup_memory(&credentials->identity_token);
	cleanup_memory(&credentials->complaint);
}
