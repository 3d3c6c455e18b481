/* The configuration of an image; see image_config.h. OCI image-spec config.md */
#include "image_config.h"

#include <errno.h>
#include <string.h>

#include "json.h"

static int get_string(const cJSON *object, const char *name, char **value, struct error *err)
{
	const char *found = "";

	if (json_get_string(object, name, &found, err) < 0)
		return -1;
	*value = memory_string(found);
	return 0;
}

/* "Volumes" is an object whose keys are the paths; their values mean nothing. */
static int read_volumes(const cJSON *process, struct strings *volumes, struct error *err)
{
	const cJSON *object = NULL, *item;

	if (json_get_object(process, "Volumes", &object, err) < 0)
		return -1;
	cJSON_ArrayForEach(item, object)
		strings_add(volumes, item->string);
	return 0;
}

static int read_labels(const cJSON *process, struct strings *labels, struct error *err)
{
	const cJSON *object = NULL, *item;

	if (json_get_object(process, "Labels", &object, err) < 0)
		return -1;
	cJSON_ArrayForEach(item, object) {
		AUTO_FREE char *label = memory_format(
			"%s=%s", item->string, cJSON_IsString(item) ? item->valuestring : "");

		strings_add(labels, label);
	}
	return 0;
}

/* "config": how the author wants it to run. It may be missing, for an image that only holds files. */
static int read_process(const cJSON *process, struct image_config *config, struct error *err)
{
	if (get_string(process, "User", &config->user, err) < 0 ||
	    get_string(process, "WorkingDir", &config->working_dir, err) < 0 ||
	    get_string(process, "StopSignal", &config->stop_signal, err) < 0 ||
	    json_get_strings(process, "Entrypoint", &config->entrypoint, err) < 0 ||
	    json_get_strings(process, "Cmd", &config->cmd, err) < 0 ||
	    json_get_strings(process, "Env", &config->env, err) < 0 ||
	    read_labels(process, &config->labels, err) < 0 ||
	    read_volumes(process, &config->volumes, err) < 0)
		return -1;
	return 0;
}

/* An object whose values say nothing: {"80/tcp": {}}. */
static int read_exposed_ports(const cJSON *process, struct image_config *config, struct error *err)
{
	const cJSON *ports = NULL, *port;

	if (!process || json_get_object(process, "ExposedPorts", &ports, err) < 0)
		return process ? -1 : 0;
	cJSON_ArrayForEach(port, ports)
		strings_add(&config->exposed_ports, port->string);
	return 0;
}

static int read_healthcheck(const cJSON *process, struct image_config *config, struct error *err)
{
	const cJSON *check = NULL;

	if (!process || json_get_object(process, "Healthcheck", &check, err) < 0)
		return process ? -1 : 0;
	return healthcheck_read(check, &config->healthcheck, err);
}

static int read_rootfs(const cJSON *document, struct image_config *config, struct error *err)
{
	const cJSON *rootfs = NULL;

	if (json_get_object(document, "rootfs", &rootfs, err) < 0)
		return -1;
	return json_get_strings(rootfs, "diff_ids", &config->diff_ids, err) < 0 ? -1 : 0;
}

static int read_document(const cJSON *document, struct image_config *config, struct error *err)
{
	const cJSON *process = NULL;

	if (get_string(document, "architecture", &config->architecture, err) < 0 ||
	    get_string(document, "os", &config->os, err) < 0 ||
	    get_string(document, "variant", &config->variant, err) < 0 ||
	    get_string(document, "created", &config->created, err) < 0 ||
	    json_get_object(document, "config", &process, err) < 0)
		return -1;
	if (read_process(process, config, err) < 0 ||
	    read_exposed_ports(process, config, err) < 0 ||
	    read_healthcheck(process, config, err) < 0)
		return -1;
	return read_rootfs(document, config, err);
}

int image_config_parse(const char *bytes, size_t length, struct image_config *config,
		       struct error *err)
{
	AUTO_JSON cJSON *document = json_parse("image config", bytes, length, err);
	AUTO_IMAGE_CONFIG struct image_config parsed = {0};

	if (!document)
		return -1;
	if (read_document(document, &parsed, err) < 0)
		return error_wrap(err, "read the image config");
	*config = parsed;
	parsed = (struct image_config){0};
	return 0;
}

int image_config_argv(const struct image_config *config, const char *entrypoint,
		      char *const *command, struct strings *argv, struct error *err)
{
	bool commanded = command && *command;
	size_t before = argv->count;

	/* An entrypoint from the user, even an empty one, also takes the image's command away. */
	if (entrypoint && *entrypoint)
		strings_add(argv, entrypoint);
	if (!entrypoint)
		strings_add_all(argv, &config->entrypoint);
	if (commanded)
		strings_add_argv(argv, command);
	else if (!entrypoint)
		strings_add_all(argv, &config->cmd);
	if (argv->count == before)
		return error_set(err, EINVAL, "no command specified");
	return 0;
}

void image_config_release(struct image_config *config)
{
	cleanup_memory(&config->architecture);
	cleanup_memory(&config->os);
	cleanup_memory(&config->variant);
	cleanup_memory(&config->created);
	cleanup_memory(&config->user);
	cleanup_memory(&config->working_dir);
	cleanup_memory(&config->stop_signal);
	strings_release(&config->entrypoint);
	strings_release(&config->cmd);
	strings_release(&config->env);
	strings_release(&config->labels);
	strings_release(&config->volumes);
	strings_release(&config->exposed_ports);
	healthcheck_release(&config->healthcheck);
	strings_release(&config->diff_ids);
}
