/* docker commit; see commit.h. */
#include "commit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "file.h"
#include "image_helper.h"
#include "json.h"
#include "path.h"
#include "store.h"
#include "tree_archive.h"

/* --- what the image is to run -------------------------------------------------------------------- */

static void add_text(cJSON *config, const char *name, const char *value)
{
	cJSON_AddStringToObject(config, name, value ? value : "");
}

/* What every container is given is no wish of this one. */
static void add_env(cJSON *config, const struct strings *env)
{
	static const char *const given[] = {"HOSTNAME=", "HOME=", "TERM="};
	AUTO_STRINGS struct strings kept = {0};

	for (size_t i = 0; i < env->count; i++) {
		bool ours = false;

		for (size_t j = 0; j < ARRAY_LENGTH(given); j++)
			ours |= text_starts_with(env->items[i], given[j]);
		if (!ours)
			strings_add(&kept, env->items[i]);
	}
	json_add_strings(config, "Env", &kept);
}

/* Whether the command begins with the image's entrypoint. */
static bool has_entrypoint(const struct strings *argv, const struct strings *entrypoint)
{
	if (argv->count < entrypoint->count)
		return false;
	for (size_t i = 0; i < entrypoint->count; i++)
		if (strcmp(argv->items[i], entrypoint->items[i]) != 0)
			return false;
	return true;
}

static void add_command(cJSON *config, const struct strings *argv, const struct strings *entrypoint)
{
	bool kept = has_entrypoint(argv, entrypoint);
	size_t skipped = kept ? entrypoint->count : 0;
	/* a view of the rest */
	const struct strings cmd = {argv->items + skipped, argv->count - skipped};

	if (!kept)
		cJSON_AddNullToObject(config, "Entrypoint");
	if (cmd.count)
		json_add_strings(config, "Cmd", &cmd);
	else
		cJSON_AddNullToObject(config, "Cmd");
}

static void make_overrides(const struct container_config *container, const struct image *image,
			   const struct commit *commit, struct text *overrides)
{
	AUTO_JSON cJSON *json = cJSON_CreateObject();
	cJSON *config = cJSON_AddObjectToObject(json, "config");
	AUTO_TEXT struct text command = {0};

	add_text(config, "User", container->user);
	add_text(config, "WorkingDir", container->cwd);
	add_env(config, &container->env);
	add_command(config, &container->argv, &image->config.entrypoint);
	for (size_t i = 0; i < container->argv.count; i++)
		text_add_format(&command, "%s%s", i ? " " : "", container->argv.items[i]);
	add_text(json, "created_by", text_string(&command));
	add_text(json, "author", commit->author);
	json_print(json, false, overrides);
}

/* --- the layer ----------------------------------------------------------------------------------- */

/* In a process of its own, since the other end of the pipe is read by the helper that we wait for.
 * An archive that could not be finished is damaged on purpose: it must not be taken for a whole one. */
static _Noreturn void write_layer(const char *upper, int output_fd)
{
	static const char damage[512] = "this archive is not whole";
	AUTO_CLOSE int fd = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error err;

	if (fd >= 0 && tree_archive_write_layer(fd, output_fd, &err) == 0)
		_exit(0);
	file_write_all(output_fd, damage, sizeof(damage), "archive", &err);
	_exit(1);
}

static int start_writer(const char *upper, pid_t *pid, struct error *err)
{
	AUTO_CLOSE int read_end = -1, write_end = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(err, "make a pipe");
	read_end = ends[0];
	write_end = ends[1];
	*pid = fork();
	if (*pid < 0)
		return error_sys(err, "fork to write the layer");
	if (*pid == 0) {
		cleanup_fd(&read_end);
		write_layer(upper, write_end);
	}
	return take_fd(&read_end);
}

static int call_helper(const struct engine *engine, const struct container *container,
		       const struct commit *commit, int input_fd, struct error *err)
{
	AUTO_STRINGS struct strings operands = {0}, options = {0};
	AUTO_TEXT struct text overrides = {0};
	AUTO_IMAGE struct image image = {0};
	struct image_request request = {.root = engine->root,
					.name = commit->name,
					.output_fd = STDOUT_FILENO};
	struct image_archive archive = {"commit", &operands, &options, input_fd};

	if (store_find(engine->root, container->config.image_id, &image, err) < 0)
		return -1;
	make_overrides(&container->config, &image, commit, &overrides);
	strings_add(&operands, container->config.image_id);
	strings_add(&operands, text_string(&overrides));
	for (size_t i = 0; i < commit->changes->count; i++) {
		AUTO_FREE char *option = memory_format("--change=%s", commit->changes->items[i]);

		strings_add(&options, option);
	}
	if (commit->message) {
		AUTO_FREE char *option = memory_format("--message=%s", commit->message);

		strings_add(&options, option);
	}
	return image_helper_archive(&request, &archive, err);
}

static int commit_files(const struct engine *engine, const struct container *container,
			const struct commit *commit, struct error *err)
{
	AUTO_FREE char *upper = path_join(container->dir, "upper");
	pid_t pid = -1;
	AUTO_CLOSE int input_fd = start_writer(upper, &pid, err);
	int result, status;

	if (input_fd < 0)
		return -1;
	result = call_helper(engine, container, commit, input_fd, err);
	/* Without a reader it ends. */
	cleanup_fd(&input_fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (result < 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1)
		error_wrap(err, "read the container's files");
	return result;
}

int commit_container(const struct engine *engine, const struct container *container,
		     const struct commit *commit, struct error *err)
{
	struct error other;
	bool paused = commit->pause && container->state.status == CONTAINER_RUNNING &&
		      container_pause(engine, container, &other) == 0;
	int result = commit_files(engine, container, commit, err);

	if (paused && container_unpause(engine, container, &other) < 0 && result == 0) {
		*err = other;
		return -1;
	}
	return result;
}
