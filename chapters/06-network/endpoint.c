/* See endpoint.h. */
#include "endpoint.h"

#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

static int make_id(char id[65], struct error *err)
{
	unsigned char bytes[32];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return error_sys(err, "read random bytes for an id");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int choose_hostname(struct endpoint *endpoint, const char *wanted, struct error *err)
{
	size_t size = sizeof(endpoint->hostname);

	if (wanted)
		snprintf(endpoint->hostname, size, "%s", wanted);
	else if (endpoint->mode != RESOLVER_HOST)
		snprintf(endpoint->hostname, size, "%.12s", endpoint->id);
	else if (gethostname(endpoint->hostname, size - 1) < 0)
		return error_sys(err, "read the hostname");
	return 0;
}

int endpoint_open(struct endpoint *endpoint, enum resolver_mode mode, const char *root,
		  const char *hostname, struct error *err)
{
	struct endpoint opened = {.mode = mode};

	if (make_id(opened.id, err) < 0 || choose_hostname(&opened, hostname, err) < 0)
		return -1;
	if (mode == RESOLVER_BRIDGE && (bridge_network_open(root, &opened.network, err) < 0 ||
					bridge_network_up(&opened.network, err) < 0))
		return -1;
	*endpoint = opened;
	return 0;
}

int endpoint_attach(struct endpoint *endpoint, pid_t pid, const char *files, struct error *err)
{
	struct attachment attachment = {0};

	if (endpoint->mode == RESOLVER_BRIDGE) {
		if (bridge_attach(&endpoint->network, endpoint->id, pid, &attachment, err) < 0)
			return -1;
		endpoint->attached = true;
	}
	/* Now that the address is known, which /etc/hosts has. */
	return resolver_write(files, endpoint->mode, endpoint->hostname, attachment.address, err);
}

void endpoint_release(struct endpoint *endpoint)
{
	struct error unknown;

	if (endpoint->attached)
		bridge_detach(&endpoint->network, endpoint->id, &unknown);
	endpoint->attached = false;
}
