/* See netns.h. */
#include "netns.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"

int netns_call(pid_t pid, int (*function)(void *context, struct error *err), void *context,
	       struct error *err)
{
	AUTO_CLOSE int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int there = -1;
	char path[32];
	int result;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (home < 0 || there < 0)
		return error_sys(err, "open the network namespace of process %d", pid);
	if (setns(there, CLONE_NEWNET) < 0)
		return error_sys(err, "enter the network namespace of process %d", pid);
	result = function(context, err);
	if (setns(home, CLONE_NEWNET) < 0)
		return error_sys(err, "return from the network namespace of process %d", pid);
	return result;
}
