/*
 * Runs a fuzz target on each file of its corpus, without libFuzzer: a unit test. What a fuzzer has
 * once found stays found.
 */
#include <dirent.h>
#include <fcntl.h>

#include "file.h"
#include "fuzz.h"
#include "path.h"
#include "tap.h"

static bool replay(const char *path)
{
	AUTO_TEXT struct text input = {0};
	struct error err;

	if (file_read(AT_FDCWD, path, 1 << 24, &input, &err) < 0)
		return false;
	return LLVMFuzzerTestOneInput((const uint8_t *)input.data, input.length) == 0;
}

int main(void)
{
	AUTO_CLOSE_DIR DIR *dir = opendir(CORPUS);
	struct dirent *entry;

	ok(dir != NULL, "there is a corpus: " CORPUS);
	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *path = path_join(CORPUS, entry->d_name);

		if (entry->d_name[0] != '.')
			ok(replay(path), entry->d_name);
	}
	return tap_done();
}
