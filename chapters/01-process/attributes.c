/* Limits, scores and profiles of a process; see attributes.h. */
#include "attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "file.h"
#include "seccomp_file.h"
#include "trace.h"

struct limit {
	const char *name;
	int resource;
	struct rlimit values;
};

/* Docker's names. */
static const struct {
	const char *name;
	int resource;
} resources[] = {
	{"core", RLIMIT_CORE},	       {"cpu", RLIMIT_CPU},
	{"data", RLIMIT_DATA},	       {"fsize", RLIMIT_FSIZE},
	{"locks", RLIMIT_LOCKS},       {"memlock", RLIMIT_MEMLOCK},
	{"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
	{"nofile", RLIMIT_NOFILE},     {"nproc", RLIMIT_NPROC},
	{"rss", RLIMIT_RSS},	       {"rtprio", RLIMIT_RTPRIO},
	{"rttime", RLIMIT_RTTIME},     {"sigpending", RLIMIT_SIGPENDING},
	{"stack", RLIMIT_STACK},
};

static int find_resource(const char *name, struct limit *limit, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LENGTH(resources); i++)
		if (strcmp(resources[i].name, name) == 0) {
			limit->name = resources[i].name;
			limit->resource = resources[i].resource;
			return 0;
		}
	return error_set(err, EINVAL, "invalid ulimit type: %s", name);
}

static int read_value(const char *text, rlim_t *value, struct error *err)
{
	uint64_t number = 0;

	if (strcmp(text, "-1") == 0) {
		*value = RLIM_INFINITY;
		return 0;
	}
	if (text_to_number(text, INT64_MAX, &number, err) < 0)
		return error_wrap(err, "a limit is a number, or -1");
	*value = number;
	return 0;
}

static int read_limit(const char *text, struct limit *limit, struct error *err)
{
	AUTO_FREE char *copy = memory_string(text);
	char *hard = copy, *name = strsep(&hard, "="), *soft = strsep(&hard, ":");

	if (!soft)
		return error_set(err, EINVAL, "invalid ulimit argument: %s", text);
	if (find_resource(name, limit, err) < 0 ||
	    read_value(soft, &limit->values.rlim_cur, err) < 0)
		return -1;
	limit->values.rlim_max = limit->values.rlim_cur;
	if (hard && read_value(hard, &limit->values.rlim_max, err) < 0)
		return -1;
	if (limit->values.rlim_cur > limit->values.rlim_max)
		return error_set(
			err, EINVAL,
			"ulimit soft limit must be less than or equal to hard limit: %s > %s", soft,
			hard);
	return 0;
}

static int apply_limit(const char *text, struct error *err)
{
	struct limit limit;

	if (read_limit(text, &limit, err) < 0)
		return -1;
	trace("ulimit %s", text);
	if (setrlimit(limit.resource, &limit.values) < 0) {
		error_sys(err, "set the limit '%s'", text);
		return error_hint(err, EPERM, "only CAP_SYS_RESOURCE can raise a hard limit");
	}
	return 0;
}

static int apply_oom_score(int score, struct error *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", score);
	trace("echo %s > /proc/self/oom_score_adj", text);
	if (file_write_value(AT_FDCWD, "/proc/self/oom_score_adj", text, err) < 0)
		return error_hint(err, EACCES, "only CAP_SYS_RESOURCE can lower it");
	return 0;
}

/* The value of "NAME=VALUE" or, as Docker once wrote it, "NAME:VALUE"; NULL for another name. */
static const char *security_value(const char *text, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(text, name, length) != 0)
		return NULL;
	return text[length] == '=' || text[length] == ':' ? text + length + 1 : NULL;
}

static const char *find_security(const struct attributes *attributes, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < attributes->security.count; i++) {
		const char *found = security_value(attributes->security.items[i], name);

		value = found ? found : value;
	}
	return value;
}

static bool is_set(const struct attributes *attributes, const char *name, const char *wanted)
{
	const char *value = find_security(attributes, name);

	return value && strcmp(value, wanted) == 0;
}

static int apply_apparmor(const char *profile, struct error *err)
{
	AUTO_FREE char *command = memory_format("exec %s", profile);

	trace("echo %q > /proc/self/attr/apparmor/exec", command);
	if (file_write_value(AT_FDCWD, "/proc/self/attr/apparmor/exec", command, err) < 0) {
		error_hint(err, ENOENT, "no such profile is loaded");
		return error_wrap(err, "set the AppArmor profile '%s'", profile);
	}
	return 0;
}

/* What a context of SELinux consists of, and what it is if nobody says. */
static const struct {
	const char *name, *usual;
} label_parts[] = {
	{"user", "system_u"},
	{"role", "system_r"},
	{"type", "container_t"},
	{"level", "s0"},
};

static const char *find_label(const struct attributes *attributes, const char *part)
{
	const char *found = NULL;

	for (size_t i = 0; i < attributes->security.count; i++) {
		const char *label = security_value(attributes->security.items[i], "label");
		const char *value = label ? security_value(label, part) : NULL;

		found = value ? value : found;
	}
	return found;
}

static int apply_label(const struct attributes *attributes, struct error *err)
{
	AUTO_TEXT struct text context = {0};

	attributes_label(attributes, &context);
	if (!context.length)
		return 0;
	trace("echo %q > /proc/self/attr/exec", context.data);
	if (file_write_value(AT_FDCWD, "/proc/self/attr/exec", context.data, err) < 0) {
		error_hint(err, EINVAL, "the policy that is loaded has no such context");
		return error_wrap(err, "set the SELinux label '%s'", context.data);
	}
	return 0;
}

static int need_file(const char *path, const char *what, struct error *err)
{
	if (access(path, F_OK) < 0)
		return error_set(err, ENOTSUP, "this kernel has no %s", what);
	return 0;
}

static int check_label(const char *value, struct error *err)
{
	bool known = false;

	if (strcmp(value, "disable") == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LENGTH(label_parts); i++)
		known |= security_value(value, label_parts[i].name) != NULL;
	if (!known)
		return error_set(
			err, EINVAL,
			"label is disable, or user:USER, role:ROLE, type:TYPE or level:LEVEL");
	return need_file("/sys/fs/selinux/enforce", "SELinux", err);
}

static int check_security(const char *text, struct error *err)
{
	const char *value;

	if (strcmp(text, "no-new-privileges") == 0)
		return 0;
	if ((value = security_value(text, "no-new-privileges")))
		return strcmp(value, "true") == 0 || strcmp(value, "false") == 0
			       ? 0
			       : error_set(err, EINVAL, "it is true or false");
	if ((value = security_value(text, "seccomp")))
		return strcmp(value, "unconfined") == 0 || strcmp(value, "builtin") == 0 ||
				       *value == '{'
			       ? 0
			       : error_set(err, EINVAL,
					   "seccomp is unconfined, builtin or a profile");
	if ((value = security_value(text, "apparmor")))
		return strcmp(value, "unconfined") == 0
			       ? 0
			       : need_file("/proc/self/attr/apparmor/exec", "AppArmor", err);
	if ((value = security_value(text, "label")))
		return check_label(value, err);
	if ((value = security_value(text, "systempaths")) && strcmp(value, "unconfined") == 0)
		return 0;
	return error_set(
		err, EINVAL,
		"it is no-new-privileges, seccomp=…, apparmor=…, label=… or systempaths=unconfined");
}

/* --- exported ------------------------------------------------------------------------------ */

int attributes_check_ulimit(const char *text, struct error *err)
{
	struct limit limit;

	return read_limit(text, &limit, err);
}

int attributes_add_security(struct attributes *attributes, const char *text, struct error *err)
{
	const char *file = security_value(text, "seccomp");
	AUTO_TEXT struct text profile = {0};

	if (file && strcmp(file, "unconfined") != 0 && strcmp(file, "builtin") != 0) {
		text_add_string(&profile, "seccomp=");
		if (seccomp_file_read(file, &profile, err) < 0)
			return -1;
		text = profile.data;
	}
	if (check_security(text, err) < 0)
		return -1;
	strings_add(&attributes->security, text);
	return 0;
}

const char *attributes_seccomp_profile(const struct attributes *attributes)
{
	const char *value = find_security(attributes, "seccomp");

	return value && *value == '{' ? value : NULL;
}

void attributes_label(const struct attributes *attributes, struct text *context)
{
	bool asked = false;

	for (size_t i = 0; i < ARRAY_LENGTH(label_parts); i++)
		asked |= find_label(attributes, label_parts[i].name) != NULL;
	for (size_t i = 0; asked && i < ARRAY_LENGTH(label_parts); i++) {
		const char *value = find_label(attributes, label_parts[i].name);

		text_add_format(context, "%s%s", i ? ":" : "",
				value ? value : label_parts[i].usual);
	}
}

void attributes_restrict(const struct attributes *attributes, struct privileges *privileges)
{
	struct strings all = {(char *[]){"ALL", NULL}, 1}, none = {0};
	struct error ignored; /* ALL is a name */

	if (attributes->privileged)
		privileges_capabilities(&all, &none, &privileges->capabilities, &ignored);
	/* A profile of one's own counts with --privileged too. */
	if (is_set(attributes, "seccomp", "unconfined") ||
	    (attributes->privileged && !attributes_seccomp_profile(attributes)))
		privileges->seccomp = false;
	if (strings_contain(&attributes->security, "no-new-privileges") ||
	    is_set(attributes, "no-new-privileges", "true"))
		privileges->no_new_privileges = true;
}

bool attributes_unmasked(const struct attributes *attributes)
{
	return attributes->privileged || is_set(attributes, "systempaths", "unconfined");
}

int attributes_apply(const struct attributes *attributes, struct error *err)
{
	const char *profile = find_security(attributes, "apparmor");

	for (size_t i = 0; i < attributes->ulimits.count; i++)
		if (apply_limit(attributes->ulimits.items[i], err) < 0)
			return -1;
	if (attributes->oom_score_adj && apply_oom_score(attributes->oom_score_adj, err) < 0)
		return -1;
	if (apply_label(attributes, err) < 0)
		return -1;
	return profile && strcmp(profile, "unconfined") != 0 ? apply_apparmor(profile, err) : 0;
}

void attributes_copy(struct attributes *to, const struct attributes *from)
{
	*to = (struct attributes){.oom_score_adj = from->oom_score_adj,
				  .privileged = from->privileged};
	strings_add_all(&to->groups, &from->groups);
	strings_add_all(&to->ulimits, &from->ulimits);
	strings_add_all(&to->security, &from->security);
}

void attributes_release(struct attributes *attributes)
{
	strings_release(&attributes->groups);
	strings_release(&attributes->ulimits);
	strings_release(&attributes->security);
}
