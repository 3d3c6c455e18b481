#include "seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seccomp_program.h"
#include "trace.h"

/* default_profile, of seccomp.profile. */
#include "seccomp_filters.h"

static int load(const struct sock_filter *code, size_t length, unsigned flags, struct error *err)
{
	struct sock_fprog filter = {(unsigned short)length, (struct sock_filter *)code};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter) < 0) {
		error_sys(err, "load the seccomp profile");
		error_hint(err, EACCES, "it needs CAP_SYS_ADMIN or no_new_privs");
		return error_hint(err, EINVAL, "is the kernel built with CONFIG_SECCOMP_FILTER?");
	}
	return 0;
}

int seccomp_load(const struct seccomp_filter *filter, struct error *err)
{
	trace("# seccomp: load a profile of the user's (%u instructions)", filter->length);
	return load(filter->code, filter->length, filter->flags, err);
}

int seccomp_load_default(uint64_t capabilities, struct error *err)
{
	struct seccomp_program program;

	if (seccomp_assemble(&program, &default_profile, capabilities) < 0)
		return error_set(err, E2BIG, "assemble the seccomp filter: too many rules");
	trace("# seccomp: load Docker's default profile (%u instructions)", program.length);
	/* Without this flag, before Linux 5.16, a filter also slows the process down, to close
	 * Spectre variant 4 for it. runc sets it too. */
	return load(program.code, program.length, SECCOMP_FILTER_FLAG_SPEC_ALLOW, err);
}
