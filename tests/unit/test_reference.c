/* References: what is a name, and what Docker makes of it. */
#include "reference.h"

#include <string.h>

#include "tap.h"

/* Parses `text` and compares the canonical and the familiar form. */
static void parses(const char *text, const char *canonical, const char *familiar)
{
	AUTO_REFERENCE struct reference reference = {0};
	AUTO_FREE char *whole = NULL, *shown = NULL;
	struct error err = {.text = "no error"};

	if (!ok(reference_parse(text, &reference, &err) == 0, text)) {
		printf("# %s\n", err.text);
		return;
	}
	whole = reference_canonical_text(&reference);
	shown = reference_familiar_text(&reference);
	is(whole, canonical, text);
	is(shown, familiar, text);
}

static void refuses(const char *text, const char *why)
{
	struct reference reference = {0};
	struct error err = {0};

	ok(reference_parse(text, &reference, &err) < 0, text);
	ok(strstr(err.text, "invalid reference format: ") == err.text && strstr(err.text, why),
	   why);
	if (!strstr(err.text, why))
		printf("# %s\n", err.text);
	ok(!reference.domain && !reference.path, "nothing is left of it");
}

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEN "aaaaaaaaaa"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void test_names(void)
{
	parses("alpine", "docker.io/library/alpine:latest", "alpine:latest");
	parses("alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20");
	parses("user/app", "docker.io/user/app:latest", "user/app:latest");
	parses("docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest");
	parses("index.docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest");
	parses("docker.io/library/alpine", "docker.io/library/alpine:latest", "alpine:latest");
	parses("library/alpine", "docker.io/library/alpine:latest", "alpine:latest");
	parses("library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest");
	parses("localhost", "docker.io/library/localhost:latest", "localhost:latest");
	parses("example.com", "docker.io/library/example.com:latest", "example.com:latest");
	parses("a__b/c--d.e_f", "docker.io/a__b/c--d.e_f:latest", "a__b/c--d.e_f:latest");
	parses("x:T.a_g-1", "docker.io/library/x:T.a_g-1", "x:T.a_g-1");
}

static void test_hosts(void)
{
	parses("localhost/x", "localhost/x:latest", "localhost/x:latest");
	parses("host:5000/x", "host:5000/x:latest", "host:5000/x:latest");
	parses("host:5000/x:y", "host:5000/x:y", "host:5000/x:y");
	parses("ghcr.io/o/n:1", "ghcr.io/o/n:1", "ghcr.io/o/n:1");
	parses("HOST/x", "HOST/x:latest", "HOST/x:latest");
	parses("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest");
	refuses("-a.b/x", "host");
	refuses("a..b/x", "host");
	refuses("a.b:/x", "host");
	refuses("a.b:99x/x", "host");
	refuses("a.b:123456/x", "host");
	refuses("[::1/x", "host");
}

static void test_digests(void)
{
	parses("alpine@" DIGEST, "docker.io/library/alpine@" DIGEST, "alpine@" DIGEST);
	parses("alpine:3@" DIGEST, "docker.io/library/alpine@" DIGEST, "alpine@" DIGEST);
	refuses("alpine@sha256:01", "digest");
	refuses("alpine@sha512:" TEN, "digest");
	refuses("alpine@SHA256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"digest");
	refuses("alpine@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"digest");
	refuses("alpine@" DIGEST "@" DIGEST, "digest");
	refuses("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "image id");
	ok(reference_is_digest(DIGEST), "a digest is one");
	ok(!reference_is_digest(DIGEST "0"), "a longer one is none");
	ok(!reference_is_digest("sha256:../../../../../../../../../../../../etc/passwd"),
	   "a path is none");
}

static void test_refused(void)
{
	static const char *const names[] = {"",	      "/",     "/x",	"x/",	"a//b",
					    "a/../b", "../x",  ".x",	"x.",	"_x",
					    "x_",     "a___b", "a..b",	"a.-b", "x y",
					    "x\n",    "x:a/b", "a/./b", "x?",	"gr\303\266n"};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		refuses(names[i], "");
	refuses("Alpine", "repository name (library/Alpine) must be lowercase");
	refuses("x:", "tag");
	refuses("x:-a", "tag");
	refuses("x:.a", "tag");
	refuses("x:a b", "tag");
	refuses("x:" HUNDRED TEN TEN TEN, "tag");
	refuses(HUNDRED "/" HUNDRED "/" HUNDRED, "longer than 255");
}

int main(void)
{
	struct reference hub = {.domain = (char[]){"docker.io"}};
	struct reference other = {.domain = (char[]){"quay.io"}};

	test_names();
	test_hosts();
	test_digests();
	test_refused();
	is(reference_api_host(&hub), "registry-1.docker.io", "Docker Hub answers elsewhere");
	is(reference_api_host(&other), "quay.io", "others answer where they are");
	return tap_done();
}
