/* Limits as files; see cgroup_settings.h. */
#include "cgroup_settings.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "path.h"
#include "text.h"
#include "trace.h"

void cgroup_settings_add(struct cgroup_settings *settings, struct cgroup_setting setting,
			 const char *format, ...)
{
	char value[8192];
	va_list args;

	assert(settings->count < ARRAY_LENGTH(settings->items));
	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	setting.value = memory_string(value);
	settings->items[settings->count++] = setting;
}

char *cgroup_setting_controller(const struct cgroup_setting *setting)
{
	return memory_format("%.*s", (int)strcspn(setting->file, "."), setting->file);
}

int cgroup_setting_write(const struct cgroup_setting *setting, const char *dir, struct error *err)
{
	AUTO_FREE char *path = path_join(dir, setting->file);

	trace("echo %q > %q", setting->value, path);
	if (file_write_value(AT_FDCWD, path, setting->value, err) == 0)
		return 0;
	if (err->code == ENOENT && setting->may_lack) {
		trace("# this kernel has no '%s': left out", setting->file);
		return 0;
	}
	if (err->code == ENOENT)
		err->code = ENOTSUP;
	error_hint(err, ENOTSUP, "this kernel can't limit that");
	return error_wrap(err, "set %s", setting->option);
}

void cgroup_settings_release(struct cgroup_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		cleanup_memory(&settings->items[i].value);
	settings->count = 0;
}
