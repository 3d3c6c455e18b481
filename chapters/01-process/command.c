/* Finding a command and explaining its failure; see command.h. */
#include "command.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "environment.h"
#include "exec_failure.h"
#include "process.h"

/* 0, or the errno for which the file can't be executed by us. */
static int check_executable(const char *file)
{
	struct stat st;

	if (stat(file, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

/* Docker's words, which people search for: those of Go, without a capital. The caller frees it. */
static char *describe(int why)
{
	const char *known = strerrordesc_np(why);
	char *reason = memory_string(known ? known : "unknown error");

	*reason = (char)tolower((unsigned char)*reason);
	return reason;
}

static int refuse(const char *name, int why, struct error *err)
{
	AUTO_FREE char *reason = describe(why);
	struct stat st;

	if (why == EISDIR)
		return error_set(err, PROCESS_NOT_EXECUTABLE, "exec: \"%s\": is a directory", name);
	/* Not there, or in a directory that is closed to this user. */
	if (stat(name, &st) < 0)
		return error_set(err, why == EACCES ? PROCESS_NOT_EXECUTABLE : PROCESS_NOT_FOUND,
				 "exec: \"%s\": stat %s: %s", name, name, reason);
	error_set(err, PROCESS_NOT_EXECUTABLE, "exec: \"%s\": permission denied", name);
	return error_hint(err, err->code, "is it executable for this user?");
}

/* The first file of that name in a directory of PATH that may be executed; NULL if there is none.
 * An empty directory means the working directory. */
static char *search(const char *path, const char *name)
{
	for (;;) {
		size_t length = strcspn(path, ":");
		AUTO_FREE char *file =
			memory_format("%.*s%s%s", (int)length, path, length ? "/" : "", name);

		if (check_executable(file) == 0)
			return take_ptr(&file);
		if (!path[length])
			return NULL;
		path += length + 1;
	}
}

static int find_in_path(const char *name, const struct strings *env, char **file, struct error *err)
{
	const char *path = environment_get(env, "PATH");
	AUTO_FREE char *found = path && *path && *name ? search(path, name) : NULL;

	if (!found)
		return error_set(err, PROCESS_NOT_FOUND,
				 "exec: \"%s\": executable file not found in $PATH", name);
	/* Whoever can write to the working directory could choose the command. */
	if (*found != '/')
		return error_set(
			err, EACCES,
			"exec: \"%s\": cannot run executable found relative to current directory",
			name);
	*file = take_ptr(&found);
	return 0;
}

int command_find(const char *name, const struct strings *env, char **file, struct error *err)
{
	int why;

	if (!strchr(name, '/'))
		return find_in_path(name, env, file, err);
	why = check_executable(name);
	if (why)
		return refuse(name, why, err);
	*file = memory_string(name);
	return 0;
}

int command_explain_failure(pid_t pid, const char *file, struct error *err)
{
	int why = errno;
	AUTO_FREE char *reason = describe(why);
	AUTO_TEXT struct text cause = {0};

	error_set(err, why, "exec %s: %s", file, reason);
	exec_failure_explain(pid, file, &cause);
	if (cause.length)
		error_hint(err, why, "%s", text_string(&cause));
	err->code = PROCESS_EXEC_FAILED;
	return -1;
}
