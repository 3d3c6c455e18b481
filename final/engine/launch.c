/*
 * The last of the series of main.c files: what chapters 01 to 06 do one after the other is called
 * here, in the order that the kernel needs. Read launch_start first; see launch.h.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "container_volumes.h"
#include "path.h"
#include "record.h"
#include "resolver.h"
#include "store.h"
#include "trace.h"

char *launch_cgroup_name(const struct engine *engine, const struct container *container)
{
	const char *running = container->state.cgroup;
	AUTO_FREE char *usual = path_join(engine->cgroup_parent, container->id);

	return running ? memory_string(running)
		       : cgroup_name_below(container->config.limits.parent, usual);
}

/* --- what is prepared ---------------------------------------------------------------------- */

static int prepare_overlay(struct launch *launch, struct error *err)
{
	const struct container *container = launch->container;
	AUTO_IMAGE struct image image = {0};

	if (store_find(launch->engine->root, container->config.image_id, &image, err) < 0)
		return -1;
	launch->upper = path_join(container->dir, "upper");
	launch->work = path_join(container->dir, "work");
	launch->root = path_join(container->dir, "rootfs");
	strings_add_all(&launch->overlay.layers, &image.layers);
	launch->overlay.upper = launch->upper;
	launch->overlay.work = launch->work;
	return 0;
}

/* The user's volumes; and the three files by which a container knows names, which in_parent writes,
 * so they must not be made as directories like a missing source of the user's. */
static int prepare_volumes(struct launch *launch, struct error *err)
{
	const struct container_config *config = &launch->container->config;

	if (container_volumes(launch->engine, config, true, &launch->volumes, err) < 0)
		return -1;
	resolver_add_volumes(launch->container->dir, config->read_only, &launch->volumes);
	return 0;
}

static int prepare_namespaces(struct launch *launch, struct error *err)
{
	struct container_config *config = &launch->container->config;
	enum network_kind kind = networks_kind(config);
	struct namespaces *namespaces = &launch->namespaces;

	if (sharing_open(launch->engine, &config->sharing, &launch->shared, err) < 0)
		return -1;
	*namespaces =
		(struct namespaces){.hostname = config->hostname,
				    .ids = config->sharing.ids,
				    .boottime_s = config->sharing.boottime_s,
				    .sysctls = &config->sysctls,
				    .cgroup = config->cgroupns_private ? CGROUP_NAMESPACE_PRIVATE
								       : CGROUP_NAMESPACE_HOST};
	for (size_t i = 0; i < NAMESPACE_NETWORK; i++)
		namespaces->from[i] = launch->shared.from[i];
	/* Another container's is ours by then. */
	if (kind != NETWORK_NONE && kind != NETWORK_BRIDGES)
		namespaces->from[NAMESPACE_NETWORK] = "host";
	config->wishes.shm_of = launch->shared.shm_of;
	return 0;
}

static int prepare(struct launch *launch, struct error *err)
{
	const struct container_config *config = &launch->container->config;
	AUTO_FREE char *cgroup = launch_cgroup_name(launch->engine, launch->container);

	if (prepare_namespaces(launch, err) < 0)
		return -1;
	if (prepare_overlay(launch, err) < 0 || prepare_volumes(launch, err) < 0 ||
	    networks_prepare(launch->engine, launch->container, &launch->networks, err) < 0)
		return -1;
	launch->rootfs = (struct rootfs){.path = launch->root,
					 .read_only = config->read_only,
					 .init = config->init,
					 .wishes = &config->wishes};
	if (cgroup_create(cgroup, &config->limits, &launch->cgroup, err) < 0)
		return -1;
	launch->container->state.cgroup = cgroup_name(launch->cgroup);
	return 0;
}

/* --- the two hooks ------------------------------------------------------------------------- */

static int in_parent(void *context, pid_t pid, struct error *err)
{
	struct launch *launch = context;
	struct strings mapped = {(char *[]){launch->engine->root, NULL}, 1};

	/* The store is all that it mounts, but for volumes of the host's. */
	if (id_map_apply(&launch->namespaces.ids, pid, &mapped, err) < 0)
		return -1;
	launch->container->state.pid_start = record_pid_start(pid);
	return networks_attach(launch->engine, launch->container, &launch->networks, pid, err);
}

/* What programs look for: a sign of Docker, and the mounts at their old place. Docker has both in a layer of
 * its own above the image's: whoever removes them from the container does not get them back. */
static int add_signs(const struct launch *launch, struct error *err)
{
	AUTO_CLOSE int root = -1, etc = -1, sign = -1;

	if (launch->container->state.started_at)
		return 0;
	root = open(launch->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_sys(err, "open '%s'", launch->root);
	etc = path_make_dirs_in_root(root, "/etc", err);
	if (etc < 0)
		return -1;
	trace("touch %q/.dockerenv", launch->root);
	/* A directory of the image's in the way stays. */
	unlinkat(root, ".dockerenv", 0);
	sign = openat(root, ".dockerenv", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (sign < 0 && errno != EEXIST)
		return error_sys(err, "make '/.dockerenv'");
	trace("ln -sf /proc/mounts %q/etc/mtab", launch->root);
	unlinkat(etc, "mtab", 0);
	if (symlinkat("/proc/mounts", etc, "mtab") < 0 && errno != EEXIST)
		return error_sys(err, "make link '/etc/mtab'");
	return 0;
}

static int in_child(void *context, struct error *err)
{
	const struct launch *launch = context;

	/* On v2 clone3 has put us there. Before the cgroup namespace, which begins where we are. */
	if (cgroup_enter(launch->cgroup, err) < 0)
		return -1;
	if (namespaces_enter(&launch->namespaces, err) < 0)
		return -1;
	/* Before the first mount, or it would show on the host. */
	if (rootfs_isolate(err) < 0)
		return -1;
	if (overlay_mount(&launch->overlay, launch->root, err) < 0)
		return -1;
	if (add_signs(launch, err) < 0 || rootfs_mount(&launch->rootfs, err) < 0)
		return -1;
	/* While the host's files can still be reached. */
	if (volumes_mount(&launch->volumes, launch->root, err) < 0)
		return -1;
	if (rootfs_pivot(&launch->rootfs, err) < 0)
		return -1;
	return rootfs_protect(&launch->rootfs, err);
}

/* --- exported ------------------------------------------------------------------------------ */

static int start_process(struct launch *launch, const struct launch_streams *streams,
			 struct error *err)
{
	const struct container_config *config = &launch->container->config;
	AUTO_STRINGS struct strings command = {0};
	struct process_config process = {
		.attributes = &config->attributes,
		.env = &config->env,
		.cwd = config->cwd ? config->cwd : "/",
		.user = config->user,
		.stdio = {streams->stdio[0], streams->stdio[1], streams->stdio[2]},
		.terminal = config->terminal,
		.size = streams->size,
		.cgroup_fd = cgroup_clone_fd(launch->cgroup),
		.die_with_parent = true,
		.privileges = {.limited = true,
			       .capabilities = config->capabilities,
			       .seccomp = true},
		.hooks = {in_parent, in_child, launch, rootfs_bind_console},
	};

	if (config->init)
		rootfs_init_command(config->argv.items, &command);
	else
		strings_add_all(&command, &config->argv);
	process.argv = command.items;
	attributes_restrict(&config->attributes, &process.privileges);
	namespaces_configure(&launch->namespaces, &process);
	if (sharing_give_streams(&config->sharing, process.stdio, err) < 0)
		return -1;
	return process_start(&launch->process, &process, err);
}

int launch_start(struct launch *launch, const struct engine *engine, struct container *container,
		 const struct launch_streams *streams, struct error *err)
{
	struct container_state *state = &container->state;
	struct error ignored;

	*launch = (struct launch){.engine = engine, .container = container};
	cleanup_memory(&state->cgroup); /* of the last run */
	if (prepare(launch, err) == 0 && start_process(launch, streams, err) == 0)
		return 0;
	ports_let_go(&launch->networks.ports);
	launch_give_back(engine, container, &ignored);
	launch_release(launch);
	state->pid = 0;
	state->pid_start = 0;
	return -1;
}

int launch_give_back(const struct engine *engine, const struct container *container,
		     struct error *err)
{
	AUTO_FREE char *name = launch_cgroup_name(engine, container);
	AUTO_CGROUP struct cgroup *cgroup = NULL;
	int result = 0;

	if (cgroup_open(name, &cgroup, err) < 0)
		result = err->code == ENOENT ? 0 : -1;
	else if (cgroup_destroy(cgroup, err) < 0)
		result = -1;
	return networks_give_back(engine, container, err) < 0 ? -1 : result;
}

void launch_release(struct launch *launch)
{
	process_release(&launch->process);
	strings_release(&launch->overlay.layers);
	cleanup_memory(&launch->upper);
	cleanup_memory(&launch->work);
	cleanup_memory(&launch->root);
	volumes_release(&launch->volumes);
	networks_release(&launch->networks);
	cgroup_release(&launch->cgroup);
	sharing_files_release(&launch->shared);
}
