/* WWW-Authenticate headers. */
#include "fuzz.h"

#include "challenge.h"
#include "cleanup.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const schemes[] = {"Bearer", "Basic"};
	AUTO_TEXT struct text headers = {0};

	text_add(&headers, data, size);
	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
		AUTO_CHALLENGE struct challenge challenge = {0};

		challenge_find(text_string(&headers), schemes[i], &challenge);
	}
	return 0;
}
