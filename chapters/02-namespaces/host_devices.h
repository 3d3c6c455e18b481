/* Devices of the host in a container: --device and --privileged. */
#ifndef HOST_DEVICES_H
#define HOST_DEVICES_H

#include "error.h"

/* "SRC[:DST][:ACCESS]", Docker's --device. */
struct host_device {
	char *source, *target; /* absolute; the same if only one is given */
	char access[4];	       /* of "rwm" */
};

/* Reads such a text. The caller releases *device. Errors: EINVAL. */
int host_device_parse(const char *text, struct host_device *device, struct error *err);

/* Makes a node, or those of a directory, below the root, as on the host. The host's /dev must be
 * visible still. Errors: ENOENT; EINVAL if it is no device. mknod(2) */
int host_device_make(int root_fd, const struct host_device *device, struct error *err);

/* The same for all that /dev has. */
int host_devices_make_all(int root_fd, struct error *err);

void host_device_release(struct host_device *device);
#define AUTO_HOST_DEVICE CLEANUP(host_device_release)

#endif
