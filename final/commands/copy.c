/* cp: files between a container and the host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"
#include "copy.h"
#include "human.h"
#include "path.h"
#include "program.h"
#include "subcommand.h"

struct copy_options {
	struct program_options program;
	bool archive, follow, quiet;
};

#define FIELD(name) offsetof(struct copy_options, name)

static const struct option_row copy_rows[] = {
	{"archive", 'a', NULL, option_flag, FIELD(archive),
	 "What is copied into the container belongs to its user", NULL, NULL},
	{"follow-link", 'L', NULL, option_flag, FIELD(follow),
	 "Copy what a link leads to, if the source is one", NULL, NULL},
	{"quiet", 'q', NULL, option_flag, FIELD(quiet),
	 "Do not say what was copied, as without a terminal", NULL, NULL},
	{0},
};

/* "NAME:PATH" in its parts, unless it is a path of the host. The caller frees both. */
static bool split(const char *operand, char **name, char **path)
{
	const char *colon = strchr(operand, ':');

	if (!colon || *operand == '/' || *operand == '.')
		return false;
	*name = memory_format("%.*s", (int)(colon - operand), operand);
	*path = memory_format("/%s", colon + 1 + (colon[1] == '/'));
	return true;
}

/* Absolute, but else as it is: only the kernel knows what ".." means behind a link. */
static char *on_host(const char *path)
{
	AUTO_FREE char *here = getcwd(NULL, 0);

	return *path == '/' || !here ? memory_string(path) : memory_format("%s/%s", here, path);
}

/* Docker's words; a path of the host is absolute, with the "/" or "/." that it ends in. */
static void print_copied(const char *asked, const char *outside, uint64_t bytes)
{
	AUTO_FREE char *normal = outside ? path_normal("/", outside) : memory_string(asked);
	const char *slash = strrchr(asked, '/'), *end = "";
	char size[HUMAN_SIZE];

	if (outside && strcmp(slash ? slash + 1 : asked, ".") == 0)
		end = "/.";
	else if (outside && slash && !slash[1])
		end = "/";
	human_bytes(bytes, size);
	fprintf(stderr, "Successfully copied %s to %s%s\n", size, normal, end);
}

static int copy(const struct call *call, const struct copy_options *options, int operand,
		struct error *err)
{
	AUTO_FREE char *name = NULL, *inside = NULL, *other = NULL, *unused = NULL;
	const char *from = call->argv[operand], *to = call->argv[operand + 1];
	struct copy_request request = {.to_user = options->archive, .follow = options->follow};
	AUTO_CONTAINER struct container container = {0};
	AUTO_ENGINE struct engine engine = {0};
	AUTO_FREE char *outside = NULL;
	uint64_t bytes = 0;

	if (split(from, &name, &inside)) {
		if (split(to, &other, &unused))
			return error_set(err, EINVAL,
					 "copying between containers is not supported");
	} else if (split(to, &name, &inside)) {
		request.into = true;
	} else {
		return error_set(err, EINVAL, "must specify at least one container source");
	}
	if (subcommand_engine(call, &engine, err) < 0 ||
	    container_find(&engine, name, &container, err) < 0)
		return -1;
	request.engine = &engine;
	request.container = &container;
	request.asked_name = name;
	request.inside = inside;
	request.archive_fd = request.into ? STDIN_FILENO : STDOUT_FILENO;
	outside = on_host(request.into ? from : to);
	request.outside = strcmp(request.into ? from : to, "-") == 0 ? NULL : outside;
	if (!request.outside && isatty(request.archive_fd))
		return error_set(err, EINVAL, "cowardly refusing to copy to or from a terminal");
	if (copy_run(&request, &bytes, err) < 0)
		return -1;
	if (!options->quiet && (request.into || request.outside))
		print_copied(to, request.into ? NULL : request.outside, bytes);
	return 0;
}

int command_copy(const struct call *call)
{
	struct copy_options options = {.quiet = !isatty(STDOUT_FILENO)};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", copy_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 2, 2);
	struct error err;

	return copy(call, &options, operand, &err) < 0 ? subcommand_fail(&err) : 0;
}
