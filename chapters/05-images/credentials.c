/* Docker's config.json; see credentials.h. */
#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>

#include "file.h"
#include "json.h"

#define CONFIG_BYTES_MAX (1 << 20)

/* "https://index.docker.io/v1/" is "index.docker.io", and that is docker.io. */
static bool is_key_of(const char *key, const char *domain)
{
	const char *scheme = strstr(key, "://");
	size_t length;

	if (scheme)
		key = scheme + 3;
	length = strcspn(key, "/");
	if (strcmp(domain, "docker.io") == 0 && length == strlen("index.docker.io") &&
	    strncmp(key, "index.docker.io", length) == 0)
		return true;
	return length == strlen(domain) && strncmp(key, domain, length) == 0;
}

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

static int find(const cJSON *document, const char *domain, struct credentials *credentials,
		struct error *err)
{
	const cJSON *auths = NULL, *entry;
	const char *auth = "";

	if (json_get_object(document, "auths", &auths, err) < 0)
		return -1;
	cJSON_ArrayForEach(entry, auths) {
		if (!cJSON_IsObject(entry) || !is_key_of(entry->string, domain))
			continue;
		if (json_get_string(entry, "auth", &auth, err) < 0)
			return -1;
		/* An empty entry says that a credential helper has it. */
		return *auth ? decode(auth, credentials, err) : 0;
	}
	return 0;
}

int credentials_read(const char *config_file, const char *domain, struct credentials *credentials,
		     struct error *err)
{
	AUTO_TEXT struct text text = {0};
	AUTO_JSON cJSON *document = NULL;

	if (!config_file)
		return 0;
	if (file_read(AT_FDCWD, config_file, CONFIG_BYTES_MAX, &text, err) < 0)
		return err->code == ENOENT ? 0 : -1;
	document = json_parse(config_file, text_string(&text), text.length, err);
	if (!document)
		return -1;
	if (find(document, domain, credentials, err) < 0)
		return error_wrap(err, "read the credentials for '%s' from '%s'", domain,
				  config_file);
	return 0;
}

void credentials_release(struct credentials *credentials)
{
	cleanup_memory(&credentials->user);
	cleanup_memory(&credentials->password);
}
