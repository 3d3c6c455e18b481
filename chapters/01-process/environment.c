/* The environment of a container; see environment.h. */
#include "environment.h"

#include <string.h>

#include "cleanup.h"

static char **find(const struct strings *env, const char *name, size_t length)
{
	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], name, length) == 0 && env->items[i][length] == '=')
			return &env->items[i];
	return NULL;
}

static void remove_entry(struct strings *env, char **entry)
{
	cleanup_memory(entry);
	env->count--;
	/* The NULL after the last one moves too. */
	memmove(entry, entry + 1, (size_t)(env->items + env->count + 1 - entry) * sizeof(*entry));
}

void environment_set(struct strings *env, const char *entry)
{
	size_t length = strcspn(entry, "=");
	char **old = find(env, entry, length);

	if (!entry[length]) {
		if (old)
			remove_entry(env, old);
	} else if (old) {
		cleanup_memory(old);
		*old = memory_string(entry);
	} else {
		strings_add(env, entry);
	}
}

const char *environment_get(const struct strings *env, const char *name)
{
	char **entry = find(env, name, strlen(name));

	return entry ? *entry + strlen(name) + 1 : NULL;
}

void environment_build(const char *hostname, const struct strings *image,
		       const struct strings *user, struct strings *env)
{
	strings_add(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	if (hostname) {
		AUTO_FREE char *entry = memory_format("HOSTNAME=%s", hostname);

		strings_add(env, entry);
	}
	for (size_t i = 0; image && i < image->count; i++)
		environment_set(env, image->items[i]);
	for (size_t i = 0; user && i < user->count; i++)
		environment_set(env, user->items[i]);
}
