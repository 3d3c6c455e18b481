/*
 * A container: what it is to run (config.json, replaced by rename, update and
 * network connect) and how it is (state.json, replaced
 * by rename). A zeroed struct is empty and valid.
 */
#ifndef CONTAINER_H
#define CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "cgroup.h"
#include "cleanup.h"
#include "connection.h"
#include "engine.h"
#include "error.h"
#include "healthcheck.h"
#include "log_settings.h"
#include "rootfs.h"
#include "sharing.h"
#include "text.h"

#define CONTAINER_ID_LENGTH 64

/* RESTARTING: it has ended, and its monitor starts it again after a while. */
enum container_status {
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_EXITED,
	CONTAINER_RESTARTING,
};

enum restart_kind { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS, RESTART_UNLESS_STOPPED };

struct restart_policy {
	enum restart_kind kind;
	uint64_t most; /* on-failure: how many times; 0: any */
};

struct container_config {
	char id[CONTAINER_ID_LENGTH + 1]; /* of container_config_begin */
	char *name;			  /* NULL at creation: one is made up */
	char *image, *image_id;		  /* as the user wrote it; "sha256:…" of the config */
	struct strings argv, env;
	uint64_t entrypoint_count; /* so many of argv's first are the entrypoint */
	struct strings labels;	   /* "key=value", by key */
	int64_t stop_timeout_s;	   /* -1: for ever; 0 with has_stop_timeout false: 10 */
	bool has_stop_timeout;
	struct restart_policy restart;
	struct healthcheck healthcheck;
	struct log_settings log;
	char *user, *cwd; /* NULL: root, "/" */
	char *hostname;
	char *network; /* "bridge", "none", "host", "container:NAME", or a name */
	struct connection connection;
	char *stop_signal;	/* "SIGTERM" if NULL */
	struct strings volumes; /* as volume_write gives them */
	struct cgroup_limits limits;
	uint64_t capabilities;
	struct attributes attributes;
	struct strings sysctls;
	struct sharing sharing;
	struct rootfs_wishes wishes; /* privileged and unmasked follow from the attributes */
	bool init, read_only, auto_remove;
	bool cgroupns_private;	    /* it sees its cgroup as the root of all */
	bool interactive, terminal; /* its input is open; it has a terminal */
};

struct container_state {
	enum container_status status;
	pid_t pid;	    /* of the first process, on the host; 0 unless running */
	uint64_t pid_start; /* its start in clock ticks after boot: proc_pid_stat(5), field 22 */
	int exit_code;
	uint64_t restart_count;
	bool oom_killed;
	bool stopped; /* by somebody: no policy starts it again but "always", after a reboot */
	bool paused;  /* of container_observe, which asks the kernel; not recorded */
	char *error;  /* why it could not be started; NULL if it could */
	char *created_at, *started_at, *finished_at; /* RFC 3339 in UTC; NULL: not yet */
	char *cgroup;				     /* its name for cgroup_open while it runs */
	struct strings ports; /* published, as port_spec writes them, while it runs */
};

struct container {
	char id[CONTAINER_ID_LENGTH + 1];
	char *dir; /* ROOT/containers/ID */
	struct container_config config;
	struct container_state state;
};

/* Begins a config: a new id, a network ("bridge", "none" or "host"), and the hostname that follows
 * from them if `hostname` is NULL: the first 12 of the id, or the host's own. */
int container_config_begin(struct container_config *config, const char *network,
			   const char *hostname, struct error *err);

/* Makes a container of `config`, which is moved into it: a free name, its directories and
 * its record on the disk (durable unless auto_remove). On failure nothing is left and *config is
 * the caller's still. Errors: EEXIST with Docker's words if the name is taken; EINVAL for a name of
 * other characters than [a-zA-Z0-9][a-zA-Z0-9_.-]+; ENOSPC. */
int container_create(const struct engine *engine, struct container_config *config,
		     struct container *container, struct error *err);

/* Whether a text is a full id: 64 hexadecimal digits. */
bool container_is_id(const char *name);

/* Finds one by full id, name, or unique prefix of an id, and repairs its record if its monitor has
 * died. Errors: ENOENT "No such container: …"; EINVAL if the prefix fits several. */
int container_find(const struct engine *engine, const char *name, struct container *container,
		   struct error *err);

/* All containers, newest first, repaired as by container_find; whether a process was killed for
 * lack of memory is not asked of the kernel for each. What is wrong with those whose record can't
 * be read is added to *damaged; if that is NULL, because nobody knows what they use, it is an
 * error. The caller releases each one and frees *containers. */
int container_list(const struct engine *engine, struct container **containers, size_t *count,
		   struct strings *damaged, struct error *err);

/* The same of those that run or are between two lives; for the others no file is read. Others that
 * a monitor has not left in order may be among them. */
int container_list_alive(const struct engine *engine, struct container **containers, size_t *count,
			 struct strings *damaged, struct error *err);

/* Writes state.json anew. */
int container_save_state(const struct container *container, struct error *err);

/* Removes directory, name and run directory, and with auto_remove the volumes made for it; fine if
 * another command was first. The container must not be running. Errors: EXDEV if something is
 * mounted inside. */
int container_remove(const struct engine *engine, struct container *container, struct error *err);

/* Removes a container that does not run, as container_remove, and makes sure that it does not: no
 * monitor of it can begin meanwhile. What a monitor that was killed while it started left behind is
 * given back. Errors: EBUSY if it runs. */
int container_remove_unused(const struct engine *engine, struct container *container,
			    struct error *err);

/* Removes one that does not run and whose record can't be read, so that nobody knows what else it
 * has. Errors: RECORD_LOCKED if it runs. */
int container_remove_damaged(const struct engine *engine, const char *name, struct error *err);

/* "created", "running", "paused", "restarting", "exited". */
const char *container_status_word(const struct container *container);

/* The image ids that containers use, for image_helper_remove. *ids is added to. */
int container_image_ids(const struct engine *engine, struct strings *ids, struct error *err);

void container_release(struct container *container);
void container_config_release(struct container_config *config);
#define AUTO_CONTAINER CLEANUP(container_release)
#define AUTO_CONTAINER_CONFIG CLEANUP(container_config_release)

#endif
