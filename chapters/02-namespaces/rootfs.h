/*
 * The root file system of a container: its own /, and in it what the kernel shows of itself.
 *
 * All of this runs in the child, in its own mount namespace. The order is the caller's, and each
 * step needs the one before: rootfs_isolate, then what is to be the root is mounted (chapter 04),
 * rootfs_mount, then mounts from outside (chapter 04), rootfs_pivot, rootfs_protect.
 */
#ifndef ROOTFS_H
#define ROOTFS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "text.h"

/* Where `init` puts the program that is then PID 1: Docker's path. */
#define ROOTFS_INIT "/sbin/docker-init"

/* What a container may have otherwise. Zeroed: as usual. */
struct rootfs_wishes {
	struct strings devices; /* "SRC[:DST][:ACCESS]", checked by host_device_parse */
	uint64_t shm_bytes;	/* of /dev/shm; 0: 64 MiB */
	bool no_shm;		/* there is no /dev/shm */
	const char *shm_of; /* /proc/PID/ns/mnt: it is that namespace's, as its ipc namespace is */
	bool unmasked;	    /* nothing of /proc and /sys is hidden or read-only in /proc */
	bool privileged;    /* and /sys is writable, and every device is there */
};

struct rootfs {
	const char *path; /* the directory that becomes / */
	bool read_only;
	bool init;			    /* bind coracle-init to /sbin/docker-init */
	const struct rootfs_wishes *wishes; /* NULL: none */
};

/* Stops mounts made here from reaching the host, and the host's from reaching here later.
 * mount_namespaces(7) */
int rootfs_isolate(struct error *err);

/* Makes the root a mount of its own and mounts in it, from a table: /proc, /dev with its nodes and
 * links, /dev/pts, /dev/shm, /dev/mqueue, /sys, /sys/fs/cgroup, with Docker's options. A target
 * that is missing is made; links above it are followed inside the root, and one that is itself a
 * symbolic link is refused, as in Docker: the container could make it point elsewhere.
 * Errors: ENOENT if there is no such directory; ELOOP for a link. fsopen(2), mount(8) */
int rootfs_mount(const struct rootfs *rootfs, struct error *err);

/* Makes it the root and lets go of the old one: no mount of the host stays visible. The current
 * directory is / then. pivot_root(2) */
int rootfs_pivot(const struct rootfs *rootfs, struct error *err);

/* Inside the new root: masks files that tell too much, makes others read-only, and the root itself
 * if asked for. What this kernel does not have is skipped. */
int rootfs_protect(const struct rootfs *rootfs, struct error *err);

/* Makes /dev/console the terminal that descriptor 0 is: a hook for process_start. By descriptor: what
 * bears its name in /dev/pts could be another one by now. */
int rootfs_bind_console(void *unused, struct error *err);

/* The argv to execute: `argv` itself, or with `init` what is then put into *command, which the caller
 * releases. */
char *const *rootfs_command(const struct rootfs *rootfs, char *const *argv,
			    struct strings *command);

/* Adds to *command what to execute in a container with `init`: "/sbin/docker-init -- ARGV…". */
void rootfs_init_command(char *const *argv, struct strings *command);

#endif
