/*
 * escape - what a program inside a container may try; prints what it reached, if anything
 *
 *	escape chroot FILE       leave the root by chroot and "..", and look for FILE
 *	escape process PID       signal and trace a process by its number on the host
 *	escape device b 254 0    make a device node and open it
 *	escape tiocsti           push a character into the terminal that is 0, 1 or 2
 *	escape watch NAME        wait for a process whose program's path has NAME in it
 *	escape euid              the effective user, for a copy that is setuid
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int tell(const char *what, int result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : "REACHED");
	return 0;
}

static int try_chroot(const char *file)
{
	int outside = open("/", O_RDONLY | O_DIRECTORY);

	mkdir("/tmp/jail", 0755);
	if (chroot("/tmp/jail") < 0 || fchdir(outside) < 0)
		return tell("chroot", -1);
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return tell("..", -1);
	if (chroot(".") < 0)
		return tell("chroot .", -1);
	return tell("file", access(file, F_OK));
}

static int try_device(char *const *argv)
{
	mode_t type = *argv[0] == 'b' ? S_IFBLK : S_IFCHR;
	unsigned device_major = (unsigned)atoi(argv[1]), device_minor = (unsigned)atoi(argv[2]);

	if (mknod("/tmp/node", type | 0600, makedev(device_major, device_minor)) < 0)
		return tell("mknod", -1);
	return tell("open", open("/tmp/node", O_RDONLY | O_NONBLOCK));
}

/* Without end. */
static int watch(const char *name)
{
	for (;;) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc))) {
			char path[300], target[4096];
			ssize_t length;

			snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
			length = readlink(path, target, sizeof(target) - 1);
			target[length < 0 ? 0 : length] = '\0';
			if (strstr(target, name)) {
				tell(target, open(path, O_RDONLY));
				fflush(stdout);
			}
		}
		closedir(proc);
	}
}

int main(int argc, char *argv[])
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "chroot") == 0 && argc == 3)
		return try_chroot(argv[2]);
	if (strcmp(what, "process") == 0 && argc == 3) {
		tell("kill", kill(atoi(argv[2]), 0));
		return tell("ptrace", (int)ptrace(PTRACE_ATTACH, atoi(argv[2]), NULL, NULL));
	}
	if (strcmp(what, "device") == 0 && argc == 5)
		return try_device(argv + 2);
	if (strcmp(what, "watch") == 0 && argc == 3)
		return watch(argv[2]);
	if (strcmp(what, "tiocsti") == 0) {
		for (int fd = 0; fd < 3; fd++)
			tell("tiocsti", ioctl(fd, TIOCSTI, "x"));
		return 0;
	}
	if (strcmp(what, "euid") == 0)
		return printf("euid %d\n", (int)geteuid()) < 0;
	return 2;
}
