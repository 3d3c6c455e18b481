/* A layer, unpacked naively: zcat LAYER | ./first DIR. Reads what simple tools write. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char header[512], block[512];

	if (argc != 2 || chdir(argv[1]) < 0)
		return 125;
	while (fread(header, 512, 1, stdin) == 1 && header[0]) {
		char *name = header, *target = header + 157;
		mode_t mode = (mode_t)strtol(header + 100, NULL, 8);
		long size = strtol(header + 124, NULL, 8);
		FILE *file = NULL;

		if (header[156] == '5')
			mkdir(name, mode);
		else if (header[156] == '2')
			symlink(target, name);
		else if (header[156] == '1')
			link(target, name);
		else
			file = fopen(name, "w");
		for (; size > 0 && fread(block, 512, 1, stdin) == 1; size -= 512)
			if (file)
				fwrite(block, size < 512 ? (size_t)size : 512, 1, file);
		if (file)
			fclose(file);
		chmod(name, mode);
	}
	return 0;
}
