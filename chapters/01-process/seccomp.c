#include "seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seccomp_program.h"
#include "trace.h"

/* default_profile, of seccomp.profile. */
#include "seccomp_filters.h"

int seccomp_load_default(uint64_t capabilities, struct error *err)
{
	struct seccomp_program program;
	struct sock_fprog filter = {.filter = program.code};

	if (seccomp_assemble(&program, &default_profile, capabilities) < 0)
		return error_set(err, E2BIG, "assemble the seccomp filter: too many rules");
	filter.len = (unsigned short)program.length;

	trace("# seccomp: load Docker's default profile (%u instructions)", program.length);
	/* Without this flag, before Linux 5.16, a filter also slows the process down, to close
	 * Spectre variant 4 for it. runc sets it too. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) <
	    0) {
		error_sys(err, "load the default seccomp profile");
		error_hint(err, EACCES, "it needs CAP_SYS_ADMIN or no_new_privs");
		return error_hint(err, EINVAL, "is the kernel built with CONFIG_SECCOMP_FILTER?");
	}
	return 0;
}
