/* Copies between containers and the host; see copy.h. */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy_archive.h"
#include "path.h"
#include "place.h"
#include "trace.h"
#include "tree_copy.h"
#include "user.h"
#include "visit.h"

#define ARCHIVE_END_BYTES 1024

/* --- where from, where to ------------------------------------------------------------------------ */

static int not_found(const struct copy_request *request, struct error *err)
{
	if (err->code != ENOENT && err->code != ENOTDIR)
		return -1;
	if (!request->into)
		return error_set(err, ENOENT, "Could not find the file %s in container %s",
				 request->inside, request->asked_name);
	return error_set(err, ENOENT, "lstat %s: no such file or directory", request->outside);
}

/* Docker names the directory that is missing, not what was to be made in it. */
static int no_directory(const struct copy_request *request, struct error *err)
{
	const char *path = request->into ? request->inside : request->outside;
	AUTO_FREE char *parent = path_join(path, ".."), *normal = path_normal("/", parent);

	if (err->code != ENOENT && err->code != ENOTDIR)
		return -1;
	if (request->into)
		return error_set(err, ENOENT, "Could not find the file %s in container %s", normal,
				 request->asked_name);
	return error_set(err, ENOENT, "invalid output path: directory \"%s\" does not exist",
			 normal);
}

static int find_source(const struct copy_request *request, int root, struct place *from,
		       struct error *err)
{
	const char *path = request->into ? request->outside : request->inside;

	if (place_find(root, path, request->follow, from, err) < 0)
		return not_found(request, err);
	if (!from->exists) {
		err->code = ENOENT;
		return not_found(request, err);
	}
	if (from->wants_directory && !S_ISDIR(from->st.st_mode))
		return error_set(err, ENOTDIR, "%s: not a directory", path);
	return 0;
}

static int find_target(const struct copy_request *request, int root, struct place *to,
		       struct error *err)
{
	const char *path = request->into ? request->inside : request->outside;

	return place_find(root, path, true, to, err) < 0 ? no_directory(request, err) : 0;
}

/* As the mount of a running one says by itself. */
static int check_writable(const struct copy_request *request, int root, const struct place *to,
			  struct error *err)
{
	struct stat top, there;

	if (!request->into || !request->container->config.read_only)
		return 0;
	if (fstat(root, &top) < 0 || fstat(to->parent, &there) < 0)
		return error_sys(err, "look at the container's root");
	if (top.st_dev != there.st_dev)
		return 0;
	return error_set(err, EROFS, "container rootfs is marked read-only");
}

/* --- the copy ------------------------------------------------------------------------------------ */

/* Opens what is there; links are not followed any more. */
static int open_directory(const struct place *place, struct error *err)
{
	int fd =
		openat(place->parent, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? error_sys(err, "open directory '%s'", place->name) : fd;
}

static int copy_contents(struct tree_copy *copy, const struct place *from, const struct place *to,
			 struct error *err)
{
	AUTO_CLOSE int source = open_directory(from, err), target = -1;

	if (source < 0)
		return -1;
	if (!to->exists && mkdirat(to->parent, to->name, 0700) < 0)
		return error_sys(err, "make directory '%s'", to->name);
	target = open_directory(to, err);
	copy->keep_top = to->exists;
	return target < 0 ? -1 : tree_copy_contents(copy, source, target, err);
}

static int copy_into_directory(struct tree_copy *copy, const struct place *from,
			       const struct place *to, struct error *err)
{
	AUTO_CLOSE int target = open_directory(to, err);

	if (target < 0)
		return -1;
	return tree_copy(copy, (struct tree_name){from->parent, from->name},
			 (struct tree_name){target, from->asked}, err);
}

static int copy_place(struct tree_copy *copy, const struct place *from, const struct place *to,
		      struct error *err)
{
	bool directory = S_ISDIR(from->st.st_mode);

	if (directory && from->contents && to->exists && S_ISDIR(to->st.st_mode))
		return copy_contents(copy, from, to, err);
	if (to->exists && S_ISDIR(to->st.st_mode))
		return copy_into_directory(copy, from, to, err);
	if (directory && to->exists)
		return error_set(err, ENOTDIR, "cannot copy directory");
	if (directory)
		return copy_contents(copy, from, to, err);
	if (to->wants_directory)
		return error_set(err, ENOTDIR, "no such directory");
	return tree_copy(copy, (struct tree_name){from->parent, from->name},
			 (struct tree_name){to->parent, to->name}, err);
}

/* What is copied out belongs to whoever copies. What is copied in keeps its owner; with -a it belongs
 * to the container's user, in the names of whose /etc/passwd only a process in there can read. */
static int choose_owner(const struct copy_request *request, int inside, struct tree_copy *copy,
			struct error *err)
{
	AUTO_USER struct user user = {0};

	if (!request->into)
		copy->owner = TREE_OWNER_COPIER;
	if (!request->into || !request->to_user || !request->container->config.user)
		return 0;
	if (fchdir(inside) < 0 || chroot(".") < 0)
		return error_sys(err, "enter the container's root");
	if (user_look_up(request->container->config.user, &user, err) < 0)
		return -1;
	copy->owner = TREE_OWNER_CHANGED;
	copy->uid = user.uid;
	copy->gid = user.gid;
	return 0;
}

/* One copy, in the visitor's process. */
struct visit {
	const struct copy_request *request;
	int host;	 /* the host's root, which the visitor's own may not be */
	uint64_t *bytes; /* shared with the caller */
};

/* It would be replaced: whoever copies to /dev/null wants something else. */
static int refuse_device(const struct copy_request *request, const struct place *to,
			 struct error *err)
{
	if (!to->exists || (!S_ISCHR(to->st.st_mode) && !S_ISBLK(to->st.st_mode)))
		return 0;
	if (!request->into)
		return error_set(
			err, EINVAL,
			"invalid output path: \"%s\" must be a directory or a regular file: got a device",
			request->outside);
	return error_set(
		err, EINVAL,
		"destination \"%s:%s\" must be a directory or a regular file: got a device",
		request->asked_name, request->inside);
}

static int copy_files(const struct visit *visit, int inside, struct error *err)
{
	const struct copy_request *request = visit->request;
	int outside = visit->host;
	AUTO_TREE_COPY struct tree_copy copy = {0};
	AUTO_PLACE struct place from = {0}, to = {0};

	if (find_source(request, request->into ? outside : inside, &from, err) < 0 ||
	    find_target(request, request->into ? inside : outside, &to, err) < 0 ||
	    refuse_device(request, &to, err) < 0 || check_writable(request, inside, &to, err) < 0 ||
	    choose_owner(request, inside, &copy, err) < 0)
		return -1;
	if (copy_place(&copy, &from, &to, err) < 0)
		return -1;
	*visit->bytes = copy.archive_bytes + ARCHIVE_END_BYTES;
	return 0;
}

/* --- with an archive ----------------------------------------------------------------------------- */

static int write_archive(const struct copy_request *request, int inside, struct error *err)
{
	AUTO_PLACE struct place from = {0};

	if (find_source(request, inside, &from, err) < 0)
		return -1;
	return copy_archive_write(&from, request->archive_fd, err);
}

static int read_archive(const struct visit *visit, int inside, struct error *err)
{
	const struct copy_request *request = visit->request;
	AUTO_PLACE struct place to = {0};
	AUTO_CLOSE int target = -1;

	if (find_target(request, inside, &to, err) < 0)
		return -1;
	if (!to.exists || !S_ISDIR(to.st.st_mode))
		return error_set(err, ENOTDIR, "destination \"%s:%s\" must be a directory",
				 request->asked_name, request->inside);
	if (check_writable(request, inside, &to, err) < 0)
		return -1;
	target = open_directory(&to, err);
	if (target < 0)
		return -1;
	return copy_archive_read(inside, target, request->archive_fd, visit->bytes, err);
}

/* A visitor of the container. */
static int copy(void *context, int root_fd, struct error *err)
{
	const struct visit *visit = context;
	const struct copy_request *request = visit->request;

	/* In there we are nobody to the host's files. */
	if (request->outside && request->container->state.pid &&
	    request->container->config.sharing.ids.first)
		return error_set(
			err, ENOTSUP,
			"container %s has users of its own: copy when it is stopped, or an archive (-)",
			request->asked_name);
	if (request->outside)
		return copy_files(visit, root_fd, err);
	return request->into ? read_archive(visit, root_fd, err)
			     : write_archive(request, root_fd, err);
}

int copy_run(const struct copy_request *request, uint64_t *bytes, struct error *err)
{
	AUTO_CLOSE int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct visit visit = {request, host, NULL};
	const struct visitor visitor = {copy, &visit};
	int result;

	if (host < 0)
		return error_sys(err, "open '/'");
	visit.bytes = mmap(NULL, sizeof(*bytes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	if (visit.bytes == MAP_FAILED)
		return error_sys(err, "map memory to share with the visitor");
	result = visit_container(request->engine, request->container, &visitor, err);
	if (result == 0)
		*bytes = *visit.bytes;
	munmap(visit.bytes, sizeof(*bytes));
	return result;
}
