/* eater - test program: touches as many MiB of memory as asked for, and says so */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char *argv[])
{
	size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) << 20 : 0;
	char *memory = malloc(size);

	if (!memory)
		return 3;
	memset(memory, 1, size);
	printf("ate %zu MiB\n", size >> 20);
	return 0;
}
