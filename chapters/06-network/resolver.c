/* Docker's /etc/hostname, /etc/hosts and /etc/resolv.conf; see resolver.h and resolv.conf(5). */
#include "resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "file.h"
#include "path.h"
#include "trace.h"
#include "volume.h"

#define HOST_RESOLV_CONF "/etc/resolv.conf"
/* Where systemd-resolved lists the servers that it asks itself. */
#define RESOLVED_RESOLV_CONF "/run/systemd/resolve/resolv.conf"

/* Larger than any that a person wrote, and no danger. */
#define LARGEST_FILE (1 << 20)

/* "::" forms of the groups are as Docker writes them; a name for each helps old programs. */
static const char always_known[] = "127.0.0.1\tlocalhost\n"
				   "::1\tlocalhost ip6-localhost ip6-loopback\n"
				   "fe00::\tip6-localnet\n"
				   "ff00::\tip6-mcastprefix\n"
				   "ff02::1\tip6-allnodes\n"
				   "ff02::2\tip6-allrouters\n";

/* A server is of use to a container if it is an IPv4 address other than the host's loopback: what is
 * 127.0.0.53 there is the container itself here. */
static bool is_reachable(const char *server)
{
	struct address address = {0};

	return address_parse(server, &address) == 0 && address_version(address) == IPV4 &&
	       address.bytes[0] != 127;
}

/* Adds one line to `out`, unless it is a comment or a server of no use; returns 1 for a server that
 * was added. */
static int filter_line(const char *line, struct text *out)
{
	static const char blank[] = " \t\r";
	AUTO_FREE char *words = memory_string(line);
	char *rest, *word = strtok_r(words, blank, &rest);

	if (!word || *word == '#' || *word == ';')
		return 0;
	if (strcmp(word, "nameserver") != 0) {
		text_add_format(out, "%s\n", line);
		return 0;
	}
	word = strtok_r(NULL, blank, &rest);
	if (!word || !is_reachable(word))
		return 0;
	text_add_format(out, "nameserver %s\n", word);
	return 1;
}

/* A missing file is an empty one. */
static int read_host_file(const char *path, struct text *text, struct error *err)
{
	if (file_read(AT_FDCWD, path, LARGEST_FILE, text, err) == 0 || err->code == ENOENT)
		return 0;
	return -1;
}

/* Adds what a container takes from the host: its resolv.conf, or systemd-resolved's behind it. */
static int add_host_resolv_conf(struct text *out, struct error *err)
{
	static const char *const sources[] = {HOST_RESOLV_CONF, RESOLVED_RESOLV_CONF};

	for (size_t i = 0; i < ARRAY_LENGTH(sources); i++) {
		AUTO_TEXT struct text host = {0}, kept = {0};

		if (read_host_file(sources[i], &host, err) < 0)
			return -1;
		if (resolver_filter(text_string(&host), &kept) == 0)
			continue;
		text_add_format(out, "# From the host's %s, by coracle\n%s", sources[i],
				text_string(&kept));
		return 0;
	}
	/* As Docker does, when all that the host has is a server of its own. */
	text_add_string(out, "# The host has no name server that a container can reach\n"
			     "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
	return 0;
}

static bool is_about(const char *line, const char *keyword)
{
	size_t length = strlen(keyword);

	return strncmp(line, keyword, length) == 0 && strchr(" \t", line[length]);
}

/* Adds the lines of the host's file for which the user had no wish. */
static void add_unwished(const struct resolver_wishes *wishes, bool servers, const char *host,
			 struct text *out)
{
	AUTO_FREE char *copy = memory_string(host);
	char *rest, *line = strtok_r(copy, "\n", &rest);

	for (; line; line = strtok_r(NULL, "\n", &rest)) {
		bool search = is_about(line, "search") || is_about(line, "domain");

		if ((is_about(line, "nameserver") && !servers) ||
		    (search && wishes->searches.count) ||
		    (is_about(line, "options") && wishes->options.count))
			continue;
		text_add_format(out, "%s\n", line);
	}
}

static void add_words(const char *keyword, const struct strings *words, struct text *out)
{
	if (words->count == 0 || strcmp(words->items[0], ".") == 0)
		return;
	text_add_string(out, keyword);
	for (size_t i = 0; i < words->count; i++)
		text_add_format(out, " %s", words->items[i]);
	text_add_string(out, "\n");
}

static int add_resolv_conf(const struct resolver_config *config, struct text *out,
			   struct error *err)
{
	const struct resolver_wishes *wishes = config->wishes;
	bool own = config->server.length;
	AUTO_TEXT struct text host = {0};

	if (config->mode == RESOLVER_HOST ? read_host_file(HOST_RESOLV_CONF, &host, err) < 0
					  : add_host_resolv_conf(&host, err) < 0)
		return -1;
	if (own)
		text_add_format(out, "nameserver %s\n", address_text(config->server).text);
	for (size_t i = 0; i < wishes->servers.count; i++)
		text_add_format(out, "nameserver %s\n", wishes->servers.items[i]);
	add_unwished(wishes, !own && wishes->servers.count == 0, text_string(&host), out);
	add_words("search", &wishes->searches, out);
	add_words("options", &wishes->options, out);
	return 0;
}

/* "a.example.org" is found by its first part too. */
static void add_own_name(struct text *hosts, struct address address, const char *hostname)
{
	size_t first = strcspn(hostname, ".");

	text_add_format(hosts, "%s\t%s", address_text(address).text, hostname);
	if (hostname[first])
		text_add_format(hosts, " %.*s", (int)first, hostname);
	text_add_string(hosts, "\n");
}

/* "NAME:ADDRESS", or "NAME=ADDRESS" */
static int add_wished_host(const struct resolver_config *config, const char *wish,
			   struct text *hosts, struct error *err)
{
	size_t name = strcspn(wish, ":=");
	const char *address = wish + name + 1;
	struct short_text gateway = address_text(config->gateway);

	if (strcmp(address, "host-gateway") == 0) {
		if (config->gateway.length == 0)
			return error_set(err, EINVAL,
					 "add host '%s': there is no gateway without a bridge",
					 wish);
		address = gateway.text;
	}
	text_add_format(hosts, "%s\t%.*s\n", address, (int)name, wish);
	return 0;
}

static int add_hosts(const struct resolver_config *config, struct text *hosts, struct error *err)
{
	if (config->mode != RESOLVER_HOST)
		text_add_string(hosts, always_known);
	else if (read_host_file("/etc/hosts", hosts, err) < 0)
		return -1;
	for (size_t i = 0; i < config->wishes->hosts.count; i++)
		if (add_wished_host(config, config->wishes->hosts.items[i], hosts, err) < 0)
			return -1;
	for (size_t i = 0; i < config->address_count; i++)
		add_own_name(hosts, config->addresses[i], config->hostname);
	return 0;
}

static int write_file(const char *dir, const char *name, const struct text *content,
		      struct error *err)
{
	AUTO_FREE char *path = path_join(dir, name);

	trace("# write %q", path);
	return file_replace(path, content, 0644, false, err);
}

static bool has_target(const struct volumes *volumes, const char *target)
{
	for (size_t i = 0; i < volumes->count; i++)
		if (strcmp(volumes->items[i].target, target) == 0)
			return true;
	return false;
}

int resolver_filter(const char *host, struct text *out)
{
	AUTO_FREE char *copy = memory_string(host);
	char *rest, *line = strtok_r(copy, "\n", &rest);
	int servers = 0;

	for (; line; line = strtok_r(NULL, "\n", &rest))
		servers += filter_line(line, out);
	return servers;
}

int resolver_write(const char *dir, const struct resolver_config *config, struct error *err)
{
	AUTO_TEXT struct text own_name = {0}, hosts = {0}, resolv_conf = {0};

	text_add_format(&own_name, "%s\n", config->hostname);
	if (add_hosts(config, &hosts, err) < 0 || add_resolv_conf(config, &resolv_conf, err) < 0)
		return -1;
	if (write_file(dir, "hostname", &own_name, err) < 0 ||
	    write_file(dir, "hosts", &hosts, err) < 0)
		return -1;
	return write_file(dir, "resolv.conf", &resolv_conf, err);
}

int resolver_host_servers(struct strings *servers, struct error *err)
{
	AUTO_TEXT struct text host = {0};
	char *rest, *line;

	if (add_host_resolv_conf(&host, err) < 0)
		return -1;
	for (line = strtok_r(host.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (is_about(line, "nameserver"))
			strings_add(servers, line + strlen("nameserver "));
	return 0;
}

void resolver_wishes_release(struct resolver_wishes *wishes)
{
	strings_release(&wishes->servers);
	strings_release(&wishes->searches);
	strings_release(&wishes->options);
	strings_release(&wishes->hosts);
}

void resolver_add_volumes(const char *dir, bool read_only, struct volumes *volumes)
{
	static const char *const names[] = {"resolv.conf", "hostname", "hosts"};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		AUTO_FREE char *source = path_join(dir, names[i]);
		AUTO_FREE char *target = path_join("/etc", names[i]);

		if (!has_target(volumes, target))
			volumes_add_file(volumes, source, target, read_only);
	}
}
