/*
 * What a monitor waits for while its container runs: output, input, clients, the end.
 */
#ifndef MONITOR_LOOP_H
#define MONITOR_LOOP_H

#include <sys/un.h>

#include "monitor_life.h"

/* Fills in the address of RUN/ID/attach, where clients connect. Errors: ENAMETOOLONG. */
int monitor_address(const struct engine *engine, const struct container *container,
		    struct sockaddr_un *address, struct error *err);

/* Makes that socket, in a directory that is root's alone: who can connect can type. */
int monitor_listen(struct monitor *monitor, struct error *err);

/* Removes it, last of all unless something could not be given back: as long as it is there, a monitor
 * is at work, or was killed, or owes something, and record_repair looks. */
void monitor_forget_address(const struct monitor *monitor);

/* Serves a life that has begun, and those that follow by the restart policy, until the last client
 * has all output. */
void monitor_serve(struct monitor *monitor);

#endif
