/* docker export; see export.h. */
#include "export.h"

#include "tree_archive.h"
#include "visit.h"

/* A visitor of the container. */
static int export(void *context, int root_fd, struct error *err)
{
	const int *output_fd = context;

	return tree_archive_write(root_fd, *output_fd, err);
}

int export_container(const struct engine *engine, const struct container *container, int output_fd,
		     struct error *err)
{
	const struct visitor visitor = {export, &output_fd, .own_only = true};

	return visit_container(engine, container, &visitor, err);
}
