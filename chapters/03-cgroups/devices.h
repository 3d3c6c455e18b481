/*
 * Which devices a container may open or make.
 *
 * One table of rules; what no rule allows is denied. Version 1 takes the rules as text. Version 2
 * has no files for it: there the kernel asks a program, which is assembled from the same table.
 */
#ifndef DEVICES_H
#define DEVICES_H

#include <stddef.h>

#include "error.h"

struct device_rule {
	char type;	    /* 'c' or 'b' */
	int major, minor;   /* -1: any */
	const char *access; /* of "rwm": read, write, and make by mknod(2) */
};

/* Docker's default rules; the one without a type is their end. */
extern const struct device_rule devices_default[];

/* Writes the rules to devices.deny and devices.allow of the version 1 cgroup `dir`. The cgroup must
 * have no children yet. cgroup-v1/devices.rst in the kernel's documentation */
int devices_write(const struct device_rule *rules, const char *dir, struct error *err);

/* Loads a program that applies the rules, and attaches it to the version 2 cgroup `cgroup_fd`,
 * which keeps it. `dir` is for errors. Errors: EPERM without CAP_BPF and CAP_NET_ADMIN. bpf(2) */
int devices_attach(const struct device_rule *rules, int cgroup_fd, const char *dir,
		   struct error *err);

#endif
