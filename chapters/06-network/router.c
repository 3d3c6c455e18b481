/* See router.h. */
#include "router.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "file.h"
#include "firewall.h"
#include "settings.h"

#ifndef SO_NETNS_COOKIE /* of Linux 5.14 */
#define SO_NETNS_COOKIE 71
#endif

/* Beside the directories of the networks, in one of which the leases are. */
static char *memory_path(const struct bridge_network *network)
{
	return memory_format("%s/../../.router", network->leases);
}

/* A line that says which kind of packets, since which boot, in which network namespace. */
static int mark_of(enum ip_version version, struct text *mark, struct error *err)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	AUTO_TEXT struct text boot = {0};
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	/* An older kernel does without. */
	if (fd >= 0)
		getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size);
	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot, err) < 0)
		return -1;
	text_add_format(mark, "IPv%d %ju %.36s\n", version == IPV6 ? 6 : 4, (uintmax_t)cookie,
			text_string(&boot));
	return 0;
}

/* Adds what is remembered; nothing if there is none. */
static void recall(const struct bridge_network *network, struct text *known)
{
	AUTO_FREE char *path = memory_path(network);
	struct error none;

	file_read(AT_FDCWD, path, 65536, known, &none);
}

static int remember(const struct bridge_network *network, enum ip_version version,
		    struct error *err)
{
	AUTO_FREE char *path = memory_path(network);
	AUTO_TEXT struct text known = {0};

	/* What is of another boot, or namespace, is forgotten with it. */
	if (version == IPV6)
		recall(network, &known);
	return mark_of(version, &known, err) < 0 ? -1
						 : file_replace(path, &known, 0600, false, err);
}

int router_open(const struct bridge_network *network, struct error *err)
{
	for (unsigned i = 0; i < (network->ipv6 ? IP_VERSIONS : 1); i++) {
		int already = settings_forward(i, false, err);

		if (already < 0)
			return -1;
		/* Closed before the first packet that is to be stopped. */
		if (already == 0 && (remember(network, i, err) < 0 ||
				     firewall_close_others(network->table, i, err) < 0 ||
				     settings_forward(i, true, err) < 0))
			return -1;
	}
	return 0;
}

int router_restore(const struct bridge_network *network, struct error *err)
{
	AUTO_TEXT struct text known = {0};

	recall(network, &known);
	for (unsigned i = 0; i < IP_VERSIONS; i++) {
		AUTO_TEXT struct text mark = {0};

		if (mark_of(i, &mark, err) < 0)
			return -1;
		if (strstr(text_string(&known), text_string(&mark)) &&
		    firewall_close_others(network->table, i, err) < 0)
			return -1;
	}
	return 0;
}
