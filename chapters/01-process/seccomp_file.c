/* Seccomp profiles of the user's own; see seccomp_file.h. */
#include "seccomp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "path.h"
#include "trace.h"

#define CACHE "/run/coracle-seccomp"

/* FNV-1a. */
static uint64_t hash_of(const struct text *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < text->length; i++)
		hash = (hash ^ (unsigned char)text->data[i]) * UINT64_C(1099511628211);
	return hash;
}

/* What a file of the cache holds after its key. */
static int read_filter(const char *bytes, size_t length, struct seccomp_filter **filter)
{
	struct seccomp_filter head;

	if (length < offsetof(struct seccomp_filter, code))
		return -1;
	memcpy(&head, bytes, offsetof(struct seccomp_filter, code));
	if (head.length > SECCOMP_FILTER_MAX || seccomp_filter_bytes(&head) != length)
		return -1;
	*filter = memory_copy(bytes, length);
	return 0;
}

static int find_made(const char *path, const struct text *key, struct seccomp_filter **filter)
{
	AUTO_TEXT struct text found = {0};
	struct error ignored;

	if (file_read(AT_FDCWD, path, key->length + sizeof(**filter), &found, &ignored) < 0 ||
	    found.length < key->length || memcmp(found.data, key->data, key->length) != 0)
		return -1;
	return read_filter(found.data + key->length, found.length - key->length, filter);
}

/* A file in memory to be a stream of the helper: no pipe that could fill up. */
static int make_stream(const char *content, struct error *err)
{
	AUTO_CLOSE int fd = memfd_create("stream", MFD_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "make a file in memory");
	if (file_write_all(fd, content, strlen(content), "a file in memory", err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_sys(err, "rewind a file in memory");
	return take_fd(&fd);
}

/* Returns its status, as waitpid(2) gives it. */
static int run_helper(const char *program, char *argument, const int streams[3], int *status,
		      struct error *err)
{
	char *argv[] = {"coracle-seccomp", argument, NULL}, *env[] = {NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	pid_t pid;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_adddup2(&actions, streams[fd], fd);
	trace("%s %s <PROFILE >FILTER", program, argument);
	errno = posix_spawn(&pid, program, &actions, &attributes, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (errno)
		return error_sys(err, "start '%s'", program);
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return error_sys(err, "wait for '%s'", program);
	return 0;
}

/* What it says itself, or how it ended. */
static int explain_end(int status, const char *said, struct error *err)
{
	if (WIFSIGNALED(status))
		return error_set(err, ECHILD, "coracle-seccomp was killed by signal %d",
				 WTERMSIG(status));
	if (!*said)
		return error_set(err, ECHILD, "coracle-seccomp ended with status %d",
				 WEXITSTATUS(status));
	return error_set(err, EINVAL, "%s", said);
}

static int make(const char *program, const char *profile, char *capabilities, struct text *made,
		struct error *err)
{
	AUTO_CLOSE int input = make_stream(profile, err), output = -1, errors = -1;
	AUTO_TEXT struct text message = {0};
	int status;

	if (input < 0 || (output = make_stream("", err)) < 0 ||
	    (errors = make_stream("", err)) < 0 ||
	    run_helper(program, capabilities, (int[]){input, output, errors}, &status, err) < 0)
		return -1;
	lseek(output, 0, SEEK_SET);
	lseek(errors, 0, SEEK_SET);
	if (status == 0)
		return file_read_fd(output, "the filter", sizeof(struct seccomp_filter), made, err);
	if (file_read_fd(errors, "its errors", sizeof(err->text), &message, err) < 0)
		return -1;
	return explain_end(status, text_string(&message), err);
}

/* --- exported ------------------------------------------------------------------------------ */

int seccomp_file_read(const char *path, struct text *profile, struct error *err)
{
	AUTO_TEXT struct text file = {0};
	AUTO_JSON cJSON *json = NULL;

	if (file_read(AT_FDCWD, path, SECCOMP_PROFILE_MAX, &file, err) < 0)
		return error_wrap(err, "opening seccomp profile (%s) failed", path);
	json = json_parse(path, text_string(&file), file.length, err);
	if (!json)
		return error_wrap(err, "compacting json for seccomp profile (%s) failed", path);
	json_print(json, false, profile);
	profile->data[--profile->length] = '\0'; /* the newline */
	return 0;
}

int seccomp_file_compile(const char *profile, uint64_t capabilities, struct seccomp_filter **filter,
			 struct error *err)
{
	AUTO_FREE char *argument = memory_format("%" PRIx64, capabilities), *path = NULL;
	AUTO_FREE char *program = NULL;
	AUTO_TEXT struct text key = {0}, made = {0};
	struct error ignored;
	struct stat st;

	if (path_of_own("libexec/coracle/coracle-seccomp", &program, err) < 0)
		return -1;
	if (stat(program, &st) < 0)
		return error_sys(err, "look at '%s'", program);
	/* Another version of the helper may make another filter. */
	text_add_format(&key, "%" PRIdMAX " %" PRIdMAX " %s %s\n", (intmax_t)st.st_mtime,
			(intmax_t)st.st_size, argument, profile);
	path = memory_format(CACHE "/%016" PRIx64, hash_of(&key));
	if (find_made(path, &key, filter) == 0)
		return 0;
	if (make(program, profile, argument, &made, err) < 0)
		return error_wrap(err, "compile the seccomp profile");
	if (read_filter(made.data, made.length, filter) < 0)
		return error_set(err, EPROTO, "compile the seccomp profile: not a filter");
	text_add(&key, made.data, made.length);
	/* Without it the next start takes longer, and that is all. */
	if (path_make_dirs(CACHE, 0700, &ignored) == 0)
		file_replace(path, &key, 0600, false, &ignored);
	return 0;
}
