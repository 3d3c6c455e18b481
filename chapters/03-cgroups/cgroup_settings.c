/* Limits as files; see cgroup_settings.h. */
#include "cgroup_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "file.h"
#include "path.h"
#include "text.h"
#include "trace.h"

/* Docker's option for each kind of rate. */
static const char *const rate_options[CGROUP_RATE_KINDS] = {
	"--device-read-bps", "--device-write-bps", "--device-read-iops", "--device-write-iops"};

/* Writes one setting. Returns 1 if the next is to be tried instead. */
static int write_one(const struct cgroup_setting *setting, const char *dir, struct error *err)
{
	AUTO_FREE char *path = path_join(dir, setting->file);

	trace("echo %q > %q", setting->value, path);
	if (file_write_value(AT_FDCWD, path, setting->value, err) == 0)
		return 0;
	if (err->code == ENOENT && setting->missing != MUST) {
		trace("# this kernel has no '%s': left out", setting->file);
		return setting->missing == OR_NEXT;
	}
	if (err->code == ENOENT)
		err->code = ENOTSUP;
	error_hint(err, ENOTSUP, "this kernel can't limit that");
	return error_wrap(err, "set %s", setting->option);
}

void cgroup_settings_add(struct cgroup_settings *settings, struct cgroup_setting setting,
			 const char *format, ...)
{
	char value[8192];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	setting.value = memory_string(value);
	settings->items =
		memory_resized(settings->items, settings->count + 1, sizeof(*settings->items));
	settings->items[settings->count++] = setting;
}

char *cgroup_setting_controller(const struct cgroup_setting *setting)
{
	return memory_format("%.*s", (int)strcspn(setting->file, "."), setting->file);
}

int cgroup_settings_add_rates(struct cgroup_settings *settings, const struct cgroup_rates *rates,
			      const char *const files[CGROUP_RATE_KINDS],
			      const char *const prefixes[CGROUP_RATE_KINDS], struct error *err)
{
	for (size_t i = 0; i < rates->count; i++) {
		const struct cgroup_rate *rate = &rates->items[i];
		struct stat st;

		if (stat(rate->device, &st) < 0)
			return error_sys(err, "set %s: find the device '%s'",
					 rate_options[rate->kind], rate->device);
		if (!S_ISBLK(st.st_mode))
			return error_set(err, ENOTBLK, "set %s: '%s' is not a block device",
					 rate_options[rate->kind], rate->device);
		cgroup_settings_add(
			settings,
			(struct cgroup_setting){rate_options[rate->kind], files[rate->kind]},
			"%u:%u %s%lu", major(st.st_rdev), minor(st.st_rdev), prefixes[rate->kind],
			rate->per_second);
	}
	return 0;
}

int cgroup_settings_write(const struct cgroup_settings *settings,
			  char *(*dir_of)(const void *context, const char *controller),
			  const void *context, struct error *err)
{
	for (size_t i = 0; i < settings->count; i++) {
		bool alternative = settings->items[i].missing == OR_NEXT;
		AUTO_FREE char *controller = cgroup_setting_controller(&settings->items[i]);
		AUTO_FREE char *dir = dir_of(context, controller);
		int result = write_one(&settings->items[i], dir, err);

		if (result < 0)
			return -1;
		if (alternative && result == 0)
			i++;
	}
	return 0;
}

void cgroup_settings_release(struct cgroup_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		cleanup_memory(&settings->items[i].value);
	cleanup_memory(&settings->items);
	settings->count = 0;
}
