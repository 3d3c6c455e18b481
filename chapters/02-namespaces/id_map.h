/*
 * User namespaces: root in there, nobody out here.
 *
 * In a user namespace the numbers of users and groups mean others on the host, and capabilities count
 * only for what belongs to the namespace. Files are the other half: on disk the owner is 0, and the
 * container's root is not. An idmapped mount translates the same way as the namespace does, so one
 * copy of a layer serves containers of every map, and nothing is ever chowned.
 */
#ifndef ID_MAP_H
#define ID_MAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "text.h"

/* Users and groups from 0 to count-1 in there are those from `first` on out here. Zeroed: no user
 * namespace. */
struct id_map {
	uint32_t first, count;
};

/* How many ids a container has. */
#define ID_MAP_COUNT 65536

/* Finds the map for one of podman's words: "host" is none; "keep-id" the same numbers, all of them;
 * "auto" a range of 65536, the one of that index among those that /etc/subuid and /etc/subgid both
 * give to the user "containers". Errors: EINVAL for another word; ENOENT if there is no such range. */
int id_map_find(const char *word, unsigned index, struct id_map *map, struct error *err);

/* Runs in the parent while the child waits: writes the maps of its user namespace, and puts over
 * each of `paths`, in its mount namespace, a view of the same directory in which owners are as the
 * map says. Does nothing for a zeroed map. Errors: EACCES if a directory above one of them is
 * closed to others; EINVAL if the file system there can't: ext4 and xfs can since Linux 5.12, btrfs
 * since 5.15, tmpfs since 6.3; overlayfs can't, but takes such views as its layers since 5.19. user_namespaces(7), mount_setattr(2) */
int id_map_apply(const struct id_map *map, pid_t pid, const struct strings *paths,
		 struct error *err);

/* Runs in the child: whoever it was is nobody in its user namespace, so it becomes root there. */
int id_map_become_root(struct error *err);

#endif
