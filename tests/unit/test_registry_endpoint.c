/* Endpoints: mirrors, what is insecure, certificates; and the keys that credentials have. */
#include "registry_endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "credentials.h"
#include "path.h"
#include "tap.h"

static void write_file(const char *dir, const char *name, const char *content)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_CLOSE_FILE FILE *file = fopen(path, "w");

	fputs(content, file);
}

static void test_insecure(void)
{
	char *list[] = {"a.b:5000",    "plain",	     "10.1.0.0/16", "fd00::/8",
			"10.9.0.0/33", "nonsense/8", NULL};
	struct strings insecure = {.items = list, .count = ARRAY_LENGTH(list) - 1};
	const struct registry_endpoint endpoint = {.insecure = &insecure};
	static const struct {
		const char *url;
		bool insecure;
	} cases[] = {{"https://a.b:5000/v2/", true},	 {"https://a.b/v2/", false},
		     {"https://a.b:5001/v2/", false},	 {"https://plain/v2/", true},
		     {"http://10.1.255.255/v2/", true},	 {"http://10.2.0.0:80/v2/", false},
		     {"https://[fd12::1]:443/", true},	 {"https://[fe80::1]/", false},
		     {"https://10.9.0.1/", false},	 {"https://127.8.9.1:5000/x", true},
		     {"http://localhost/", true},	 {"http://[::1]:5000/", true},
		     {"http://localhost.a.b/", false},	 {"http://127.0.0.1.a.b/", false},
		     {"http://a@127.0.0.1/", true},	 {"http://127.0.0.1@a.b/", false},
		     {"http://a.b#127.0.0.1/", false},	 {"", false},
		     {"https://8.8.8.8/a.b:5000", false}};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		ok(registry_endpoint_is_insecure(&endpoint, cases[i].url) == cases[i].insecure,
		   cases[i].url);
	ok(!registry_endpoint_is_loopback("https://plain/"), "a list makes nothing loopback");
}

static int count_endpoints(const struct registry_config *config, const char *name, char **hosts)
{
	AUTO_REFERENCE struct reference reference = {0};
	AUTO_TEXT struct text text = {0};
	struct registry_endpoint *endpoints = NULL;
	struct error err = {0};
	size_t count = 0;
	int result;

	reference_parse(name, &reference, &err);
	result = endpoints_of(config, &reference, &endpoints, &count, &err);
	for (size_t i = 0; i < count; i++) {
		text_add_format(&text, "%s%s%s%s ", endpoints[i].plain ? "http:" : "",
				endpoints[i].host, endpoints[i].authorities.length ? "+ca" : "",
				endpoints[i].key.length ? "+key" : "");
		registry_endpoint_release(&endpoints[i]);
	}
	cleanup_memory(&endpoints);
	*hosts = memory_string(result < 0 ? err.text : text_string(&text));
	return result;
}

static void test_config(void)
{
	char dir[] = "/tmp/coracle-endpoint-XXXXXX";
	AUTO_REGISTRY_CONFIG struct registry_config config = {0}, wrong = {0}, none = {0};
	AUTO_FREE char *hub = NULL, *broken = NULL, *certs = NULL;
	struct error err = {0};

	ok(mkdtemp(dir) != NULL, "a directory");
	ok(registry_config_read(dir, &none, &err) == 0 && none.mirrors.count == 0,
	   "no file is fine");
	write_file(
		dir, "config.json",
		"{\"registry-mirrors\":[\"http://m:1/\",\"https://n\"],\"max-concurrent-downloads\":5}");
	ok(registry_config_read(dir, &config, &err) == 0 && config.downloads == 5, "a config");
	certs = memory_format("%s/certs.d/n", dir);
	path_make_dirs(certs, 0700, &err);
	write_file(certs, "a.crt", "CA");
	write_file(certs, "b.cert", "C");
	write_file(certs, "b.key", "K");
	count_endpoints(&config, "alpine", &hub);
	is(hub, "http:m:1 n+ca+key registry-1.docker.io ", "the mirrors come first");
	write_file(certs, "a.cert", "C");
	ok(count_endpoints(&config, "alpine", &broken) < 0 && strstr(broken, "a.key"),
	   "a certificate without its key");
	write_file(dir, "config.json", "{\"registry-mirrors\":\"ftp://n\"}");
	ok(registry_config_read(dir, &wrong, &err) < 0 && err.code == EINVAL, "no such mirror");
	path_remove_tree(dir, &err);
}

static void test_keys(void)
{
	static const struct {
		const char *server, *key;
	} cases[] = {{"", "https://index.docker.io/v1/"},
		     {"docker.io", "https://index.docker.io/v1/"},
		     {"index.docker.io", "https://index.docker.io/v1/"},
		     {"https://index.docker.io/v1/", "https://index.docker.io/v1/"},
		     {"ghcr.io", "ghcr.io"},
		     {"https://ghcr.io/v2/", "ghcr.io"},
		     {"127.0.0.1:5000", "127.0.0.1:5000"}};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		AUTO_FREE char *key = credentials_key(cases[i].server);

		is(key, cases[i].key, cases[i].server);
	}
}

int main(void)
{
	test_insecure();
	test_config();
	test_keys();
	return tap_done();
}
