/* Why the kernel would not execute a file that is there. */
#ifndef EXEC_FAILURE_H
#define EXEC_FAILURE_H

#include <sys/types.h>

#include "text.h"

/* Adds the cause that can be read from the file, nothing if there is none to be seen: the interpreter
 * or loader that it names and that is missing, a '#!' line with a carriage return, none at all, or
 * another machine. The file is looked at as the process `pid` would find it, which must still be
 * there. elf(5), execve(2) */
void exec_failure_explain(pid_t pid, const char *file, struct text *cause);

#endif
