/* Signals that are passed on; see forwarding.h. */
#include "forwarding.h"

#include <stddef.h>

#include "cleanup.h"

int forwarding_block(sigset_t *old_mask, struct error *err)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < ARRAY_LENGTH(faults); i++)
		sigdelset(&all, faults[i]);
	if (sigprocmask(SIG_BLOCK, &all, old_mask) < 0)
		return error_sys(err, "block signals");
	return 0;
}

bool forwarding_includes(int number)
{
	return number != SIGCHLD && number != SIGPIPE && number != SIGURG;
}
