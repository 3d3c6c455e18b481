/*
 * run and create: an image becomes a container. What the image says, and what the options say over it, is put
 * into one struct container_config; the engine does the rest.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "cgroup_options.h"
#include "cleanup.h"
#include "container.h"
#include "container_volumes.h"
#include "environment.h"
#include "file.h"
#include "image_config.h"
#include "image_actions.h"
#include "image_options.h"
#include "manifest.h"
#include "lives.h"
#include "monitor.h"
#include "names.h"
#include "namespaces_options.h"
#include "network_options.h"
#include "overlay_options.h"
#include "process.h"
#include "process_options.h"
#include "program.h"
#include "signals.h"
#include "run_files.h"
#include "run_namespaces.h"
#include "run_life.h"
#include "run_network.h"
#include "stats_command.h"
#include "store.h"
#include "subcommand.h"
#include "volume_store.h"

struct run_options {
	struct program_options program;
	struct process_options process;
	struct namespaces_options namespaces;
	struct cgroup_options cgroup;
	struct storage_options storage;
	struct image_options image;
	struct network_options network;
	struct run_network_options connection;
	struct run_life_options life;
	char *name, *detach_keys, *stop_signal, *cidfile, *pull;
	struct strings labels, file_labels, env_files;
	struct restart_policy restart;
	int stop_timeout_s;
	struct strings attach; /* "stdin", "stdout", "stderr" */
	struct strings volumes_from;
	bool detach, remove, create; /* create: do not start it */
};

#define FIELD(name) offsetof(struct run_options, name)

static int option_stream(void *field, const char *value, struct error *err)
{
	static const char *const streams[] = {"stdin", "stdout", "stderr"};

	for (size_t i = 0; i < ARRAY_LENGTH(streams); i++)
		if (strcasecmp(value, streams[i]) == 0) {
			strings_add(field, streams[i]);
			return 0;
		}
	return error_set(err, EINVAL, "valid streams are STDIN, STDOUT and STDERR");
}

static int option_stop_signal(void *field, const char *value, struct error *err)
{
	return signal_number(value, err) < 0 ? -1 : option_string(field, value, err);
}

static int option_volume_driver(void *field, const char *value, struct error *err)
{
	(void)field;
	return volume_check_driver(value, err);
}

/* The first two are for run alone, not for create. */
static const struct option_row run_rows[] = {
	{"detach-keys", 0, "KEYS", subcommand_option_detach_keys, FIELD(detach_keys),
	 "Keys that leave the container (ctrl-p,ctrl-q)", NULL, NULL},
	{"detach", 'd', NULL, option_flag, FIELD(detach), "Print the id and let it run", NULL,
	 NULL},
	{"attach", 'a', "STREAM", option_stream, FIELD(attach),
	 "Connect to STDIN, STDOUT or STDERR only", NULL, NULL},
	{"cidfile", 0, "FILE", option_string, FIELD(cidfile), "Write the id to a file", NULL, NULL},
	{"env-file", 0, "FILE", option_strings, FIELD(env_files),
	 "Read environment variables from a file", "envp of execve", "execve(2)"},
	{"label", 'l', "KEY=VALUE", option_strings, FIELD(labels), "Set a label", NULL, NULL},
	{"label-file", 0, "FILE", run_option_label_file, FIELD(file_labels),
	 "Read labels from a file", NULL, NULL},
	{"pull", 0, "POLICY", run_option_pull, FIELD(pull),
	 "Pull the image \"always\", if \"missing\", or \"never\"", NULL, NULL},
	{"restart", 0, "POLICY", run_option_restart, FIELD(restart),
	 "Start it again: no, on-failure[:N], always, unless-stopped", NULL, NULL},
	{"stop-signal", 0, "SIGNAL", option_stop_signal, FIELD(stop_signal),
	 "Signal that stops it; the image's, or SIGTERM, if not given", "pidfd_send_signal",
	 "signal(7)"},
	{"stop-timeout", 0, "SECONDS", subcommand_option_seconds, FIELD(stop_timeout_s),
	 "Seconds that stop waits before SIGKILL (10); -1 waits for ever", NULL, NULL},
	{"rm", 0, NULL, option_flag, FIELD(remove), "Remove the container when it ends", NULL,
	 NULL},
	{"volume-driver", 0, "DRIVER", option_volume_driver, 0, "Only local", NULL, NULL},
	{"volumes-from", 0, "CONTAINER[:ro]", option_strings, FIELD(volumes_from),
	 "Mount the volumes of another container", NULL, NULL},
	{"name", 0, "NAME", option_string, FIELD(name), "Its name; one is made up if not given",
	 NULL, NULL},
	{0},
};

/* Whether an image here is for the platform that was asked for. */
static bool platform_fits(const struct image *image, const char *wanted_text)
{
	struct platform wanted, offered = {0};
	struct error bad;

	if (!wanted_text)
		return true;
	if (platform_parse(wanted_text, &wanted, &bad) < 0)
		return false; /* the pull says what is wrong with it */
	snprintf(offered.os, sizeof(offered.os), "%s", image->config.os);
	snprintf(offered.architecture, sizeof(offered.architecture), "%s",
		 image->config.architecture);
	snprintf(offered.variant, sizeof(offered.variant), "%s", image->config.variant);
	return platform_match(&wanted, &offered) > 0;
}

/* Finds the image here, or pulls it. */
static int find_image(const struct engine *engine, const struct run_options *options,
		      const char *name, struct image *image, struct error *err)
{
	struct image_request request = {engine->root, name, options->image.platform,
					options->image.quiet, STDERR_FILENO};
	AUTO_REFERENCE struct reference reference = {0};
	AUTO_FREE char *familiar = NULL;

	const char *pull = options->pull ? options->pull : "missing";

	if (strcmp(pull, "always") == 0)
		return image_pull(engine, &request, err) < 0
			       ? -1
			       : store_find(engine->root, name, image, err);
	if (store_find(engine->root, name, image, err) == 0) {
		if (platform_fits(image, options->image.platform))
			return 0;
		image_release(image);
		*image = (struct image){0};
	} else if (err->code != ENOENT) {
		return -1;
	}
	if (reference_parse(name, &reference, err) < 0)
		return -1;
	familiar = reference_familiar_text(&reference);
	if (strcmp(pull, "never") == 0)
		return error_set(err, ENOENT, "No such image: %s", familiar);
	fprintf(stderr, "Unable to find image '%s' locally\n", familiar);
	if (image_pull(engine, &request, err) < 0)
		return -1;
	return store_find(engine->root, name, image, err);
}

/* The option if it is given, else what the image says; the image's "" means nothing. */
static char *choose(const char *option, const char *image)
{
	const char *chosen = option ? option : image;

	return chosen && *chosen ? memory_string(chosen) : NULL;
}

static void add_volumes(const struct volumes *volumes, struct strings *texts)
{
	for (size_t i = 0; i < volumes->count; i++) {
		AUTO_TEXT struct text text = {0};

		volume_write(&volumes->items[i], &text);
		strings_add(texts, text_string(&text));
	}
}

/* Who runs what, where: the parts in which an image has a say. */
static int set_command(const struct image *image, const struct run_options *options,
		       char *const *command, struct container_config *config, struct error *err)
{
	const char *entrypoint = options->image.entrypoint;
	AUTO_STRINGS struct strings env = {0}, labels = {0};

	config->image_id = memory_string(image->id);
	config->entrypoint_count = entrypoint ? *entrypoint != 0 : image->config.entrypoint.count;
	config->user = choose(options->process.user, image->config.user);
	config->cwd = choose(options->process.cwd, image->config.working_dir);
	config->stop_signal = choose(options->stop_signal, image->config.stop_signal);
	if (run_read_env_files(&options->env_files, &env, err) < 0)
		return -1;
	strings_add_all(&env, &options->process.env);
	environment_build(config->hostname, &image->config.env, &env, &config->env);
	strings_add_all(&labels, &options->file_labels);
	strings_add_all(&labels, &options->labels);
	run_merge_labels(&image->config.labels, &labels, &config->labels);
	if (config->cwd && *config->cwd != '/')
		return error_set(
			err, EINVAL,
			"the working directory '%s' is invalid, it needs to be an absolute path",
			config->cwd);
	return image_config_argv(&image->config, options->image.entrypoint, command, &config->argv,
				 err);
}

static int set_surroundings(const struct run_options *options, struct container_config *config,
			    struct error *err)
{
	config->name = choose(options->name ? names_without_slash(options->name) : NULL, NULL);
	config->init = options->namespaces.init;
	config->cgroupns_private = namespaces_cgroup_is_private(options->namespaces.cgroup);
	config->read_only = options->storage.read_only;
	config->auto_remove = options->remove;
	config->restart = options->restart;
	config->interactive = options->process.interactive;
	config->terminal = options->process.terminal;
	attributes_copy(&config->attributes, &options->process.attributes);
	strings_add_all(&config->sysctls, &options->namespaces.sysctls);
	strings_add_all(&config->wishes.devices, &options->namespaces.wishes.devices);
	config->wishes.shm_bytes = options->namespaces.wishes.shm_bytes;
	config->wishes.privileged = options->namespaces.wishes.privileged;
	config->wishes.unmasked = options->namespaces.wishes.unmasked;
	config->stop_timeout_s = options->stop_timeout_s;
	config->has_stop_timeout = options->stop_timeout_s != STOP_TIMEOUT_S;
	add_volumes(&options->storage.volumes, &config->volumes);
	cgroup_limits_copy(&config->limits, &options->cgroup.limits);
	return privileges_capabilities(&options->process.cap_add, &options->process.cap_drop,
				       &config->capabilities, err);
}

static struct attach_options attach_options(const struct run_options *options)
{
	const struct strings *only = &options->attach;
	bool all = only->count == 0;

	return (struct attach_options){
		.input = options->process.interactive && (all || strings_contain(only, "stdin")),
		.output = all || strings_contain(only, "stdout"),
		.errors = all || strings_contain(only, "stderr"),
		.terminal = options->process.terminal,
		.proxy = true,
		.detach_keys = options->detach_keys ? options->detach_keys : DETACH_KEYS,
	};
}

/* These are before anything is made. */
static int check_lives(const struct run_options *options, struct error *err)
{
	if (options->remove && options->restart.kind != RESTART_NO)
		return error_set(err, EINVAL,
				 "conflicting options: cannot specify both --restart and --rm");
	return run_life_check(&options->life, err);
}

static int check_streams(const struct run_options *options, struct error *err)
{
	struct attach_options attach = attach_options(options);

	if (options->detach && options->attach.count)
		return error_set(err, EINVAL,
				 "Conflicting options: cannot specify both --attach and --detach");
	if (!options->detach && attach.terminal && attach.input && !isatty(STDIN_FILENO))
		return error_set(err, PROCESS_NO_TERMINAL, "the input device is not a TTY");
	return 0;
}

/* Starts the container and, unless detached, stays with it until it ends. */
static int start(const struct engine *engine, struct container *container,
		 const struct run_options *options, int *status, struct error *err)
{
	struct attach_options attach = attach_options(options);
	int socket = container_start(engine, container, !options->detach, err);

	if (socket < 0)
		return -1;
	*status = 0;
	if (options->detach || (!attach.output && !attach.errors)) {
		printf("%s\n", container->id);
		fflush(stdout);
	}
	if (options->detach)
		return 0;
	/* Who leaves by the keys has not failed. */
	return attach_run(socket, &attach, status, err) < 0 && err->code != ATTACH_DETACHED ? -1
											    : 0;
}

static int drop_cidfile(const char *path)
{
	if (path)
		unlink(path);
	return -1;
}

/* The file is there before the container, and not without it. */
static int create(const struct engine *engine, const struct run_options *options,
		  struct container_config *config, struct container *container, struct error *err)
{
	AUTO_CLOSE int cidfile = -1;

	if (run_open_cidfile(options->cidfile, &cidfile, err) < 0)
		return -1;
	if (container_create(engine, config, container, err) < 0)
		return drop_cidfile(options->cidfile);
	return cidfile < 0 ? 0
			   : file_write_all(cidfile, container->id, strlen(container->id),
					    options->cidfile, err);
}

static int run(const struct call *call, struct run_options *options, char *const *operands,
	       int *status, struct error *err)
{
	AUTO_CONTAINER_CONFIG struct container_config config = {0};
	AUTO_CONTAINER struct container container = {0};
	AUTO_ENGINE struct engine engine = {0};
	AUTO_IMAGE struct image image = {0};

	if (run_namespaces_note_network(&options->namespaces,
					run_network_first(&options->connection), err) < 0)
		return -1;
	if (cgroup_options_complete(&options->cgroup, &options->namespaces,
				    &options->process.attributes, err) < 0)
		return -1;
	stats_print_warnings(&options->cgroup.limits);
	if (log_settings_check(&options->life.log, err) < 0 ||
	    (!options->create && check_streams(options, err) < 0))
		return -1;
	if (subcommand_engine(call, &engine, err) < 0)
		return -1;
	if (find_image(&engine, options, operands[0], &image, err) < 0)
		return -1;
	if (container_config_begin(&config, run_network_first(&options->connection),
				   options->namespaces.hostname, err) < 0)
		return -1;
	config.image = memory_string(operands[0]);
	if (run_namespaces_apply(&options->namespaces, &engine, &config, err) < 0)
		return -1;
	if (set_command(&image, options, operands + 1, &config, err) < 0)
		return -1;
	run_life_apply(&options->life, &image.config.healthcheck, &config);
	strings_add_all(&options->network.expose, &image.config.exposed_ports);
	if (run_network_apply(&options->connection, &options->network, &engine, &config, err) < 0)
		return -1;
	if (!options->create)
		run_network_warn(&config);
	if (set_surroundings(options, &config, err) < 0)
		return -1;
	if (container_claim_volumes(&engine, &image, &options->volumes_from, &config, err) < 0)
		return -1;
	if (create(&engine, options, &config, &container, err) < 0) {
		/* A config that became a container is empty now, and its volumes stay. */
		volume_store_remove_made_for(&engine, config.id, &config.volumes);
		return -1;
	}
	if (!options->create)
		return start(&engine, &container, options, status, err);
	printf("%s\n", container.id);
	*status = 0;
	return 0;
}

static void release_options(struct run_options *options)
{
	process_options_release(&options->process);
	namespaces_options_release(&options->namespaces);
	cgroup_options_release(&options->cgroup);
	storage_options_release(&options->storage);
	image_options_release(&options->image);
	network_options_release(&options->network);
	run_network_release(&options->connection);
	run_life_release(&options->life);
	cleanup_memory(&options->name);
	cleanup_memory(&options->detach_keys);
	cleanup_memory(&options->cidfile);
	cleanup_memory(&options->pull);
	strings_release(&options->labels);
	strings_release(&options->file_labels);
	strings_release(&options->env_files);
	cleanup_memory(&options->stop_signal);
	strings_release(&options->attach);
	strings_release(&options->volumes_from);
}

static int run_or_create(const struct call *call, bool create)
{
	struct run_options options = {.create = create, .stop_timeout_s = STOP_TIMEOUT_S};
	/* The first of chapter 05's rows is --root, which is an option of coracle itself here. */
	const struct option_group groups[] = {
		{"00-base: every command", program_option_rows, &options.program},
		{"01-process: what is started, and what it may do", process_option_rows,
		 &options.process},
		{"02-namespaces: what it can see", namespaces_option_rows, &options.namespaces},
		{"02-namespaces: with other containers", run_namespaces_rows, &options.namespaces},
		{"03-cgroups: how much it may use", cgroup_option_rows, &options.cgroup},
		{"04-overlayfs: what its files are", storage_option_rows, &options.storage},
		{"05-images: where they come from", image_option_rows + 1, &options.image},
		{"06-network: whom it can talk to", network_option_rows, &options.network},
		{"06-network: on networks of one's own", run_network_rows, &options.connection},
		{"final: its life as a container", create ? run_rows + 2 : run_rows, &options},
		{"final: its health and its log", run_life_rows, &options.life},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	char *const *operands = call->argv + operand;
	int status = STATUS_OURS;
	struct error err;

	if (check_lives(&options, &err) < 0) {
		status = program_fail(PROGRAM, &err, STATUS_OURS);
	} else if (run(call, &options, operands, &status, &err) < 0) {
		status = create ? STATUS_FAILED : process_failure_status(&err);
		error_wrap(&err, "%s '%s'", call->subcommand->name, operands[0]);
		program_fail(PROGRAM, &err, status);
	}
	release_options(&options);
	return status;
}

int command_run(const struct call *call)
{
	return run_or_create(call, false);
}

int command_create_container(const struct call *call)
{
	return run_or_create(call, true);
}
