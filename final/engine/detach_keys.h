/* The keys by which a user leaves a container that goes on. */
#ifndef DETACH_KEYS_H
#define DETACH_KEYS_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed: there are none. */
struct detach_keys {
	const char *keys;
	size_t matched; /* how many of them were typed last: they are held back */
};

/* Copies what was typed to `passed`, which has room for `count` and the length of the keys, without
 * what may be their beginning. Returns how much that is; *complete says that all were typed. */
size_t detach_keys_filter(struct detach_keys *keys, const char *typed, size_t count, char *passed,
			  bool *complete);

#endif
