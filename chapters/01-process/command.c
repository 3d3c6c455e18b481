/* Finding a command and explaining its failure; see command.h. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
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

static const char *path_of(const struct strings *env)
{
	for (size_t i = 0; i < env->count; i++)
		if (text_starts_with(env->items[i], "PATH="))
			return env->items[i] + strlen("PATH=");
	return "";
}

/* Docker's words, which people search for. */
static int refuse(const char *name, int why, struct error *err)
{
	switch (why) {
	case EISDIR:
		return error_set(err, PROCESS_NOT_EXECUTABLE, "exec: \"%s\": is a directory", name);
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
		return error_set(err, PROCESS_NOT_FOUND,
				 "exec: \"%s\": stat %s: no such file or directory", name, name);
	default:
		error_set(err, PROCESS_NOT_EXECUTABLE, "exec: \"%s\": permission denied", name);
		return error_hint(err, err->code, "is it executable for this user?");
	}
}

int command_find(const char *name, const struct strings *env, char **file, struct error *err)
{
	bool denied = false;
	int why;

	if (strchr(name, '/')) {
		why = check_executable(name);
		if (why)
			return refuse(name, why, err);
		*file = memory_string(name);
		return 0;
	}
	for (const char *at = path_of(env); *name && *at;) {
		size_t length = strcspn(at, ":");
		AUTO_FREE char *candidate =
			memory_format("%.*s/%s", length ? (int)length : 1, length ? at : ".", name);

		why = check_executable(candidate);
		if (!why) {
			*file = take_ptr(&candidate);
			return 0;
		}
		denied = denied || why == EACCES;
		at += length;
		at += *at == ':';
	}
	if (denied)
		return refuse(name, EACCES, err);
	return error_set(err, PROCESS_NOT_FOUND, "exec: \"%s\": executable file not found in $PATH",
			 name);
}

int command_explain_failure(const char *name, const char *file, struct error *err)
{
	int code = errno == EACCES || errno == EPERM ? PROCESS_NOT_EXECUTABLE : PROCESS_EXEC_FAILED;
	int why = errno;

	error_sys(err, "exec %s", name);
	error_hint(err, ENOENT, "'%s' is there, but not the interpreter that it names", file);
	error_hint(err, ENOEXEC, "made for another machine, or a script without a '#!' line");
	err->code = why == E2BIG ? why : code;
	return -1;
}
