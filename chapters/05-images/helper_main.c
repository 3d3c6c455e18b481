/*
 * coracle-image: writes the image store, for the programs that only read it; see image_helper.h.
 *
 *	coracle-image pull|remove --root=DIR [OPTIONS] [--] NAME [ID…]
 *	coracle-image login|logout [--user=NAME] [--] SERVER
 *
 * With --channel=N it answers over descriptor N with one struct error, of code 0 for success, and
 * else prints a line. IDs are those of images that containers use. The password of a login is
 * the first message on the channel. DOCKER_CONFIG and CORACLE_CONFIG are directories of config.json
 * files; HTTP_PROXY, HTTPS_PROXY and NO_PROXY hold as for curl.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "registry_endpoint.h"
#include "helper_archive.h"
#include "login.h"
#include "program.h"
#include "pull.h"
#include "store_write.h"
#include "trace.h"

#define NAME "coracle-image"

struct helper_options {
	char *root, *platform, *channel, *explain_since, *user, *downloads;
	bool quiet;
	struct archive_options archive; /* root and platform are the above */
	char *input, *message;
};

#define FIELD(name) offsetof(struct helper_options, name)

static const struct option_row rows[] = {
	{"root", 0, "DIR", option_string, FIELD(root), "The store", NULL, NULL},
	{"platform", 0, "OS/ARCH", option_string, FIELD(platform), "Choose a platform", NULL, NULL},
	{"channel", 0, "FD", option_string, FIELD(channel), "Answer here", NULL, NULL},
	{"user", 0, "NAME", option_string, FIELD(user), "Log in as", NULL, NULL},
	{"downloads", 0, "N", option_string, FIELD(downloads), "Layers side by side", NULL, NULL},
	{"input", 0, "FD", option_string, FIELD(input), "An archive to read", NULL, NULL},
	{"message", 0, "TEXT", option_string, FIELD(message), "For the history", NULL, NULL},
	{"change", 0, "LINE", option_strings, FIELD(archive.changes), "Of a Dockerfile", NULL,
	 NULL},
	{"explain-since", 0, "US", option_string, FIELD(explain_since), "Explain", NULL, NULL},
	{"quiet", 0, NULL, option_flag, FIELD(quiet), "Print no progress", NULL, NULL},
	{0},
};

static void helper_options_release(struct helper_options *options)
{
	cleanup_memory(&options->root);
	cleanup_memory(&options->platform);
	cleanup_memory(&options->channel);
	cleanup_memory(&options->explain_since);
	cleanup_memory(&options->user);
	cleanup_memory(&options->downloads);
	cleanup_memory(&options->input);
	cleanup_memory(&options->message);
	strings_release(&options->archive.changes);
}

/* $DOCKER_CONFIG/config.json or ~/.docker/config.json; NULL if there is no home either. */
static char *docker_config(void)
{
	const char *dir = getenv("DOCKER_CONFIG"), *home = getenv("HOME");

	if (dir && *dir)
		return memory_format("%s/config.json", dir);
	return home && *home ? memory_format("%s/.docker/config.json", home) : NULL;
}

/* What /etc/coracle/config.json says of registries. */
static int read_registries(struct registry_config *config, struct error *err)
{
	const char *dir = getenv("CORACLE_CONFIG"), *proxy = getenv("HTTP_PROXY"),
		   *lower = getenv("http_proxy");

	/* libcurl reads this one in lower case only, because a CGI program gets it from strangers. */
	if (proxy && !(lower && *lower) && setenv("http_proxy", proxy, 1) < 0)
		return error_sys(err, "set the environment's http_proxy");
	return registry_config_read(dir && *dir ? dir : "/etc/coracle", config, err);
}

static int pull(const struct helper_options *options, const char *name, struct error *err)
{
	AUTO_FREE char *config_file = docker_config();
	AUTO_REGISTRY_CONFIG struct registry_config registries = {0};
	AUTO_STRINGS struct strings layers = {0};
	struct pull_request request = {
		.root = options->root,
		.name = name,
		.platform = options->platform,
		.config_file = config_file,
		.registries = &registries,
		.downloads = options->downloads ? strtoul(options->downloads, NULL, 10) : 0,
		.progress = progress_to(options->quiet ? -1 : STDOUT_FILENO, &layers),
	};

	return read_registries(&registries, err) < 0 ? -1 : pull_image(&request, err);
}

/* A password is no argument, or everybody on this machine could read it. */
static int receive_password(const struct helper_options *options, char **password,
			    struct error *err)
{
	char bytes[4096];
	ssize_t count = recv(options->channel ? atoi(options->channel) : STDIN_FILENO, bytes,
			     sizeof(bytes), 0);

	if (count <= 0)
		return error_set(err, EINVAL, "the password did not come over the channel");
	*password = memory_format("%.*s", (int)count, bytes);
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

static int log_in(const struct helper_options *options, const struct login_request *request,
		  struct error *err)
{
	AUTO_CREDENTIALS struct credentials credentials = {0};
	int result;

	if (!options->user)
		return error_set(err, EINVAL, "--user is needed");
	if (receive_password(options, &credentials.password, err) < 0)
		return -1;
	credentials.user = memory_string(options->user);
	result = login(request, &credentials, err);
	if (result > 0)
		fprintf(stderr,
			"\nWARNING! Your credentials are stored unencrypted in '%s'.\n"
			"Configure a credential helper to remove this warning. See\n"
			"https://docs.docker.com/go/credential-store/\n\n",
			request->config_file);
	return result < 0 ? -1 : 0;
}

static int log_in_or_out(const struct helper_options *options, const char *command,
			 const char *server, struct error *err)
{
	AUTO_FREE char *config_file = docker_config();
	AUTO_REGISTRY_CONFIG struct registry_config registries = {0};
	struct login_request request = {server, config_file, &registries};

	if (strcmp(command, "logout") == 0)
		return logout(&request, err);
	return read_registries(&registries, err) < 0 ? -1 : log_in(options, &request, err);
}

static int remove_image(const struct helper_options *options, char *const *operands,
			struct error *err)
{
	AUTO_STRINGS struct strings in_use = {0}, removed = {0};
	AUTO_CLOSE int lock = store_lock(options->root, true, err);

	strings_add_argv(&in_use, operands + 1);
	if (lock < 0 || store_remove(options->root, operands[0], &in_use, &removed, err) < 0)
		return -1;
	for (size_t i = 0; i < removed.count && !options->quiet; i++)
		puts(removed.items[i]);
	return 0;
}

static int with_archive(const struct helper_options *options, const char *command,
			char *const *operands, struct error *err)
{
	struct archive_options archive = options->archive;
	AUTO_STRINGS struct strings said = {0};
	int result;

	archive.root = options->root;
	archive.platform = options->platform;
	archive.message = options->message;
	archive.input = options->input;
	archive.output_fd = STDOUT_FILENO;
	result = helper_archive_run(command, &archive, operands, &said, err);
	for (size_t i = 0; i < said.count; i++)
		puts(said.items[i]);
	return result;
}

static int run(const struct helper_options *options, const char *command, char *const *operands,
	       struct error *err)
{
	/* A pipe that breaks is an error of a write, and not the end of us. */
	signal(SIGPIPE, SIG_IGN);
	if (options->explain_since &&
	    trace_open(STDERR_FILENO, strtoull(options->explain_since, NULL, 10), err) < 0)
		return -1;
	if (text_starts_with(command, "log") && operands[0])
		return log_in_or_out(options, command, operands[0], err);
	if (!options->root || !operands[0])
		return error_set(err, EINVAL, "--root and a name are needed");
	if (strcmp(command, "pull") == 0)
		return pull(options, operands[0], err);
	if (strcmp(command, "remove") == 0)
		return remove_image(options, operands, err);
	return with_archive(options, command, operands, err);
}

int main(int argc, char *argv[])
{
	struct helper_options options = {0};
	const struct option_group groups[] = {{"", rows, &options}, {0}};
	struct error err = {0};
	int operand = argc < 2 ? error_set(&err, EINVAL, "a command is needed: pull or remove")
			       : options_parse(groups, argc - 1, argv + 1, &err);

	/* Also when all goes well an answer is sent: without one, the caller knows that we died. */
	if (operand >= 0 && run(&options, argv[1], argv + 1 + operand, &err) == 0)
		err = (struct error){0};
	else if (err.code == 0)
		err.code = EIO; /* 0 would tell of success */
	fflush(stdout);
	if (options.channel)
		send(atoi(options.channel), &err, sizeof(err), MSG_NOSIGNAL);
	else if (err.code != 0)
		program_fail(NAME, &err, STATUS_OURS);
	helper_options_release(&options);
	return err.code ? STATUS_OURS : 0;
}
