/* Executing a command; see execute.h. */
#include "execute.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "text.h"

/* The bytes of the program. */
static const unsigned char exec_stub[] = {
#include "exec_stub.h"
};

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

/* Older kernels know no MFD_EXEC, and need none. */
static int make_memfd(void)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("exec_stub", flags | MFD_EXEC);

	return fd < 0 && errno == EINVAL ? memfd_create("exec_stub", flags) : fd;
}

static size_t count_of(char *const *argv)
{
	size_t count = 0;

	while (argv[count])
		count++;
	return count;
}

int execute_open(struct error *err)
{
	AUTO_CLOSE int fd = make_memfd();
	int high = -1;

	if (fd < 0) {
		error_sys(err, "make a file in memory");
		return error_hint(err, EACCES, "the sysctl vm.memfd_noexec is 2");
	}
	/* Nobody can change it any more. */
	if (write(fd, exec_stub, sizeof(exec_stub)) != sizeof(exec_stub) || fchmod(fd, 0555) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) < 0)
		return error_sys(err, "fill and seal a file in memory");
	/* Those below are about to be the command's, even if ours were closed. */
	high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return high < 0 ? error_sys(err, "duplicate a file in memory") : high;
}

int execute_file(const struct execution *execution, const char *file, char *const *argv,
		 char *const *env, struct error *err)
{
	size_t count = count_of(argv);
	AUTO_FREE char **stub_argv = memory_zeroed(count + 3, sizeof(*stub_argv));
	AUTO_FREE char *number = memory_format("%d", execution->channel);

	stub_argv[0] = number;
	stub_argv[1] = (char *)file;
	for (size_t i = 0; i < count; i++)
		stub_argv[i + 2] = argv[i];
	if (fcntl(execution->channel, F_SETFD, 0) < 0)
		return error_sys(err, "keep a descriptor open across exec");
	execveat(execution->stub, "", stub_argv, env, AT_EMPTY_PATH);
	return error_sys(err, "execute a file in memory");
}

int execute_hide(struct error *err)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_sys(err, "make the process not dumpable");
	return 0;
}
