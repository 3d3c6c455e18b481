/* Docker's driver options of a bridge network: bridge_network_option of bridge.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bridge.h"

static int set_bool(const char *value, bool *field)
{
	if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return -1;
	*field = *value == 't';
	return 0;
}

static int set_name(struct bridge_network *network, const char *value)
{
	if (!*value || strlen(value) >= sizeof(network->name) || strpbrk(value, "/ \t\n\"%"))
		return -1;
	snprintf(network->name, sizeof(network->name), "%s", value);
	return 0;
}

static int set_mtu(struct bridge_network *network, const char *value)
{
	struct error unknown;
	uint64_t mtu = 0;

	/* IPv4 wants 68 of every link, IPv6 1280. */
	if (text_to_number(value, 65535, &mtu, &unknown) < 0 || mtu < (network->ipv6 ? 1280 : 68))
		return -1;
	network->mtu = (unsigned)mtu;
	return 0;
}

/* 1 if there is no such option, -1 if the value is wrong. */
static int set(struct bridge_network *network, const char *name, const char *value)
{
	bool yes = true;
	int result;

	if (strcmp(name, "com.docker.network.driver.mtu") == 0)
		return set_mtu(network, value);
	if (strcmp(name, "com.docker.network.bridge.name") == 0)
		return set_name(network, value);
	if (strcmp(name, "com.docker.network.bridge.enable_icc") == 0) {
		result = set_bool(value, &yes);
		network->separate = !yes;
		return result;
	}
	if (strcmp(name, "com.docker.network.bridge.enable_ip_masquerade") == 0) {
		result = set_bool(value, &yes);
		network->plain = !yes;
		return result;
	}
	return 1;
}

int bridge_network_option(struct bridge_network *network, const char *option, struct error *err)
{
	size_t length = strcspn(option, "=");
	AUTO_FREE char *name = memory_format("%.*s", (int)length, option);
	int result = set(network, name, option + length + (option[length] == '='));

	if (result > 0)
		return error_set(err, EINVAL, "network option '%s' is not known here", name);
	return result < 0
		       ? error_set(err, EINVAL, "invalid value of a network option: '%s'", option)
		       : 0;
}
