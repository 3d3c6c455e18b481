/* A scope from systemd; see cgroup_systemd.h. */
#include "cgroup_systemd.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "path.h"
#include "text.h"
#include "trace.h"

#define SUPERVISOR "supervisor"
#define TRIES_MOST 500 /* of 10 milliseconds */

/* What is used of libsystemd, as in its <systemd/sd-bus.h>. */
struct bus_error {
	const char *name, *message;
	int need_free;
};

struct bus_library {
	void *handle;
	int (*open_system)(void **bus);
	int (*call_method)(void *bus, const char *destination, const char *path,
			   const char *interface, const char *member, struct bus_error *err,
			   void **reply, const char *types, ...);
	void *(*unref)(void *bus);
	void (*error_free)(struct bus_error *err);
	void *(*message_unref)(void *message);
};

/* --- asking -------------------------------------------------------------------------------- */

static int cant_ask(const char *why, struct error *err)
{
	return error_set(
		err, ENOTSUP,
		"make a cgroup: systemd owns those of this host and could not be asked for one (%s): run it in a scope, as systemd-run --scope -p Delegate=yes COMMAND",
		why);
}

static int load_library(struct bus_library *library, struct error *err)
{
	void *handle = dlopen("libsystemd.so.0", RTLD_NOW);

	if (!handle)
		return cant_ask("libsystemd.so.0 is not installed", err);
	*library = (struct bus_library){.handle = handle,
					.open_system = dlsym(handle, "sd_bus_open_system"),
					.call_method = dlsym(handle, "sd_bus_call_method"),
					.unref = dlsym(handle, "sd_bus_flush_close_unref"),
					.error_free = dlsym(handle, "sd_bus_error_free"),
					.message_unref = dlsym(handle, "sd_bus_message_unref")};
	if (!library->open_system || !library->call_method || !library->unref ||
	    !library->error_free || !library->message_unref) {
		dlclose(handle);
		return cant_ask("libsystemd.so.0 has no sd-bus", err);
	}
	return 0;
}

/* Five properties: delegated, with this process in it, and no trace of it after its end. */
static int start_scope(const struct bus_library *library, void *bus, const char *unit,
		       const char *slice, struct error *err)
{
	struct bus_error failed = {0};
	void *reply = NULL;
	int result;

	trace("busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager StartTransientUnit 'ssa(sv)a(sa(sv))' %q fail 5 Description s coracle Slice s %q Delegate b true PIDs au 1 %d CollectMode s inactive-or-failed 0",
	      unit, slice, getpid());
	result = library->call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
				      "org.freedesktop.systemd1.Manager", "StartTransientUnit",
				      &failed, &reply, "ssa(sv)a(sa(sv))", unit, "fail", 5,
				      "Description", "s", "coracle", "Slice", "s", slice,
				      "Delegate", "b", 1, "PIDs", "au", 1, (uint32_t)getpid(),
				      "CollectMode", "s", "inactive-or-failed", 0);
	if (result < 0)
		cant_ask(failed.message ? failed.message : strerror(-result), err);
	library->error_free(&failed);
	library->message_unref(reply);
	return result < 0 ? -1 : 0;
}

static int ask(const char *unit, const char *slice, struct error *err)
{
	struct bus_library library = {0};
	void *bus = NULL;
	int result;

	if (load_library(&library, err) < 0)
		return -1;
	result = library.open_system(&bus);
	if (result < 0)
		cant_ask(strerror(-result), err);
	else
		result = start_scope(&library, bus, unit, slice, err);
	if (bus)
		library.unref(bus);
	dlclose(library.handle);
	return result < 0 ? -1 : 0;
}

/* --- where we are -------------------------------------------------------------------------- */

/* The path of our cgroup below the mount point, "" for the root. The caller frees *own. */
static int read_own(char **own, struct error *err)
{
	AUTO_TEXT struct text text = {0};
	const char *line;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &text, err) < 0)
		return -1;
	line = strstr(text_string(&text), "0::/");
	if (!line)
		return error_set(err, ENOTSUP, "there is no cgroup version 2 in /proc/self/cgroup");
	line += strlen("0::/");
	*own = memory_format("%.*s", (int)strcspn(line, "\n"), line);
	return 0;
}

/* systemd marks what it has delegated. */
static bool is_delegated(const char *mount, const char *path)
{
	AUTO_FREE char *dir = path_join(mount, path);
	char value = '0';

	return (getxattr(dir, "user.delegate", &value, 1) == 1 ||
		getxattr(dir, "trusted.delegate", &value, 1) == 1) &&
	       value == '1';
}

/* The job that systemd has begun may take a moment. */
static int await_move(const char *unit, char **own, struct error *err)
{
	for (int tries = 0; tries < TRIES_MOST; tries++) {
		const char *last;

		cleanup_memory(own);
		if (read_own(own, err) < 0)
			return -1;
		last = strrchr(*own, '/');
		if (strcmp(last ? last + 1 : *own, unit) == 0)
			return 0;
		usleep(10000);
	}
	return error_set(err, ETIMEDOUT, "wait for systemd to start '%s'", unit);
}

static int enter_supervisor(const char *mount, const char *base, struct error *err)
{
	AUTO_FREE char *dir = memory_format("%s/%s/" SUPERVISOR, mount, base);
	AUTO_FREE char *procs = path_join(dir, "cgroup.procs");

	trace("mkdir -p %q", dir);
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return error_sys(err, "make the cgroup '%s'", dir);
	trace("echo 0 > %q", procs);
	return file_write_value(AT_FDCWD, procs, "0", err);
}

/* --- exported ------------------------------------------------------------------------------ */

bool cgroup_systemd_runs(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

int cgroup_systemd_delegate(const char *mount, const char *slice, const char *id, char **base,
			    struct error *err)
{
	AUTO_FREE char *unit = memory_format("coracle-%s.scope", id);
	AUTO_FREE char *own = NULL;
	char *end;

	if (read_own(&own, err) < 0)
		return -1;
	/* A process that has made a container before is in its supervisor already. */
	end = strstr(own, "/" SUPERVISOR);
	if (end && !end[strlen("/" SUPERVISOR)])
		*end = '\0';
	if (!is_delegated(mount, own)) {
		if (slice && !strstr(slice, ".slice"))
			return error_set(
				err, EINVAL,
				"cgroup-parent for systemd cgroup should be a valid slice named as \"xxx.slice\"");
		if (ask(unit, slice ? slice : "system.slice", err) < 0 ||
		    await_move(unit, &own, err) < 0)
			return -1;
	}
	if (enter_supervisor(mount, own, err) < 0)
		return -1;
	*base = take_ptr(&own);
	return 0;
}
