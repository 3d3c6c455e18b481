/* See run_options.h. */
#include "run_options.h"

int run_options_parse(const char *name, const char *usage, struct run_options *options, int argc,
		      char *const *argv)
{
	const struct option_group groups[] = {
		{"00-base: every program", program_option_rows, &options->program},
		{"01-process: what it may do", process_option_rows, &options->process},
		{"02-namespaces: what it can see", namespaces_option_rows, &options->namespaces},
		{"03-cgroups: how much it may use", cgroup_option_rows, &options->cgroup},
		{"04-overlayfs: what it can keep", storage_option_rows, &options->storage},
		{"05-images: what it is made of", image_option_rows, &options->image},
		/* After chapter 02's: its row of the same name, --network, is the one that counts. */
		{"06-network: whom it can talk to", network_option_rows, &options->network},
		{0},
	};

	return program_options(name, usage, groups, argc, argv);
}
