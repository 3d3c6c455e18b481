/* The directories around an overlay; see scratch.h. */
#include "scratch.h"

#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "path.h"
#include "trace.h"

static int make_directory(const char *path, struct error *err)
{
	trace("mkdir %q", path);
	if (mkdir(path, 0755) < 0)
		return error_sys(err, "make directory '%s'", path);
	return 0;
}

/* The upper directory has to be on one file system with the work directory. */
static char *parent_of_base(const char *parent, const char *keep)
{
	AUTO_FREE char *copy = keep ? memory_string(keep) : NULL;

	if (keep)
		return memory_string(dirname(copy));
	return memory_string(parent ? parent : "/var/tmp");
}

static int make_base(struct scratch *scratch, const char *parent, const char *keep,
		     struct error *err)
{
	AUTO_FREE char *dir = parent_of_base(parent, keep);
	AUTO_FREE char *template = path_join(dir, "coracle.XXXXXX");

	trace("mktemp --directory %q", template);
	if (!mkdtemp(template))
		return error_sys(err, "make a directory '%s'", template);
	scratch->base = take_ptr(&template);
	return 0;
}

static int make_all(struct scratch *scratch, const char *parent, const char *keep,
		    struct error *err)
{
	if (keep) {
		trace("mkdir -p %q", keep);
		if (path_make_dirs(keep, 0755, err) < 0)
			return -1;
	}
	if (make_base(scratch, parent, keep, err) < 0)
		return -1;
	scratch->upper = keep ? memory_string(keep) : path_join(scratch->base, "upper");
	scratch->work = path_join(scratch->base, "work");
	scratch->root = path_join(scratch->base, "root");
	/* Its mode becomes that of /. */
	if (!keep && make_directory(scratch->upper, err) < 0)
		return -1;
	if (make_directory(scratch->work, err) < 0)
		return -1;
	return make_directory(scratch->root, err);
}

int scratch_make(struct scratch *scratch, const char *parent, const char *keep, struct error *err)
{
	*scratch = (struct scratch){0};
	if (make_all(scratch, parent, keep, err) == 0)
		return 0;
	scratch_release(scratch);
	return -1;
}

void scratch_release(struct scratch *scratch)
{
	struct error ignored;

	if (scratch->base)
		path_remove_tree(scratch->base, &ignored);
	cleanup_memory(&scratch->base);
	cleanup_memory(&scratch->upper);
	cleanup_memory(&scratch->work);
	cleanup_memory(&scratch->root);
}
