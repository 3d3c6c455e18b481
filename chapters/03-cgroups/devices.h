/*
 * Which devices a container may open or make.
 *
 * One table of rules; what no rule allows is denied. Version 1 takes the rules as text. Version 2
 * has no files for it: there the kernel asks a program, which is assembled from the same table.
 */
#ifndef DEVICES_H
#define DEVICES_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct device_rule {
	char type;	  /* 'c' or 'b'; 'a': every device, whatever the rest says */
	int major, minor; /* -1: any */
	char access[4];	  /* of "rwm": read, write, and make by mknod(2) */
};

/* What is allowed beyond Docker's default rules. Zeroed: nothing. */
struct device_rules {
	struct device_rule *items;
	size_t count;
};

/* All devices, as `--privileged` asks. */
#define DEVICE_RULE_ALL ((struct device_rule){'a', -1, -1, "rwm"})

/* Adds a rule. */
void device_rules_add(struct device_rules *rules, struct device_rule rule);

/* Adds a rule from text as "c 10:200 rwm" or "b 7:* r", Docker's --device-cgroup-rule. Errors:
 * EINVAL */
int device_rules_parse(struct device_rules *rules, const char *text, struct error *err);

/* The text of a rule, as the kernel's version 1 and device_rules_parse read it. */
void device_rule_format(const struct device_rule *rule, char *text, size_t size);

void device_rules_release(struct device_rules *rules);

/* Writes Docker's default rules and the added ones to devices.deny and devices.allow of the
 * version 1 cgroup `dir`, which must have no children yet. With a rule for every device nothing is
 * written: it has what its parent has. cgroup-v1/devices.rst in the kernel's documentation */
int devices_write(const struct device_rules *added, const char *dir, struct error *err);

/* Loads a program that applies the same rules, and attaches it to the version 2 cgroup `cgroup_fd`,
 * which keeps it. `dir` is for errors. Errors: EPERM without CAP_BPF and CAP_NET_ADMIN; E2BIG for
 * too many rules. bpf(2) */
int devices_attach(const struct device_rules *added, int cgroup_fd, const char *dir,
		   struct error *err);

#endif
