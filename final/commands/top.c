/* top: the processes of a container, as the host's ps shows them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"
#include "control.h"
#include "file.h"
#include "program.h"
#include "subcommand.h"
#include "trace.h"

#define PS_BYTES_MOST (64 << 20)
#define CELL_LEAST 20 /* Docker's widths: at least twenty, three of them blank */
#define CELL_PADDING 3

/* --- ps ------------------------------------------------------------------------------------ */

/* Runs ps with these arguments, -ef if there are none, as Docker does, and gives what it prints. */
static int run_ps(char *const *arguments, struct text *output, struct error *err)
{
	AUTO_STRINGS struct strings argv = {0};
	AUTO_CLOSE int from = -1, to = -1;
	int pipe_fds[2], status = 0, result;
	pid_t pid;

	strings_add(&argv, "ps");
	strings_add_argv(&argv, *arguments ? arguments : (char *[]){"-ef", NULL});
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_sys(err, "make a pipe for ps");
	from = pipe_fds[0], to = pipe_fds[1];
	trace("ps %s", argv.items[1]);
	pid = fork();
	if (pid < 0)
		return error_sys(err, "fork for ps");
	if (pid == 0) {
		dup2(to, STDOUT_FILENO);
		execvp("ps", argv.items);
		_exit(127);
	}
	cleanup_fd(&to);
	result = file_read_fd(from, "ps", PS_BYTES_MOST, output, err);
	waitpid(pid, &status, 0);
	if (result < 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ENOENT, "ps is not installed");
	if (status)
		return error_set(err, EINVAL, "ps could not list the processes");
	return 0;
}

/* --- its lines ----------------------------------------------------------------------------- */

/* Cuts a line at blanks into `count` fields at most: the last one takes the rest. */
static size_t cut(char *line, char **fields, size_t count)
{
	size_t used = 0;

	for (line += strspn(line, " \t"); *line && used < count; used++) {
		size_t length = used + 1 == count ? strlen(line) : strcspn(line, " \t");

		fields[used] = line;
		line += length;
		if (*line)
			*line++ = '\0';
		line += strspn(line, " \t");
	}
	return used;
}

static void print_fields(char *const *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int width = (int)strlen(fields[i]) + CELL_PADDING;

		printf("%-*s",
		       i + 1 == count	    ? 0
		       : width < CELL_LEAST ? CELL_LEAST
					    : width,
		       fields[i]);
	}
	printf("\n");
}

static int find_pid_column(char *const *titles, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(titles[i], "PID") == 0)
			return (int)i;
	return -1;
}

/* Prints the titles, and the lines whose process is among `pids`. */
static int print_processes(char *listing, const struct strings *pids, struct error *err)
{
	char *titles[64], *fields[64], *rest = listing;
	size_t count = cut(strsep(&rest, "\n"), titles, ARRAY_LENGTH(titles));
	int column = find_pid_column(titles, count);

	if (column < 0)
		return error_set(err, EINVAL, "Couldn't find PID field in ps output");
	print_fields(titles, count);
	for (char *line; (line = strsep(&rest, "\n"));)
		if (cut(line, fields, count) > (size_t)column &&
		    strings_contain(pids, fields[column]))
			print_fields(fields, count);
	return 0;
}

static int top(const struct call *call, int operand, struct error *err)
{
	AUTO_CONTAINER struct container container = {0};
	AUTO_STRINGS struct strings pids = {0};
	AUTO_ENGINE struct engine engine = {0};
	AUTO_TEXT struct text listing = {0};

	if (subcommand_engine(call, &engine, err) < 0 ||
	    container_find(&engine, call->argv[operand], &container, err) < 0 ||
	    container_pids(&engine, &container, &pids, err) < 0 ||
	    run_ps(call->argv + operand + 1, &listing, err) < 0)
		return -1;
	return print_processes(listing.data, &pids, err);
}

int command_top(const struct call *call)
{
	struct program_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 1, -1);
	struct error err;

	return top(call, operand, &err) < 0 ? subcommand_fail(&err) : 0;
}
