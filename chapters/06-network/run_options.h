/* All options of `run`: those of six chapters in one struct. */
#ifndef RUN_OPTIONS_H
#define RUN_OPTIONS_H

#include "cgroup_options.h"
#include "image_options.h"
#include "namespaces_options.h"
#include "network_options.h"
#include "overlay_options.h"
#include "process_options.h"
#include "program.h"

struct run_options {
	struct program_options program;
	struct process_options process;
	struct namespaces_options namespaces; /* its network is chosen by a richer option */
	struct cgroup_options cgroup;
	struct storage_options storage;
	struct image_options image;
	struct network_options network;
};

/* As program_options does, whose first two arguments and result it has. */
int run_options_parse(const char *name, const char *usage, struct run_options *options, int argc,
		      char *const *argv);

#endif
