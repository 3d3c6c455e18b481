/* Manifests, platforms, image configs, and the challenges of registries. */
#include "manifest.h"

#include <string.h>

#include "challenge.h"
#include "image_config.h"
#include "tap.h"
#include "text.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define BLOB(type, size)                                                                           \
	"{\"mediaType\":\"" type "\",\"digest\":\"sha256:" ZEROS "\",\"size\":" #size "}"
#define CONFIG BLOB("application/vnd.oci.image.config.v1+json", 2)
#define LAYER BLOB("application/vnd.oci.image.layer.v1.tar+gzip", 3)
#define IMAGE(layers) "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" layers "]}"
#define ENTRY(os, arch, variant)                                                                   \
	"{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:" ZEROS \
	"\",\"size\":7,\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch                   \
	"\",\"variant\":\"" variant "\"}}"
#define INDEX(entries) "{\"schemaVersion\":2,\"manifests\":[" entries "]}"

static int parse(const char *text, const char *type, struct manifest *manifest, struct error *err)
{
	return manifest_parse(text, strlen(text), type, manifest, err);
}

static void refuses(const char *text, const char *type, const char *why)
{
	struct manifest manifest = {0};
	struct error err = {0};

	ok(parse(text, type, &manifest, &err) < 0, why);
	if (!ok(strstr(err.text, why), "and says so"))
		printf("# %s\n", err.text);
	ok(!manifest.items, "nothing is left of it");
}

static void test_image(void)
{
	AUTO_MANIFEST struct manifest manifest = {0};
	struct error err;

	ok(parse(IMAGE(LAYER "," LAYER), "application/vnd.oci.image.manifest.v1+json", &manifest,
		 &err) == 0,
	   "a manifest");
	ok(!manifest.is_index && manifest.count == 2, "has two layers");
	is(manifest.items[1].digest, "sha256:" ZEROS, "with a digest");
	is_number((long long)manifest.items[1].size_bytes, 3, "and a size");
	is_number((long long)manifest.config.size_bytes, 2, "and a config");
}

static void test_refused(void)
{
	refuses("{\"schemaVersion\":1}", NULL, "schema 1");
	refuses(IMAGE(LAYER), "application/vnd.docker.distribution.manifest.v1+prettyjws",
		"schema 1");
	refuses("{}", NULL, "schemaVersion is not 2");
	refuses("{\"schemaVersion\":2}", NULL, "neither");
	refuses("[]", NULL, "not an object");
	refuses(IMAGE(LAYER) "x", NULL, "more follows");
	refuses("{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", NULL, "both");
	refuses("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
		"\"config\":" CONFIG ",\"layers\":[]}",
		NULL, "its mediaType");
	refuses(IMAGE(LAYER), "text/html", "its content type");
	refuses("{\"schemaVersion\":2,\"config\":" BLOB("application/x-chart", 1) ",\"layers\":[]}",
		NULL, "an artifact of type 'application/x-chart'");
	refuses(IMAGE(BLOB("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", 1)), NULL,
		"not kept by registries");
	refuses(IMAGE(BLOB("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", 1)), NULL,
		"encrypted");
	refuses(IMAGE(BLOB("x", -1)), NULL, "'size' is not a whole number");
	refuses(IMAGE(BLOB("x", 1.5)), NULL, "'size' is not a whole number");
	refuses(IMAGE(BLOB("x", 9007199254740000)), NULL, "above 1 TiB");
	refuses(IMAGE("{\"digest\":\"sha256:" ZEROS "\"}"), NULL, "is missing");
	refuses(IMAGE("{\"digest\":\"sha256:../../etc/passwd\",\"size\":1}"), NULL, "64 digits");
	refuses(IMAGE("7"), NULL, "not an object");
}

/* Which of the entries, by its variant, is chosen for a platform. */
static void chooses(const char *entries, const char *platform_text, const char *variant)
{
	AUTO_MANIFEST struct manifest index = {0};
	const struct descriptor *entry = NULL;
	struct platform platform;
	struct error err = {.text = "no error"};

	ok(parse(entries, "application/vnd.oci.image.index.v1+json", &index, &err) == 0,
	   "an index");
	ok(platform_parse(platform_text, &platform, &err) == 0, platform_text);
	if (manifest_choose(&index, &platform, &entry, &err) < 0)
		is(err.text, variant, "none is chosen");
	else
		is(entry->platform.variant, variant, platform_text);
}

static void test_choice(void)
{
	chooses(INDEX(ENTRY("linux", "amd64", "") "," ENTRY("linux", "arm64", "v8")), "linux/arm64",
		"v8");
	chooses(INDEX(ENTRY("linux", "arm64", "")), "linux/aarch64", "v8");
	chooses(INDEX(ENTRY("linux", "arm64", "v8")), "linux/arm64/v8", "v8");
	chooses(INDEX(ENTRY("linux", "amd64", "v3") "," ENTRY("linux", "amd64", "v1")),
		"linux/x86_64", "");
	chooses(INDEX(ENTRY("linux", "arm", "v5") "," ENTRY("linux", "arm", "v6")), "linux/arm/v7",
		"v6");
	chooses(INDEX(ENTRY("linux", "arm", "v7")), "linux/arm/v6",
		"no matching manifest for linux/arm/v6 in the manifest list entries");
	chooses(INDEX(ENTRY("windows", "amd64", "")), "linux/amd64",
		"no matching manifest for linux/amd64 in the manifest list entries");
	chooses(INDEX(ENTRY("unknown", "unknown", "")), "linux/arm64",
		"no matching manifest for linux/arm64/v8 in the manifest list entries");
	chooses(INDEX(""), "linux/amd64",
		"no matching manifest for linux/amd64 in the manifest list entries");
}

static void test_platforms(void)
{
	static const char *const wrong[] = {"",		 "linux",	"linux/",
					    "/amd64",	 "linux/a/b/c", "Linux/amd64",
					    "linux/a b", "linux/amd64/"};
	struct platform platform;
	struct error err;

	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		ok(platform_parse(wrong[i], &platform, &err) < 0, wrong[i]);
	ok(platform_parse(NULL, &platform, &err) == 0 && strcmp(platform.os, "linux") == 0,
	   "this machine has a platform");
}

static void test_challenges(void)
{
	AUTO_CHALLENGE struct challenge bearer = {0}, basic = {0}, odd = {0}, none = {0};

	ok(challenge_find("Basic realm=\"a, Bearer b=c\", bearer Realm=\"https://x/t?a=b\" ,\t"
			  "service = reg, scope=\"repository:a/b:pull,push\", error=\"a\\\"b\"",
			  "Bearer", &bearer),
	   "a challenge beside another one");
	is(bearer.realm, "https://x/t?a=b", "its realm");
	is(bearer.service, "reg", "its service, which needs no quotes");
	is(bearer.scope, "repository:a/b:pull,push", "its scope, with a comma");
	is(bearer.error, "a\"b", "an escape");
	ok(challenge_find("Basic realm=\"a, Bearer b=c\"", "basic", &basic), "any case");
	is(basic.realm, "a, Bearer b=c", "a quoted value is a value");
	ok(!challenge_find("Basic realm=\"a, Bearer b=c\"", "Bearer", &none), "and no challenge");
	ok(!challenge_find("", "Bearer", &none), "nothing");
	ok(!challenge_find("\"\\", "Bearer", &none), "nonsense");
	ok(challenge_find("Bearer realm=\"open", "Bearer", &odd), "a quote that does not end");
	is(odd.realm, "open", "ends with the header");
}

static void test_config(void)
{
	static const char text[] =
		"{\"os\":\"linux\",\"config\":{\"Entrypoint\":[\"/e\"],\"Cmd\":\"c\",\"Env\":null},"
		"\"rootfs\":{\"diff_ids\":[\"sha256:" ZEROS "\"]},\"unknown\":[{}]}";
	char *command[] = {"x", "y", NULL};
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	AUTO_STRINGS struct strings its = {0}, mine = {0}, entry = {0}, none = {0};
	struct error err = {0};

	ok(image_config_parse(text, strlen(text), &config, &err) == 0, "a config");
	is(config.user, "", "an absent user is empty");
	ok(image_config_argv(&config, NULL, NULL, &its, &err) == 0 && its.count == 2 &&
		   strcmp(its.items[1], "c") == 0,
	   "entrypoint and command of the image");
	ok(image_config_argv(&config, NULL, command, &mine, &err) == 0 && mine.count == 3 &&
		   strcmp(mine.items[0], "/e") == 0,
	   "a command replaces the command");
	ok(image_config_argv(&config, "z", NULL, &entry, &err) == 0 && entry.count == 1,
	   "an entrypoint replaces both");
	ok(image_config_argv(&config, "", NULL, &none, &err) < 0, "an empty one leaves nothing");
	is(err.text, "no command specified", "which is told");
	ok(image_config_parse("{\"config\":{\"Env\":[1]}}", 22, &config, &err) < 0, "a wrong type");
	is(err.text, "read the image config: 'Env' is not an array of strings", "is told");
}

int main(void)
{
	test_image();
	test_refused();
	test_choice();
	test_platforms();
	test_challenges();
	test_config();
	return tap_done();
}
