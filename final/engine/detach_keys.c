/* Detach keys; see detach_keys.h, and attach.h for their names. */
#include "detach_keys.h"

#include <errno.h>
#include <string.h>

#include "attach.h"
#include "text.h"

size_t detach_keys_filter(struct detach_keys *keys, const char *typed, size_t count, char *passed,
			  bool *complete)
{
	size_t length = 0;

	*complete = false;
	if (!keys->keys) {
		memcpy(passed, typed, count);
		return count;
	}
	for (size_t i = 0; i < count && !*complete; i++) {
		bool next = typed[i] == keys->keys[keys->matched];

		if (!next && keys->matched) {
			/* It was not them: here is what was held back. */
			memcpy(passed + length, keys->keys, keys->matched);
			length += keys->matched;
			keys->matched = 0;
			next = typed[i] == keys->keys[0];
		}
		if (next)
			*complete = !keys->keys[++keys->matched];
		else
			passed[length++] = typed[i];
	}
	return length;
}

/* The byte of "a" or "ctrl-a"; -1 if it is no key. */
static int key_byte(const char *name)
{
	static const char controls[] = "@abcdefghijklmnopqrstuvwxyz[\\]^_";
	const char *control;

	if (name[0] && !name[1])
		return (unsigned char)name[0];
	if (strncmp(name, "ctrl-", 5) != 0 || !name[5] || name[6])
		return -1;
	control = strchr(controls, name[5]);
	/* "@" would be a NUL: that ends our string of keys. */
	return control && control != controls ? (int)(control - controls) : -1;
}

int attach_detach_keys(const char *keys, char **bytes, struct error *err)
{
	AUTO_FREE char *copy = memory_string(keys);
	AUTO_TEXT struct text text = {0};
	char *rest = copy, *name;

	while ((name = strsep(&rest, ","))) {
		int byte = key_byte(name);

		if (byte < 0)
			return error_set(
				err, EINVAL,
				"detach keys are characters, or ctrl- and one of a-z [ \\ ] ^ _, with commas between them");
		text_add(&text, &(char){(char)byte}, 1);
	}
	cleanup_memory(bytes);
	*bytes = memory_string(text_string(&text));
	return 0;
}
