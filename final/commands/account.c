/* login and logout: names and passwords for registries. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "image_helper.h"
#include "program.h"
#include "subcommand.h"
#include "text.h"

#define HUB "https://index.docker.io/v1/"
#define SECRET_BYTES_MAX 4095

struct login_options {
	struct program_options program;
	char *user, *password;
	bool from_stdin;
};

#define FIELD(name) offsetof(struct login_options, name)

static const struct option_row login_rows[] = {
	{"password", 'p', "PASSWORD", option_string, FIELD(password),
	 "Password; everybody on this machine can read it here", NULL, NULL},
	{"password-stdin", 0, NULL, option_flag, FIELD(from_stdin),
	 "Take the password from standard input", NULL, NULL},
	{"username", 'u', "NAME", option_string, FIELD(user), "Username", NULL, NULL},
	{0},
};

static const struct option_row logout_rows[] = {{0}};

/* A line of standard input, without its end. */
static int read_line(const char *prompt, char **line, struct error *err)
{
	char bytes[SECRET_BYTES_MAX + 2];

	fputs(prompt, stdout);
	fflush(stdout);
	if (!fgets(bytes, sizeof(bytes), stdin))
		return error_set(err, EINVAL, "standard input has ended");
	bytes[strcspn(bytes, "\r\n")] = '\0';
	cleanup_memory(line);
	*line = memory_string(bytes);
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

/* Without echo. termios(3) */
static int ask_password(struct login_options *options, struct error *err)
{
	struct termios usual, silent;
	int result;

	if (tcgetattr(STDIN_FILENO, &usual) < 0)
		return error_sys(err, "read the terminal's settings");
	silent = usual;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	result = read_line("Password: ", &options->password, err);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
	putchar('\n');
	return result;
}

/* All of standard input, but for the line's end. */
static int take_password(struct login_options *options, struct error *err)
{
	AUTO_TEXT struct text text = {0};

	if (file_read_fd(STDIN_FILENO, "standard input", SECRET_BYTES_MAX, &text, err) < 0)
		return -1;
	options->password =
		memory_format("%.*s", (int)strcspn(text_string(&text), "\r\n"), text_string(&text));
	return 0;
}

static int complete(struct login_options *options, struct error *err)
{
	if (options->from_stdin && options->password)
		return error_set(err, EINVAL,
				 "--password and --password-stdin are mutually exclusive");
	if (options->from_stdin && !options->user)
		return error_set(err, EINVAL, "Must provide --username with --password-stdin");
	if (options->from_stdin)
		return take_password(options, err);
	if (options->user && options->password)
		return 0;
	if (!isatty(STDIN_FILENO))
		return error_set(err, ENOTTY,
				 "Cannot perform an interactive login from a non TTY device");
	if (!options->user && read_line("Username: ", &options->user, err) < 0)
		return -1;
	return options->password ? 0 : ask_password(options, err);
}

static int log_in(struct login_options *options, const char *server, struct error *err)
{
	struct image_login login = {.server = server};

	if (options->password && !options->from_stdin)
		fputs("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n",
		      stderr);
	if (complete(options, err) < 0)
		return -1;
	if (!options->user || !*options->user)
		return error_set(err, EINVAL, "username is required");
	if (!options->password || !*options->password)
		return error_set(err, EINVAL, "password is required");
	login.user = options->user;
	login.password = options->password;
	return image_helper_login(&login, err);
}

int command_login(const struct call *call)
{
	struct login_options options = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &options.program},
		{"Options", login_rows, &options},
		{0},
	};
	int operand = subcommand_options(call, groups, 0, 1), status = 0;
	const char *server = call->argv[operand] ? call->argv[operand] : "";
	struct error err;

	if (log_in(&options, server, &err) < 0)
		status = subcommand_fail(&err);
	else
		puts("Login Succeeded");
	if (options.password)
		explicit_bzero(options.password, strlen(options.password));
	cleanup_memory(&options.user);
	cleanup_memory(&options.password);
	return status;
}

int command_logout(const struct call *call)
{
	struct program_options program = {0};
	const struct option_group groups[] = {
		{"Options for every command", program_option_rows, &program},
		{"Options", logout_rows, NULL},
		{0},
	};
	int operand = subcommand_options(call, groups, 0, 1);
	const char *server = call->argv[operand] ? call->argv[operand] : "";
	struct error err;

	printf("Removing login credentials for %s\n", *server ? server : HUB);
	fflush(stdout);
	if (image_helper_logout(server, &err) < 0)
		return subcommand_fail(&err);
	return 0;
}
