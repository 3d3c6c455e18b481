/* See settings.h. */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "text.h"
#include "trace.h"

/* Below /proc/sys/net. */
struct setting {
	const char *name, *value;
};

static char *path_of(const char *pattern, const char *interface)
{
	AUTO_FREE char *name = memory_format(pattern, interface);

	return memory_format("/proc/sys/net/%s", name);
}

/* sysctl(8) has dots where the path has slashes. */
static void trace_setting(const char *shell, const char *path, const char *value)
{
	AUTO_FREE char *name = memory_string(path + strlen("/proc/sys/"));

	for (char *at = name; *at; at++)
		if (*at == '/')
			*at = '.';
	trace("%ssysctl -w %s=%s", shell, name, value);
}

/* In each name, %s is the interface. */
static int set_all(const char *shell, const char *interface, const struct setting *settings,
		   struct error *err)
{
	for (; settings->name; settings++) {
		AUTO_FREE char *path = path_of(settings->name, interface);

		trace_setting(shell, path, settings->value);
		/* ENOENT: a kernel without IPv6. */
		if (file_write_value(AT_FDCWD, path, settings->value, err) < 0 &&
		    err->code != ENOENT)
			return -1;
	}
	return 0;
}

int settings_forward(enum ip_version version, bool set, struct error *err)
{
	static const struct setting forward[IP_VERSIONS][2] = {
		[IPV4] = {{"ipv4/ip_forward", "1"}},
		[IPV6] = {{"ipv6/conf/all/forwarding", "1"}},
	};
	AUTO_FREE char *path = path_of(forward[version][0].name, "");
	AUTO_TEXT struct text value = {0};

	if (set)
		return set_all("", "", forward[version], err) < 0
			       ? error_wrap(err, "make this host a router")
			       : 1;
	if (file_read(AT_FDCWD, path, 16, &value, err) < 0)
		return -1;
	return *text_string(&value) != '0';
}

int settings_of_bridge(const char *bridge, bool ipv6, struct error *err)
{
	const struct setting settings[] = {
		/* What this host sends to a port published on 127.0.0.1 goes out by the bridge, and
		 * the answer comes in by it, for an address that the kernel else believes of no
		 * interface but lo. */
		{"ipv4/conf/%s/route_localnet", "1"},
		{"ipv6/conf/%s/accept_ra", "0"},
		{"ipv6/conf/%s/disable_ipv6", ipv6 ? "0" : "1"},
		{0},
	};

	return set_all("", bridge, settings, err);
}

int settings_of_container(const char *shell, const char *interface, bool ipv6, struct error *err)
{
	static const struct setting without[] = {
		{"ipv6/conf/all/disable_ipv6", "1"},
		{"ipv6/conf/lo/disable_ipv6", "0"},
		{0},
	};
	static const struct setting with[] = {
		{"ipv6/conf/%s/disable_ipv6", "0"},
		/* Routes are what we say, and not what a neighbour tells. */
		{"ipv6/conf/%s/accept_ra", "0"},
		/* Its link-local address, too, is its own at once. */
		{"ipv6/conf/%s/accept_dad", "0"},
		{0},
	};
	AUTO_TEXT struct text limited = {0};
	struct error unknown;

	/* Once: another network of the container may have turned its own on. */
	if (file_read(AT_FDCWD, "/proc/sys/net/ipv6/conf/all/disable_ipv6", 16, &limited,
		      &unknown) == 0 &&
	    *text_string(&limited) == '0' && set_all(shell, "", without, err) < 0)
		return -1;
	return ipv6 ? set_all(shell, interface, with, err) : 0;
}
