/* Manifests and indexes; of an index every platform is asked for. */
#include "fuzz.h"

#include "manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const platforms[] = {"linux/amd64", "linux/arm64/v8", "linux/arm/v7"};
	AUTO_MANIFEST struct manifest manifest = {0};
	const struct descriptor *entry;
	struct platform platform;
	struct error err;

	if (manifest_parse((const char *)data, size, NULL, &manifest, &err) < 0 ||
	    !manifest.is_index)
		return 0;
	for (size_t i = 0; i < ARRAY_LENGTH(platforms); i++)
		if (platform_parse(platforms[i], &platform, &err) == 0)
			manifest_choose(&manifest, &platform, &entry, &err);
	return 0;
}
