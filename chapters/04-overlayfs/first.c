/* first LAYERS UPPER WORK COMMAND [ARG...] - layers as one root, in the fewest lines */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	char options[4096], root[] = "/tmp/first.XXXXXX";

	if (argc < 5)
		errx(125, "usage: first LAYERS UPPER WORK COMMAND [ARG...]");
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", argv[1], argv[2],
		 argv[3]);
	if (!mkdtemp(root) || mount("overlay", root, "overlay", 0, options) < 0)
		err(125, "mount %s", options);
	if (chroot(root) < 0 || chdir("/") < 0)
		err(125, "chroot %s", root);
	execvp(argv[4], argv + 4);
	err(127, "%s", argv[4]);
}
