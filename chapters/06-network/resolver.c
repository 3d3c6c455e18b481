/* Docker's /etc/hostname, /etc/hosts and /etc/resolv.conf; see resolver.h and resolv.conf(5). */
#include "resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "file.h"
#include "link.h"
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
	struct in_addr address;

	return inet_pton(AF_INET, server, &address) == 1 && ntohl(address.s_addr) >> 24 != 127;
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

/* Adds a resolv.conf for a container: the host's, or systemd-resolved's behind it. */
static int add_resolv_conf(struct text *out, struct error *err)
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

/* "a.example.org" is found by its first part too. */
static void add_own_name(struct text *hosts, struct in_addr address, const char *hostname)
{
	size_t first = strcspn(hostname, ".");

	text_add_format(hosts, "%s\t%s", address_text(address).text, hostname);
	if (hostname[first])
		text_add_format(hosts, " %.*s", (int)first, hostname);
	text_add_string(hosts, "\n");
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

int resolver_write(const char *dir, enum resolver_mode mode, const char *hostname,
		   struct in_addr address, struct error *err)
{
	AUTO_TEXT struct text own_name = {0}, hosts = {0}, resolv_conf = {0};

	text_add_format(&own_name, "%s\n", hostname);
	if (mode == RESOLVER_HOST) {
		if (read_host_file("/etc/hosts", &hosts, err) < 0 ||
		    read_host_file(HOST_RESOLV_CONF, &resolv_conf, err) < 0)
			return -1;
	} else {
		text_add_string(&hosts, always_known);
		if (mode == RESOLVER_BRIDGE)
			add_own_name(&hosts, address, hostname);
		if (add_resolv_conf(&resolv_conf, err) < 0)
			return -1;
	}
	if (write_file(dir, "hostname", &own_name, err) < 0 ||
	    write_file(dir, "hosts", &hosts, err) < 0)
		return -1;
	return write_file(dir, "resolv.conf", &resolv_conf, err);
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
