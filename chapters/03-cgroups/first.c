/* first BYTES COMMAND [ARG...] - a memory limit in the fewest lines, for a host with cgroup v2 */
#include <err.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *path, const char *value)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(value, file) < 0 || fclose(file) != 0)
		err(125, "%s", path);
}

int main(int argc, char *argv[])
{
	if (argc < 3)
		errx(125, "usage: first BYTES COMMAND [ARG...]");
	mkdir("/sys/fs/cgroup/first", 0755);
	put("/sys/fs/cgroup/first/memory.max", argv[1]);
	/* 0 is the process that writes. */
	put("/sys/fs/cgroup/first/cgroup.procs", "0");
	execvp(argv[2], argv + 2);
	err(127, "%s", argv[2]);
}
