/* The options of chapter 05; see image_options.h. */
#include "image_options.h"

#include <unistd.h>

#include "cleanup.h"
#include "manifest.h"
#include "path.h"

#define DEFAULT_ROOT "/var/lib/coracle"

/* Checked here, so that a mistake is found before anything is downloaded. */
static int option_platform(void *field, const char *value, struct error *err)
{
	struct platform platform;

	if (platform_parse(value, &platform, err) < 0)
		return -1;
	return option_string(field, value, err);
}

#define FIELD(name) offsetof(struct image_options, name)

const struct option_row image_option_rows[] = {
	{"root", 0, "DIR", option_string, FIELD(root), "Directory of images and containers", NULL,
	 NULL},
	{"platform", 0, "OS/ARCH", option_platform, FIELD(platform),
	 "Choose an image for this platform", NULL, "uname(2)"},
	{"entrypoint", 0, "COMMAND", option_string, FIELD(entrypoint),
	 "Replace the image's entrypoint", "argv of execve", "execve(2)"},
	{"quiet", 'q', NULL, option_flag, FIELD(quiet), "Print no progress", NULL, NULL},
	{0},
};

struct image_request image_options_request(const struct image_options *options, const char *root,
					   const char *name)
{
	if (options->root)
		root = options->root;
	return (struct image_request){
		.root = root && *root ? root : DEFAULT_ROOT,
		.name = name,
		.platform = options->platform,
		.quiet = options->quiet,
		.output_fd = STDOUT_FILENO,
	};
}

int image_options_apply(const struct image_options *options, char *const *command,
			struct image_config *config, struct error *err)
{
	AUTO_STRINGS struct strings argv = {0};
	AUTO_FREE char *working_dir = path_normal("/", config->working_dir);

	if (image_config_argv(config, options->entrypoint, command, &argv, err) < 0)
		return -1;
	strings_release(&config->cmd);
	config->cmd = argv;
	argv = (struct strings){0};
	cleanup_memory(&config->working_dir);
	config->working_dir = take_ptr(&working_dir);
	return 0;
}

void image_options_release(struct image_options *options)
{
	cleanup_memory(&options->root);
	cleanup_memory(&options->platform);
	cleanup_memory(&options->entrypoint);
}
