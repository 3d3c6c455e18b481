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

/* Docker's grammar, case by case: distribution/reference, with the rules that Docker adds. */
static const struct {
	const char *text, *canonical, *familiar; /* canonical NULL: refused */
} grammar[] = {
	/* which part is a host: a dot, a colon, an upper-case letter, or localhost */
	{"a.b/c", "a.b/c:latest", "a.b/c:latest"},
	{"a/b.c", "docker.io/a/b.c:latest", "a/b.c:latest"},
	{"a.b", "docker.io/library/a.b:latest", "a.b:latest"},
	{"a:1", "docker.io/library/a:1", "a:1"},
	{"a:1/b", "a:1/b:latest", "a:1/b:latest"},
	{"a:1/b:2", "a:1/b:2", "a:1/b:2"},
	{"a:1/b/c:2", "a:1/b/c:2", "a:1/b/c:2"},
	{"a:1/b@" DIGEST, "a:1/b@" DIGEST, "a:1/b@" DIGEST},
	{"localhost/a/b", "localhost/a/b:latest", "localhost/a/b:latest"},
	{"localhost:5000/a", "localhost:5000/a:latest", "localhost:5000/a:latest"},
	{"localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"},
	{"localhosts/a", "docker.io/localhosts/a:latest", "localhosts/a:latest"},
	{"a.b.c.d.e/f", "a.b.c.d.e/f:latest", "a.b.c.d.e/f:latest"},
	{"A/b", "A/b:latest", "A/b:latest"},
	{"aB.c/d", "aB.c/d:latest", "aB.c/d:latest"},
	{"127.0.0.1/a", "127.0.0.1/a:latest", "127.0.0.1/a:latest"},
	{"127.0.0.1:80/a/b/c", "127.0.0.1:80/a/b/c:latest", "127.0.0.1:80/a/b/c:latest"},
	{"[2001:db8::1]/a", "[2001:db8::1]/a:latest", "[2001:db8::1]/a:latest"},
	{"[2001:db8::1]:5000/a:b", "[2001:db8::1]:5000/a:b", "[2001:db8::1]:5000/a:b"},
	{"[FE80::1]:5000/a", "[FE80::1]:5000/a:latest", "[FE80::1]:5000/a:latest"},
	{"xn--n3h.com/a", "xn--n3h.com/a:latest", "xn--n3h.com/a:latest"},
	{"a-b.c/d", "a-b.c/d:latest", "a-b.c/d:latest"},
	{"1.2/3", "1.2/3:latest", "1.2/3:latest"},
	/* docker.io and its other name */
	{"docker.io/a/b", "docker.io/a/b:latest", "a/b:latest"},
	{"docker.io/a:1", "docker.io/library/a:1", "a:1"},
	{"docker.io/a@" DIGEST, "docker.io/library/a@" DIGEST, "a@" DIGEST},
	{"index.docker.io/a/b", "docker.io/a/b:latest", "a/b:latest"},
	{"index.docker.io/library/a", "docker.io/library/a:latest", "a:latest"},
	{"docker.com/a", "docker.com/a:latest", "docker.com/a:latest"},
	{"registry-1.docker.io/a", "registry-1.docker.io/a:latest",
	 "registry-1.docker.io/a:latest"},
	{"docker.io", "docker.io/library/docker.io:latest", "docker.io:latest"},
	{"docker.io:443/a", "docker.io:443/a:latest", "docker.io:443/a:latest"},
	{"library/a", "docker.io/library/a:latest", "a:latest"},
	{"library", "docker.io/library/library:latest", "library:latest"},
	/* parts of a path, and what may stand between their letters */
	{"a_b", "docker.io/library/a_b:latest", "a_b:latest"},
	{"a__b", "docker.io/library/a__b:latest", "a__b:latest"},
	{"a-b", "docker.io/library/a-b:latest", "a-b:latest"},
	{"a---b", "docker.io/library/a---b:latest", "a---b:latest"},
	{"a/b/c/d/e/f", "docker.io/a/b/c/d/e/f:latest", "a/b/c/d/e/f:latest"},
	{"0", "docker.io/library/0:latest", "0:latest"},
	{"0/1", "docker.io/0/1:latest", "0/1:latest"},
	{"7zip", "docker.io/library/7zip:latest", "7zip:latest"},
	{"deadbeef", "docker.io/library/deadbeef:latest", "deadbeef:latest"},
	{"a._b", NULL, NULL},
	{"a_.b", NULL, NULL},
	{"a-_b", NULL, NULL},
	{"a_-b", NULL, NULL},
	{"-a", NULL, NULL},
	{"a-", NULL, NULL},
	{"a/-b", NULL, NULL},
	{"a/b-", NULL, NULL},
	{"a/_b", NULL, NULL},
	{"a/B", NULL, NULL},
	{"a/b/C", NULL, NULL},
	{"a.b/C", NULL, NULL},
	{"A", NULL, NULL},
	{"a/", NULL, NULL},
	{"/a/b", NULL, NULL},
	{"a//b", NULL, NULL},
	{"a b", NULL, NULL},
	{" a", NULL, NULL},
	{"a ", NULL, NULL},
	{"a\tb", NULL, NULL},
	{"a+b", NULL, NULL},
	{"a~b", NULL, NULL},
	{"a%2fb", NULL, NULL},
	{"a\\b", NULL, NULL},
	{"https://a.b/c", NULL, NULL},
	{"a,b", NULL, NULL},
	{"a#b", NULL, NULL},
	/* tags */
	{"a:_", "docker.io/library/a:_", "a:_"},
	{"a:1.2.3-rc.1_x", "docker.io/library/a:1.2.3-rc.1_x", "a:1.2.3-rc.1_x"},
	{"a:A", "docker.io/library/a:A", "a:A"},
	{"a:x--", "docker.io/library/a:x--", "a:x--"},
	{"a:x..", "docker.io/library/a:x..", "a:x.."},
	{"a:latest", "docker.io/library/a:latest", "a:latest"},
	{"a:1:2", NULL, NULL},
	{"a:+", NULL, NULL},
	{"a:@", NULL, NULL},
	{"a:b@", NULL, NULL},
	{":a", NULL, NULL},
	{"a/:b", NULL, NULL},
	{"a:\303\274", NULL, NULL},
	/* hosts that are none */
	{"a_b.c/d", NULL, NULL},
	{".a/b", NULL, NULL},
	{"a./b", NULL, NULL},
	{"a.-b/c", NULL, NULL},
	{"a-.b/c", NULL, NULL},
	{"a:/b", NULL, NULL},
	{"a:b/c", NULL, NULL},
	{"a.b:-1/c", NULL, NULL},
	{"[]/a", NULL, NULL},
	{"[::1]a/b", NULL, NULL},
	{"[::g]/b", NULL, NULL},
	{"user@a.b/c", NULL, NULL},
	/* digests: one, known, whole, in lower case */
	{"a@", NULL, NULL},
	{"@" DIGEST, NULL, NULL},
	{"a@sha256", NULL, NULL},
	{"a@sha256:", NULL, NULL},
	{"a@" DIGEST "0", NULL, NULL},
	{"a@md5:0123456789abcdef0123456789abcdef", NULL, NULL},
	{"a@" DIGEST ":b", NULL, NULL},
	{DIGEST, "docker.io/library/" DIGEST, DIGEST},
};

static void test_grammar(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(grammar); i++)
		if (grammar[i].canonical)
			parses(grammar[i].text, grammar[i].canonical, grammar[i].familiar);
		else
			refuses(grammar[i].text, "");
}

int main(void)
{
	struct reference hub = {.domain = (char[]){"docker.io"}};
	struct reference other = {.domain = (char[]){"quay.io"}};

	test_names();
	test_hosts();
	test_digests();
	test_refused();
	test_grammar();
	is(reference_api_host(&hub), "registry-1.docker.io", "Docker Hub answers elsewhere");
	is(reference_api_host(&other), "quay.io", "others answer where they are");
	return tap_done();
}
