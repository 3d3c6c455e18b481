/* Giving up privileges, in the order that the kernel needs; see privileges.h. */
#include "privileges.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cleanup.h"
#include "seccomp.h"
#include "trace.h"

#define BIT(number) (UINT64_C(1) << (number))

/* Docker's default, 0xa80425fb: enough for package managers and servers, not for the host. */
static const uint64_t default_capabilities =
	BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_KILL) |
	BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) |
	BIT(CAP_NET_RAW) | BIT(CAP_SYS_CHROOT) | BIT(CAP_MKNOD) | BIT(CAP_AUDIT_WRITE) |
	BIT(CAP_SETFCAP);

/* All that we could give: what is in our own bounding set. */
static uint64_t all_capabilities(void)
{
	uint64_t all = 0;

	for (int number = 0; number < cap_max_bits(); number++)
		if (cap_get_bound(number) == 1)
			all |= BIT(number);
	return all;
}

static int capability_by_name(const char *name, uint64_t *bits, struct error *err)
{
	AUTO_FREE char *full =
		memory_format("%s%s", strncasecmp(name, "CAP_", 4) == 0 ? "" : "CAP_", name);
	cap_value_t number;

	if (strcasecmp(name, "ALL") == 0) {
		*bits = all_capabilities();
		return 0;
	}
	for (char *at = full; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	/* In any case of letters, for libcap too. */
	if (cap_from_name(full, &number) < 0 || number >= 64)
		return error_set(err, EINVAL, "unknown capability: \"%s\" (see capabilities(7))",
				 full);
	*bits = BIT(number);
	return 0;
}

static int capabilities_by_names(const struct strings *names, uint64_t *bits, struct error *err)
{
	for (size_t i = 0; i < names->count; i++) {
		uint64_t more = 0;

		if (capability_by_name(names->items[i], &more, err) < 0)
			return -1;
		*bits |= more;
	}
	return 0;
}

static bool has_all(const struct strings *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcasecmp(names->items[i], "ALL") == 0)
			return true;
	return false;
}

/* Adds each name, "chown" or "kill", after `before`. */
static void add_capability_names(uint64_t bits, const char *before, struct text *names)
{
	for (int number = 0; number < 64; number++) {
		char *name = bits & BIT(number) ? cap_to_name(number) : NULL;

		if (!name)
			continue;
		text_add_format(names, "%s%s", before, strchr(name, '_') + 1);
		cap_free(name);
	}
}

static void trace_drop(const struct privileges *privileges, const struct user *user)
{
	AUTO_TEXT struct text groups = {0}, capabilities = {0};

	if (!trace_is_on())
		return;
	for (size_t i = 0; i < user->group_count; i++)
		text_add_format(&groups, "%s%u", i ? "," : "", user->groups[i]);
	if (privileges->limited) {
		text_add_string(&capabilities, " --inh-caps=-all --bounding-set=-all");
		add_capability_names(privileges->capabilities, ",+", &capabilities);
	}
	trace("setpriv --reuid=%u --regid=%u --groups=%s%s", user->uid, user->gid,
	      text_string(&groups), text_string(&capabilities));
}

/* The bounding set is the ceiling of what any later exec can give, also by setuid files. It needs
 * CAP_SETPCAP, so it comes before all else is given up. */
static int limit_bounding_set(uint64_t capabilities, struct error *err)
{
	for (int number = 0; number < cap_max_bits(); number++)
		if (!(capabilities & BIT(number)) && cap_get_bound(number) == 1 &&
		    cap_drop_bound(number) < 0)
			return error_sys(err, "drop capability %d from the bounding set", number);
	return 0;
}

/* Groups first: without root's CAP_SETGID the group can't be changed any more. */
static int become_user(const struct user *user, struct error *err)
{
	if (setgroups(user->group_count, user->groups) < 0)
		return error_sys(err, "set the supplementary groups");
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return error_sys(err, "become group %u", user->gid);
	/* From root to another user the kernel clears all but the bounding set. */
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return error_sys(err, "become user %u", user->uid);
	return 0;
}

/* Permitted and effective as given; inheritable and ambient empty (CVE-2022-24769). */
static int set_capability_sets(uint64_t capabilities, struct error *err)
{
	AUTO_TEXT struct text missing = {0};
	cap_t caps = cap_init();
	int result = caps ? 0 : -1;

	for (cap_value_t number = 0; result == 0 && number < cap_max_bits(); number++)
		if (capabilities & BIT(number)) {
			result |= cap_set_flag(caps, CAP_PERMITTED, 1, &number, CAP_SET);
			result |= cap_set_flag(caps, CAP_EFFECTIVE, 1, &number, CAP_SET);
		}
	if (result == 0)
		result = cap_set_proc(caps);
	if (result < 0) {
		error_sys(err, "set the capabilities to 0x%llx", (unsigned long long)capabilities);
		/* The bounding set is down to what is wanted by now: the rest was never ours. */
		add_capability_names(capabilities & ~all_capabilities(), " ", &missing);
		error_hint(err, EPERM, "this process itself lacks:%s", text_string(&missing));
	}
	cap_free(caps);
	return result < 0 ? -1 : 0;
}

static int load_filter(const struct privileges *privileges, struct error *err)
{
	if (!privileges->seccomp)
		return 0;
	return privileges->filter ? seccomp_load(privileges->filter, err)
				  : seccomp_load_default(privileges->capabilities, err);
}

int privileges_capabilities(const struct strings *add, const struct strings *drop,
			    uint64_t *capabilities, struct error *err)
{
	uint64_t added = 0, dropped = 0;

	if (capabilities_by_names(add, &added, err) < 0)
		return error_wrap(err, "invalid CapAdd");
	if (capabilities_by_names(drop, &dropped, err) < 0)
		return error_wrap(err, "invalid CapDrop");
	if (has_all(add))
		*capabilities = added & ~(has_all(drop) ? 0 : dropped);
	else if (has_all(drop))
		*capabilities = added;
	else
		*capabilities = (default_capabilities & ~dropped) | added;
	return 0;
}

int privileges_drop(const struct privileges *privileges, const struct user *user, struct error *err)
{
	/* Step 1.7: without no_new_privs it takes CAP_SYS_ADMIN, which is about to go. */
	if (!privileges->no_new_privileges && load_filter(privileges, err) < 0)
		return -1;
	trace_drop(privileges, user);
	/* Step 1.6: the ceiling takes CAP_SETPCAP, so it comes before the change of user. */
	if (privileges->limited && limit_bounding_set(privileges->capabilities, err) < 0)
		return -1;
	/* Step 1.5: it takes CAP_SETGID and CAP_SETUID, so it comes before these are given up. */
	if (become_user(user, err) < 0)
		return -1;
	/* Step 1.6: and what is left is exactly what was asked for, even for root. */
	if (privileges->limited &&
	    set_capability_sets(user->uid == 0 ? privileges->capabilities : 0, err) < 0)
		return -1;
	return 0;
}

int privileges_lock(const struct privileges *privileges, struct error *err)
{
	if (!privileges->no_new_privileges)
		return 0;
	trace("setpriv --no-new-privs");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_sys(err, "set no_new_privs");
	return load_filter(privileges, err);
}
