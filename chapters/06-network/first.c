/* first COMMAND [ARG...] - a network namespace with a way out, in the fewest lines */
#define _GNU_SOURCE
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char script[] =
	"ip link add first0 type bridge; ip address add 10.98.0.1/24 dev first0; ip link set first0 up;"
	"ip link add cable up master first0 type veth peer name eth0 netns %d;"
	"nsenter -n -t %d ip address add 10.98.0.2/24 dev eth0;"
	"nsenter -n -t %d ip link set eth0 up;"
	"nsenter -n -t %d ip route add default via 10.98.0.1";

int main(int argc, char *argv[])
{
	char commands[1000];
	int status;
	pid_t pid = fork();

	if (argc < 2 || pid < 0)
		errx(125, "usage: first COMMAND [ARG...]");
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0)
			err(125, "unshare");
		raise(SIGSTOP); /* until the other one has laid the cable */
		execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, &status, WUNTRACED);
	snprintf(commands, sizeof(commands), script, pid, pid, pid, pid);
	system(commands);
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}
