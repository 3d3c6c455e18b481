/*
 * Which file a command means, and why the kernel would not execute it.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <sys/types.h>

#include "error.h"
#include "text.h"

/* Finds the file: a name with a slash is taken as it is, any other is looked for in the PATH of
 * `env`. The check is made with the caller's permissions. The caller frees *file.
 * Errors, with Docker's words: PROCESS_NOT_FOUND; PROCESS_NOT_EXECUTABLE for a directory or a file
 * without permission; EACCES if PATH leads to a file relative to the working directory. */
int command_find(const char *name, const struct strings *env, char **file, struct error *err);

/* Says why execve(2) of a file that command_find has found failed, from errno. Returns -1.
 * Errors: PROCESS_EXEC_FAILED. */
int command_explain_failure(pid_t pid, const char *file, struct error *err);

#endif
