/* The few devices that every container has. */
#ifndef DEVICE_NODES_H
#define DEVICE_NODES_H

#include "error.h"

/* Makes the nodes null, zero, full, random, urandom and tty, and Docker's links, in the empty
 * directory `dev_fd`; `dev` is its name for the trace and errors. mknod(2), null(4) */
int device_nodes_make(int dev_fd, const char *dev, struct error *err);

#endif
