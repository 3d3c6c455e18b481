/* Signals that are passed on; see forwarding.h. */
#include "forwarding.h"

int forwarding_block(sigset_t *old_mask, struct error *err)
{
	struct sigaction by_default = {.sa_handler = SIG_DFL};
	sigset_t all;

	/* Ignored, as some callers leave it, it would make the kernel drop exit statuses. wait(2) */
	sigaction(SIGCHLD, &by_default, NULL);
	sigfillset(&all);
	if (sigprocmask(SIG_BLOCK, &all, old_mask) < 0)
		return error_sys(err, "block signals");
	return 0;
}

bool forwarding_includes(int number)
{
	return number != SIGCHLD && number != SIGPIPE && number != SIGURG;
}
