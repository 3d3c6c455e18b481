/* The options of a tmpfs; see volume_tmpfs.h. */
#include "volume_tmpfs.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

/* An option, and the one that it takes back. */
static const struct {
	const char *name, *opposite;
	bool given; /* it is given to the kernel; else it is how things are without it */
} flags[] = {
	{"noexec", "exec", true},
	{"exec", "noexec", false},
	{"nosuid", "suid", true},
	{"suid", "nosuid", false},
	{"nodev", "dev", true},
	{"dev", "nodev", false},
	{"ro", "rw", true},
	{"rw", "ro", false},
	{"noatime", "atime", true},
	{"atime", "noatime", false},
	{"nodiratime", "diratime", true},
	{"diratime", "nodiratime", false},
	{"strictatime", "relatime", true},
	{"relatime", "strictatime", false},
	{"sync", "async", false},
	{"async", "sync", false},
	{"defaults", "", false},
};

static const char *const values[] = {"mode",	  "uid",       "gid", "size",
				     "nr_inodes", "nr_blocks", "mpol"};

static void drop(struct strings *chosen, const char *name, size_t length)
{
	size_t kept = 0;

	for (size_t i = 0; i < chosen->count; i++) {
		char *item = chosen->items[i];

		if (strncmp(item, name, length) == 0 && (!item[length] || item[length] == '='))
			cleanup_memory(&chosen->items[i]);
		else
			chosen->items[kept++] = item;
	}
	chosen->count = kept;
}

static bool choose_flag(struct strings *chosen, const char *option)
{
	for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
		if (strcmp(flags[i].name, option) != 0)
			continue;
		drop(chosen, flags[i].opposite, strlen(flags[i].opposite));
		drop(chosen, option, strlen(option));
		if (flags[i].given)
			strings_add(chosen, option);
		return true;
	}
	return false;
}

static bool choose_value(struct strings *chosen, const char *option)
{
	size_t length = strcspn(option, "=");

	for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
		if (option[length] && strlen(values[i]) == length &&
		    strncmp(values[i], option, length) == 0) {
			drop(chosen, values[i], length);
			strings_add(chosen, option);
			return true;
		}
	return false;
}

int volume_tmpfs_options(const char *text, char **options, struct error *err)
{
	AUTO_FREE char *copy = memory_format("noexec,nosuid,nodev,%s", text);
	AUTO_STRINGS struct strings chosen = {0};
	AUTO_TEXT struct text joined = {0};
	char *rest = copy, *option;

	while ((option = strsep(&rest, ",")))
		if (*option && !choose_flag(&chosen, option) && !choose_value(&chosen, option))
			return error_set(err, EINVAL, "invalid tmpfs option [\"%s\"]", option);
	for (size_t i = 0; i < chosen.count; i++)
		text_add_format(&joined, "%s%s", i ? "," : "", chosen.items[i]);
	*options = memory_string(text_string(&joined));
	return 0;
}
