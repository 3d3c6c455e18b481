/* Mirrors, certificates, and what is insecure; see registry_endpoint.h. */
#include "registry_endpoint.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "json.h"
#include "path.h"

#define CONFIG_BYTES_MAX (1 << 20)
#define DOWNLOADS_MAX 16
#define DOCKER_DIR "/etc/docker"

/* --- the config ------------------------------------------------------------------------------ */

static int check_mirror(const char *mirror, struct error *err)
{
	const char *host = strstr(mirror, "://");

	if (!(text_starts_with(mirror, "https://") || text_starts_with(mirror, "http://")) ||
	    !host[3] || strpbrk(host + 3, "?#@ "))
		return error_set(err, EINVAL, "the mirror '%s' is not https://HOST[:PORT]", mirror);
	return 0;
}

static int read_config(const cJSON *document, struct registry_config *config, struct error *err)
{
	uint64_t downloads = 0;

	if (json_get_strings(document, "registry-mirrors", &config->mirrors, err) < 0 ||
	    json_get_strings(document, "insecure-registries", &config->insecure, err) < 0 ||
	    json_get_number(document, "max-concurrent-downloads", &downloads, err) < 0)
		return -1;
	for (size_t i = 0; i < config->mirrors.count; i++)
		if (check_mirror(config->mirrors.items[i], err) < 0)
			return -1;
	if (downloads > DOWNLOADS_MAX)
		return error_set(err, EINVAL, "max-concurrent-downloads is above %d",
				 DOWNLOADS_MAX);
	config->downloads = downloads;
	return 0;
}

int registry_config_read(const char *dir, struct registry_config *config, struct error *err)
{
	AUTO_FREE char *path = path_join(dir, "config.json");
	AUTO_TEXT struct text text = {0};
	AUTO_JSON cJSON *document = NULL;

	strings_add(&config->dirs, dir);
	strings_add(&config->dirs, DOCKER_DIR);
	if (file_read(AT_FDCWD, path, CONFIG_BYTES_MAX, &text, err) < 0)
		return err->code == ENOENT || err->code == ENOTDIR ? 0 : -1;
	document = json_parse(path, text_string(&text), text.length, err);
	if (!document)
		return -1;
	return read_config(document, config, err) < 0 ? error_wrap(err, "read '%s'", path) : 0;
}

void registry_config_release(struct registry_config *config)
{
	strings_release(&config->mirrors);
	strings_release(&config->insecure);
	strings_release(&config->dirs);
}

/* --- certificates ---------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length > end_length && strcmp(name + length - end_length, end) == 0;
}

static int add_file(const char *path, struct text *text, struct error *err)
{
	AUTO_TEXT struct text content = {0};

	if (file_read(AT_FDCWD, path, CONFIG_BYTES_MAX, &content, err) < 0)
		return -1;
	text_add(text, content.data, content.length);
	text_add_string(text, "\n");
	return 0;
}

/* One certificate of ours is enough: the first by name. */
static int add_ours(const char *path, struct registry_endpoint *endpoint, struct error *err)
{
	AUTO_FREE char *key = memory_string(path);

	if (endpoint->certificate.length)
		return 0;
	strcpy(key + strlen(key) - strlen("cert"), "key");
	if (add_file(path, &endpoint->certificate, err) < 0)
		return -1;
	if (add_file(key, &endpoint->key, err) == 0)
		return 0;
	return error_hint(err, ENOENT,
			  "a client certificate needs its key; those of authorities are *.crt");
}

/* Returns 1 if the directory is there. */
static int add_certificates(const char *dir, struct registry_endpoint *endpoint, struct error *err)
{
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, NULL, alphasort), result = 1;

	if (count < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : error_sys(err, "list '%s'", dir);
	for (int i = 0; i < count; i++) {
		AUTO_FREE char *path = path_join(dir, entries[i]->d_name);

		if (result >= 0 && ends_with(path, ".crt") &&
		    add_file(path, &endpoint->authorities, err) < 0)
			result = -1;
		if (result >= 0 && ends_with(path, ".cert") && add_ours(path, endpoint, err) < 0)
			result = -1;
		free(entries[i]);
	}
	free(entries);
	return result;
}

static int find_certificates(const struct registry_config *config, const char *host,
			     struct registry_endpoint *endpoint, struct error *err)
{
	/* The name of the directory; a host has no slash. */
	if (strchr(host, '/') || *host == '.')
		return 0;
	for (size_t i = 0; i < config->dirs.count; i++) {
		AUTO_FREE char *dir = memory_format("%s/certs.d/%s", config->dirs.items[i], host);
		int found = add_certificates(dir, endpoint, err);

		if (found != 0)
			return found < 0 ? -1 : 0;
	}
	return 0;
}

/* --- what is insecure ------------------------------------------------------------------------ */

struct address {
	int family;
	unsigned char bytes[16];
};

static bool parse_address(const char *text, struct address *address)
{
	address->family = AF_INET;
	if (inet_pton(AF_INET, text, address->bytes) == 1)
		return true;
	address->family = AF_INET6;
	return inet_pton(AF_INET6, text, address->bytes) == 1;
}

/* "10.1.2.3" in "10.0.0.0/8". */
static bool is_in_network(const char *host, const char *network)
{
	AUTO_FREE char *base = memory_format("%.*s", (int)strcspn(network, "/"), network);
	struct address first, address;
	struct error ignored;
	uint64_t bits;

	if (!strchr(network, '/') || !parse_address(base, &first) ||
	    !parse_address(host, &address) || first.family != address.family ||
	    text_to_number(strchr(network, '/') + 1, first.family == AF_INET ? 32 : 128, &bits,
			   &ignored) < 0)
		return false;
	for (uint64_t bit = 0; bit < bits; bit++)
		if ((first.bytes[bit / 8] ^ address.bytes[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static bool is_listed(const struct strings *list, const char *host, const char *port)
{
	AUTO_FREE char *whole = memory_format("%s%s%s", host, port ? ":" : "", port ? port : "");
	/* An IPv6 address is in brackets. */
	AUTO_FREE char *bare = memory_format("%.*s", (int)strcspn(host + (*host == '['), "]"),
					     host + (*host == '['));

	if (strings_contain(list, whole))
		return true;
	for (size_t i = 0; i < list->count; i++)
		if (is_in_network(bare, list->items[i]))
			return true;
	return false;
}

/* As Docker sees it: only what can't leave this machine. */
static bool is_loopback_host(const char *host)
{
	struct in_addr four;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127;
}

static bool check_host(const char *url, const struct strings *insecure)
{
	CURLU *parsed = curl_url();
	char *host = NULL, *port = NULL;
	bool result = false;

	if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		curl_url_get(parsed, CURLUPART_PORT, &port, 0);
		result = is_loopback_host(host) || (insecure && is_listed(insecure, host, port));
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parsed);
	return result;
}

bool registry_endpoint_is_loopback(const char *url)
{
	return check_host(url, NULL);
}

bool registry_endpoint_is_insecure(const struct registry_endpoint *endpoint, const char *url)
{
	return check_host(url, endpoint->insecure);
}

/* --- endpoints ------------------------------------------------------------------------------- */

static void set_mirror(struct registry_endpoint *endpoint, const char *url)
{
	const char *host = strstr(url, "://") + 3;
	size_t length = strlen(host);

	while (length > 0 && host[length - 1] == '/')
		length--;
	endpoint->mirror = true;
	endpoint->plain = text_starts_with(url, "http://");
	endpoint->host = memory_format("%.*s", (int)length, host);
}

int endpoints_of(const struct registry_config *config, const struct reference *reference,
		 struct registry_endpoint **endpoints, size_t *count, struct error *err)
{
	size_t mirrors = strcmp(reference->domain, "docker.io") == 0 ? config->mirrors.count : 0;
	struct registry_endpoint *list = memory_zeroed(mirrors + 1, sizeof(*list));

	for (size_t i = 0; i < mirrors; i++)
		set_mirror(&list[i], config->mirrors.items[i]);
	list[mirrors].host = memory_string(reference_api_host(reference));
	*endpoints = list;
	*count = mirrors + 1;
	for (size_t i = 0; i <= mirrors; i++) {
		/* Certificates are filed under the name that people know: docker.io. */
		const char *host = i < mirrors ? list[i].host : reference->domain;

		list[i].insecure = &config->insecure;
		if (find_certificates(config, host, &list[i], err) < 0)
			return -1;
	}
	return 0;
}

void registry_endpoint_release(struct registry_endpoint *endpoint)
{
	cleanup_memory(&endpoint->host);
	text_release(&endpoint->authorities);
	text_release(&endpoint->certificate);
	text_release(&endpoint->key);
}
