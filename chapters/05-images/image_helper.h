/*
 * Calling coracle-image, the one program that writes the image store and talks to registries.
 *
 * What starts containers does not link libcurl and forty more libraries, which alone take longer to
 * load than the kernel needs for a container. As git has git-remote-https, it has this.
 */
#ifndef IMAGE_HELPER_H
#define IMAGE_HELPER_H

#include <stdbool.h>

#include "error.h"

struct image_request {
	const char *root;     /* of the store */
	const char *name;     /* reference as the user wrote it */
	const char *platform; /* "linux/arm64"; NULL: this machine's */
	bool quiet;	      /* print nothing; else progress goes to `output_fd` */
	int output_fd;
	const char *downloads;	   /* how many layers side by side; NULL: as configured */
	const char *user, *secret; /* of a login; the secret is no argument, but sent */
};

/* Pulls an image: on success it is in the store, whole and verified, and its reference names it.
 * The helper's steps appear in the trace. On failure the store holds what it held, and perhaps
 * verified layers. Errors: as the helper reports them: ENOENT for no such image, tag or registry
 * host; EACCES for a refused login; EBADMSG for a digest that differs; ENOSPC; ECONNREFUSED; … */
int image_helper_pull(const struct image_request *request, struct error *err);

/* Asks a registry whether it accepts the name and password, and keeps them as Docker does, for the
 * pulls to come; that they are kept in a plain file is said on standard error. `server` is as the
 * user wrote it, "" for Docker Hub. Errors: EACCES if they are refused; those of a pull. */
struct image_login {
	const char *server, *user, *password;
};
int image_helper_login(const struct image_login *login, struct error *err);
/* Forgets them. */
int image_helper_logout(const char *server, struct error *err);

/* Removes a name, and the image when no name is left (Docker's rmi). What was done is printed as
 * Docker prints it: "Untagged: …", "Deleted: …". Errors: ENOENT; EBUSY if `in_use` lists its id. */
struct strings;
int image_helper_remove(const struct image_request *request, const struct strings *in_use,
			struct error *err);

/* Runs one of coracle-image's commands on names and archives, whose output goes to output_fd:
 *	tag SOURCE TARGET; save NAME…; load and import NAME ("": none), which read `input_fd`;
 *	check, which fails with EIO when it has found a fault.
 * Errors: ENOENT for no such image; EINVAL for an archive or a name that is none; EBADMSG; ENOSPC. */
struct image_archive {
	const char *command;
	const struct strings *operands; /* after request->name */
	const struct strings *options;	/* "--change=ENV A=1", "--message=…"; NULL: none */
	int input_fd;			/* -1: none */
};
int image_helper_archive(const struct image_request *request, const struct image_archive *archive,
			 struct error *err);

#endif
