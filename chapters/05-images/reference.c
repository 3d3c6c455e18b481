/* Image references; see reference.h. The grammar is that of the distribution project. */
#include "reference.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "text.h"

#define HUB "docker.io"
#define PATH_BYTES_MAX 255
#define TAG_BYTES_MAX 128
#define DOMAIN_BYTES_MAX 255

static int refuse(const char *why, struct error *err)
{
	return error_set(err, EINVAL, "invalid reference format: %s", why);
}

static bool is_lower_or_digit(char c)
{
	return islower((unsigned char)c) || isdigit((unsigned char)c);
}

/* The length of the separator that `at` begins with: ".", "_", "__" or any number of "-". */
static size_t separator_length(const char *at)
{
	if (*at == '.')
		return 1;
	if (*at == '_')
		return at[1] == '_' ? 2 : 1;
	return strspn(at, "-");
}

/* Words of [a-z0-9] with single separators between them, joined by slashes. */
static bool is_path(const char *at)
{
	for (;;) {
		size_t between;

		if (!is_lower_or_digit(*at))
			return false;
		while (is_lower_or_digit(*at))
			at++;
		if (!*at)
			return true;
		between = *at == '/' ? 1 : separator_length(at);
		if (between == 0)
			return false;
		at += between;
	}
}

static bool is_tag(const char *tag)
{
	size_t length = strlen(tag);

	if (length == 0 || length > TAG_BYTES_MAX || *tag == '.' || *tag == '-')
		return false;
	for (; *tag; tag++)
		if (!isalnum((unsigned char)*tag) && !strchr("_.-", *tag))
			return false;
	return true;
}

/* One label of a host name: letters, digits, and dashes inside. */
static bool is_label(const char *label, size_t length)
{
	if (length == 0 || label[0] == '-' || label[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)label[i]) && label[i] != '-')
			return false;
	return true;
}

static bool is_port(const char *port)
{
	size_t digits = strspn(port, "0123456789");

	return digits > 0 && digits <= 5 && !port[digits];
}

/* Labels with dots between, or an IPv6 address in brackets; then perhaps a port. */
static bool is_domain(const char *at)
{
	if (strlen(at) > DOMAIN_BYTES_MAX)
		return false;
	if (*at == '[') {
		size_t length = strspn(at + 1, "0123456789abcdefABCDEF:");

		if (length == 0 || at[1 + length] != ']')
			return false;
		at += length + 2;
		return !*at || (*at == ':' && is_port(at + 1));
	}
	for (;;) {
		size_t length = strcspn(at, ".:");

		if (!is_label(at, length))
			return false;
		at += length;
		if (*at != '.')
			return !*at || is_port(at + 1);
		at++;
	}
}

/* "localhost/x", "a.b/x", "h:1/x" and "UP/x" begin with a host; "library/x" does not. */
static bool begins_with_domain(const char *name, size_t length)
{
	if (length == strlen("localhost") && strncmp(name, "localhost", length) == 0)
		return true;
	for (size_t i = 0; i < length; i++)
		if (strchr(".:[", name[i]) || isupper((unsigned char)name[i]))
			return true;
	return false;
}

static bool is_image_id(const char *name)
{
	return strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64;
}

/* Cuts "@digest" and then ":tag" off `name`; a colon before the last slash is a port's. */
static int cut_suffixes(char *name, struct reference *reference, struct error *err)
{
	char *at = strchr(name, '@'), *slash, *colon;

	if (at) {
		*at = '\0';
		if (!reference_is_digest(at + 1))
			return refuse(
				"the digest is not sha256: and 64 lower-case hexadecimal digits",
				err);
		reference->digest = memory_string(at + 1);
	}
	slash = strrchr(name, '/');
	colon = strchr(slash ? slash : name, ':');
	if (!colon)
		return 0;
	*colon = '\0';
	if (!is_tag(colon + 1))
		return refuse("the tag is not made of letters, digits and _.-, or is too long",
			      err);
	reference->tag = memory_string(colon + 1);
	return 0;
}

/* Splits the name where the host ends, and adds what Docker Hub lets out. */
static void split_name(const char *name, struct reference *reference)
{
	const char *slash = strchr(name, '/');
	size_t length = slash ? (size_t)(slash - name) : 0;

	if (slash && begins_with_domain(name, length)) {
		reference->domain = memory_format("%.*s", (int)length, name);
		name = slash + 1;
	} else {
		reference->domain = memory_string(HUB);
	}
	if (strcmp(reference->domain, "index." HUB) == 0) {
		cleanup_memory(&reference->domain);
		reference->domain = memory_string(HUB);
	}
	if (strcmp(reference->domain, HUB) == 0 && !strchr(name, '/'))
		reference->path = memory_format("library/%s", name);
	else
		reference->path = memory_string(name);
}

static int check_name(const struct reference *reference, struct error *err)
{
	for (const char *at = reference->path; *at; at++)
		if (isupper((unsigned char)*at))
			return error_set(
				err, EINVAL,
				"invalid reference format: repository name (%s) must be lowercase",
				reference->path);
	if (strlen(reference->path) > PATH_BYTES_MAX)
		return refuse("the repository name is longer than 255 characters", err);
	if (!is_domain(reference->domain))
		return refuse("the registry host is not valid", err);
	if (!is_path(reference->path))
		return refuse("the repository name is made of a-z, 0-9 and single ._- between them",
			      err);
	return 0;
}

static void set_familiar(struct reference *reference)
{
	const char *path = reference->path;

	if (strcmp(reference->domain, HUB) != 0) {
		reference->familiar = memory_format("%s/%s", reference->domain, path);
		return;
	}
	if (text_starts_with(path, "library/") && !strchr(path + strlen("library/"), '/'))
		path += strlen("library/");
	reference->familiar = memory_string(path);
}

static int parse(const char *text, struct reference *reference, struct error *err)
{
	AUTO_FREE char *name = memory_string(text);

	if (cut_suffixes(name, reference, err) < 0)
		return -1;
	if (is_image_id(name))
		return refuse("64 hexadecimal characters are an image id, not a name", err);
	split_name(name, reference);
	if (check_name(reference, err) < 0)
		return -1;
	/* The digest decides; a tag beside it says nothing. */
	if (reference->digest)
		cleanup_memory(&reference->tag);
	else if (!reference->tag)
		reference->tag = memory_string("latest");
	set_familiar(reference);
	return 0;
}

static char *with_suffix(const char *name, const struct reference *reference)
{
	if (reference->digest)
		return memory_format("%s@%s", name, reference->digest);
	return memory_format("%s:%s", name, reference->tag);
}

int reference_parse(const char *text, struct reference *reference, struct error *err)
{
	AUTO_REFERENCE struct reference parsed = {0};

	if (parse(text, &parsed, err) < 0)
		return -1;
	*reference = parsed;
	parsed = (struct reference){0};
	return 0;
}

const char *reference_api_host(const struct reference *reference)
{
	return strcmp(reference->domain, HUB) == 0 ? "registry-1.docker.io" : reference->domain;
}

char *reference_canonical_text(const struct reference *reference)
{
	AUTO_FREE char *name = memory_format("%s/%s", reference->domain, reference->path);

	return with_suffix(name, reference);
}

char *reference_familiar_text(const struct reference *reference)
{
	return with_suffix(reference->familiar, reference);
}

bool reference_is_digest(const char *text)
{
	return text_starts_with(text, "sha256:") && is_image_id(text + strlen("sha256:"));
}

void reference_release(struct reference *reference)
{
	cleanup_memory(&reference->domain);
	cleanup_memory(&reference->path);
	cleanup_memory(&reference->tag);
	cleanup_memory(&reference->digest);
	cleanup_memory(&reference->familiar);
}
