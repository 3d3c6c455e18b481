/* The config of an image, and the command that it makes. */
#include "fuzz.h"

#include "image_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	AUTO_STRINGS struct strings argv = {0};
	struct error err;

	if (image_config_parse((const char *)data, size, &config, &err) == 0)
		image_config_argv(&config, NULL, NULL, &argv, &err);
	return 0;
}
