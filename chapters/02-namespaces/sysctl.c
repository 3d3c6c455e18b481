/* Kernel parameters; see sysctl.h. */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "file.h"
#include "trace.h"

static bool is_of_ipc(const char *name, size_t length)
{
	static const char *const names[] = {
		"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
		"kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return true;
	return text_starts_with(name, "fs.mqueue.");
}

int sysctl_check(const char *text, struct error *err)
{
	size_t length = strcspn(text, "=");

	/* A slash or a double dot would lead to another file. */
	if (text[length] && !memchr(text, '/', length) && !strstr(text, "..") &&
	    (is_of_ipc(text, length) || text_starts_with(text, "net.")))
		return 0;
	return error_set(
		err, EINVAL,
		"sysctl '%s' is not allowed: it is not in a separate kernel namespace (net.*, fs.mqueue.*, kernel.msg*, kernel.sem, kernel.shm* are)",
		text);
}

static int write_one(const char *text, struct error *err)
{
	size_t length = strcspn(text, "=");
	AUTO_FREE char *path = memory_format("/proc/sys/%.*s", (int)length, text);

	for (char *at = path + strlen("/proc/sys/"); *at; at++)
		if (*at == '.')
			*at = '/';
	trace("sysctl -w %q", text);
	return file_write_value(AT_FDCWD, path, text + length + 1, err);
}

int sysctl_apply(const struct strings *list, bool own_network, bool own_ipc, struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *text = list->items[i];

		if (!own_network && text_starts_with(text, "net."))
			return error_set(err, EPERM,
					 "sysctl \"%.*s\" not allowed in host network namespace",
					 (int)strcspn(text, "="), text);
		if (!own_ipc && !text_starts_with(text, "net."))
			return error_set(
				err, EPERM,
				"sysctl \"%.*s\" is not allowed in the hosts ipc namespace",
				(int)strcspn(text, "="), text);
		if (sysctl_check(text, err) < 0 || write_one(text, err) < 0)
			return -1;
	}
	return 0;
}
