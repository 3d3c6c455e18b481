/* Chapter 00: errors, texts, paths, options, JSON. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "error.h"
#include "file.h"
#include "json.h"
#include "options.h"
#include "path.h"
#include "tap.h"
#include "text.h"
#include "trace.h"

static void test_errors(void)
{
	char longer[3000];
	struct error err;

	errno = ENOENT;
	is_number(error_sys(&err, "open '%s'", "/x"), -1, "error_sys returns -1");
	is(err.text, "open '/x': No such file or directory", "the text ends in errno's meaning");
	is_number(err.code, ENOENT, "the code is errno");
	error_hint(&err, EPERM, "not shown");
	error_hint(&err, ENOENT, "is it mounted?");
	error_wrap(&err, "run '%s'", "alpine");
	is(err.text, "run 'alpine': open '/x': No such file or directory (is it mounted?)",
	   "a hint is for its own code, and a wrap comes first");
	error_set(&err, EINVAL, "name 'a\nb\x1b[31m'");
	is(err.text, "name 'a\\x0ab\\x1b[31m'", "control characters are escaped");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	error_set(&err, EINVAL, "begin %s end", longer);
	ok(strlen(err.text) < sizeof(err.text) && text_starts_with(err.text, "begin x") &&
		   strcmp(err.text + strlen(err.text) - 5, "x end") == 0,
	   "a long text is cut in its middle");
}

static void test_texts(void)
{
	AUTO_STRINGS struct strings list = {0};
	AUTO_TEXT struct text text = {0};

	is(text_string(&text), "", "an empty text is an empty string");
	text_add_shell(&text, "plain-1.0/x=y");
	text_add_string(&text, " ");
	text_add_shell(&text, "");
	text_add_string(&text, " ");
	text_add_shell(&text, "it's $HOME");
	text_add_string(&text, " ");
	text_add_shell(&text, "a\nb'c");
	is(text.data, "plain-1.0/x=y '' 'it'\\''s $HOME' $'a\\x0ab\\'c'",
	   "words are quoted for a shell");
	strings_add(&list, "one");
	strings_add(&list, "two");
	ok(list.count == 2 && !list.items[2] && strings_contain(&list, "two") &&
		   !strings_contain(&list, "three"),
	   "a list is an argv");
}

static void check_size(const char *value, uint64_t want)
{
	struct error err = {0};
	uint64_t bytes = 77;
	int result = text_to_bytes(value, &bytes, &err);

	if (want == UINT64_MAX)
		ok(result < 0 && bytes == 77 && *err.text, value);
	else
		is_number((long long)bytes, (long long)want, value);
}

static void test_numbers(void)
{
	struct error err;
	uint64_t number = 7;

	check_size("0", 0);
	check_size("512", 512);
	check_size("1b", 1);
	check_size("64m", 64 << 20);
	check_size("64M", 64 << 20);
	check_size("64mb", 64 << 20);
	check_size("1.5GiB", 3ULL << 29);
	check_size("32 k", 32 << 10);
	check_size("", UINT64_MAX);
	check_size("m", UINT64_MAX);
	check_size("-1", UINT64_MAX);
	check_size("1x", UINT64_MAX);
	check_size("1bb", UINT64_MAX);
	check_size("0x10", UINT64_MAX);
	check_size("1e3", UINT64_MAX);
	check_size("99999999p", UINT64_MAX);
	ok(text_to_number("18446744073709551615", UINT64_MAX, &number, &err) == 0 &&
		   number == UINT64_MAX,
	   "the largest number is read");
	ok(text_to_number("18446744073709551616", UINT64_MAX, &number, &err) < 0 &&
		   err.code == ERANGE,
	   "one more is out of range");
	ok(text_to_number("7", 5, &number, &err) < 0 && text_to_number("5", 5, &number, &err) == 0,
	   "the most may be one digit");
	ok(text_to_number("12a", 100, &number, &err) < 0 && err.code == EINVAL, "12a is no number");
}

static void check_path(const char *base, const char *path, const char *want)
{
	AUTO_FREE char *normal = path_normal(base, path);

	is(normal, want, path);
}

static void test_paths(void)
{
	check_path("/", "/", "/");
	check_path("/", "", "/");
	check_path("/a/b", "c", "/a/b/c");
	check_path("/a", "/b//c/./d/", "/b/c/d");
	check_path("/a", "../../../x", "/x");
	check_path("/", "/a/b/../../..", "/");
}

static void test_roots(void)
{
	char dir[] = "/tmp/test-base-XXXXXX";
	AUTO_CLOSE int root = -1, fd = -1, made = -1;
	struct error err;
	struct stat st;

	if (!ok(mkdtemp(dir) != NULL, "a directory for trials"))
		return;
	root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ok(symlinkat("/", root, "up") == 0 && symlinkat("../../../etc", root, "out") == 0,
	   "links that lead out");
	fd = path_open_in_root(root, "/up/etc/passwd", O_RDONLY, 0, &err);
	ok(fd < 0 && err.code == ENOENT, "an absolute link stays in the root");
	made = path_make_dirs_in_root(root, "/up/a/b", &err);
	ok(made >= 0 && fstatat(root, "a/b", &st, 0) == 0 && (st.st_mode & 07777) == 0755,
	   "directories are made through the link, inside");
	cleanup_fd(&made);
	made = path_make_dirs_in_root(root, "out/x", &err);
	ok(made < 0, "a dangling link is not followed out");
	ok(path_remove_tree(dir, &err) == 0 && access(dir, F_OK) < 0 && access("/etc", F_OK) == 0,
	   "a tree is removed, its links are not followed");
	ok(path_remove_tree(dir, &err) == 0, "what is missing is removed already");
}

/* A container's process could hold one, and we would ask until it lets go. */
static void test_leases(void)
{
	char path[] = "/tmp/test-base-XXXXXX";
	AUTO_CLOSE int held = mkostemp(path, O_CLOEXEC), root = -1, fd = -1;
	struct error err;

	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	signal(SIGIO, SIG_IGN);
	ok(fcntl(held, F_SETLEASE, F_WRLCK) == 0, "a file is leased");
	fd = path_open_in_root(root, path, O_RDONLY | O_NONBLOCK, 0, &err);
	ok(fd < 0 && err.code == EAGAIN, "and can't be opened without waiting");
	unlink(path);
}

static void test_removal(void)
{
	char dir[] = "/tmp/test-base-XXXXXX";
	AUTO_CLOSE int root = -1;
	struct error err;
	int deep;

	if (!ok(mkdtemp(dir) && chdir(dir) == 0, "a directory for removal"))
		return;
	root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Deeper than we can have files open, and than PATH_MAX. */
	for (deep = 0; deep < 3000 && mkdir("d", 0755) == 0 && chdir("d") == 0; deep++)
		;
	ok(deep == 3000 && fchdir(root) == 0 && mkdir("lifted.0", 0755) == 0, "3000 levels");
	ok(path_remove_tree(dir, &err) == 0 && access(dir, F_OK) < 0, "are removed");
}

/* In a mount namespace of its own: a bind mount has the device of what it shows. */
static void remove_around_mount(void)
{
	char dir[] = "/tmp/test-base-XXXXXX";
	struct error err;

	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    !mkdtemp(dir) || chdir(dir) < 0 || mkdir("kept", 0755) < 0 ||
	    mkdir("kept/inside", 0755) < 0 || mkdir("tree", 0755) < 0 ||
	    mkdir("tree/mount", 0755) < 0 || mount("kept", "tree/mount", NULL, MS_BIND, NULL) < 0)
		_exit(2);
	if (path_remove_tree("tree", &err) == 0 || err.code != EXDEV)
		_exit(3);
	if (path_remove_tree("tree/mount/", &err) == 0 || access("kept/inside", F_OK) < 0)
		_exit(4);
	if (umount("tree/mount") < 0 || path_remove_tree("tree/", &err) < 0 ||
	    access("tree", F_OK) == 0)
		_exit(5);
	_exit(path_remove_tree(dir, &err) < 0 ? 6 : 0);
}

static void test_mounts(void)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		remove_around_mount();
	waitpid(pid, &status, 0);
	is_number(WEXITSTATUS(status), 0, "what is mounted in a tree is not touched");
}

static void test_directories(void)
{
	char file[] = "/tmp/test-base-XXXXXX";
	AUTO_CLOSE int fd = mkstemp(file);
	AUTO_FREE char *below = path_join(file, "x");
	struct error err;

	ok(path_make_dirs(file, 0755, &err) < 0 && err.code == ENOTDIR, "a file is in the way");
	ok(path_make_dirs(below, 0755, &err) < 0 && err.code == ENOTDIR, "and above");
	ok(path_remove_tree(file, &err) == 0 && path_remove_tree(below, &err) == 0,
	   "a file is removed, and what was below it is gone");
	ok(path_make_dirs(below, 0755, &err) == 0 && path_make_dirs(below, 0755, &err) == 0,
	   "directories are made, once");
	path_remove_tree(file, &err);
}

struct sample {
	bool flag, other;
	char *name;
	struct strings list;
	uint64_t bytes;
};

#define FIELD(name) offsetof(struct sample, name)

static const struct option_row sample_rows[] = {
	{"flag", 'f', NULL, option_flag, FIELD(flag), "", NULL, NULL},
	{"other", 'o', NULL, option_flag, FIELD(other), "", NULL, NULL},
	{"name", 'n', "NAME", option_string, FIELD(name), "", NULL, NULL},
	{"list", 'l', "ITEM", option_strings, FIELD(list), "", NULL, NULL},
	{"memory", 'm', "BYTES", option_bytes, FIELD(bytes), "", NULL, NULL},
	{0},
};

/* Parses a line of words; returns the operand's index, and the text of the error in `why`. */
static int parse(struct sample *sample, const char *line, const char **why)
{
	static struct error err;
	static char copy[200];
	char *argv[20] = {(char *)"test"};
	const struct option_group groups[] = {{"test", sample_rows, sample}, {0}};
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	err.text[0] = '\0';
	*why = err.text;
	return options_parse(groups, argc, argv, &err);
}

static void check_mistake(const char *line, const char *want)
{
	struct sample sample = {0};
	const char *why;

	ok(parse(&sample, line, &why) < 0, line);
	is(why, want, line);
	cleanup_memory(&sample.name);
	strings_release(&sample.list);
}

static void test_options(void)
{
	struct sample sample = {0};
	const char *why;

	is_number(parse(&sample, "-fo --name=a -l x -ly --list z -m=2k run -f", &why), 9,
		  "options end at the first operand");
	ok(sample.flag && sample.other && sample.bytes == 2048 && sample.list.count == 3,
	   "letters are joined, values stand apart or attached");
	is(sample.name, "a", "a value after =");
	is_number(parse(&sample, "--flag=false -- -x", &why), 3, "-- ends the options");
	ok(!sample.flag, "a flag can be false");
	cleanup_memory(&sample.name);
	strings_release(&sample.list);
	check_mistake("--nam x", "unknown flag: --nam");
	check_mistake("-fx", "unknown shorthand flag: 'x' in -fx");
	check_mistake("--name", "flag needs an argument: --name");
	check_mistake("-f -n", "flag needs an argument: 'n' in -n");
	check_mistake("-m lots",
		      "invalid argument \"lots\" for \"-m, --memory\" flag: invalid size: 'lots'");
	check_mistake(
		"--flag=maybe",
		"invalid argument \"maybe\" for \"-f, --flag\" flag: it is either true or false");
}

static void check_json(const char *bytes, bool good)
{
	struct error err = {0};
	AUTO_JSON cJSON *document = json_parse("test", bytes, strlen(bytes), &err);

	ok(!!document == good, bytes);
}

static void test_json(void)
{
	static const char text[] =
		"{\"s\":\"x\",\"n\":12,\"z\":null,\"a\":[\"p\",\"q\"],\"f\":1.5}";
	AUTO_STRINGS struct strings list = {0};
	struct error err;
	AUTO_JSON cJSON *document = json_parse("test", text, strlen(text), &err);
	const char *string = "unset";
	uint64_t number = 0;

	check_json("{}", true);
	check_json("{} \n", true);
	check_json("[]", false);
	check_json("{} x", false);
	check_json("{\"a\":1,\"a\":2}", false);
	check_json("{\"a\":{\"b\":1,\"b\":2}}", false);
	check_json("", false);
	ok(json_get_string(document, "s", &string, &err) == 1 && strcmp(string, "x") == 0,
	   "string");
	ok(json_get_string(document, "S", &string, &err) == 0, "names are exact");
	ok(json_get_string(document, "z", &string, &err) == 0, "null is absent");
	ok(json_get_string(document, "n", &string, &err) < 0, "a number is no string");
	ok(json_get_number(document, "n", &number, &err) == 1 && number == 12, "number");
	ok(json_get_number(document, "f", &number, &err) < 0, "1.5 is not whole");
	ok(json_get_strings(document, "a", &list, &err) == 1 && list.count == 2, "strings");
	ok(json_get_strings(document, "s", &list, &err) == 1 && list.count == 3, "a bare string");
}

static void test_files(void)
{
	char path[] = "/tmp/test-base-XXXXXX";
	AUTO_CLOSE int fd = mkstemp(path);
	AUTO_TEXT struct text text = {0}, back = {0};
	struct error err;

	text_add_string(&text, "new");
	ok(file_replace(path, &text, 0640, true, &err) == 0 &&
		   file_read(AT_FDCWD, path, 10, &back, &err) == 0,
	   "a file is replaced");
	is(text_string(&back), "new", "and holds the new bytes");
	ok(file_read(AT_FDCWD, path, 2, &back, &err) < 0 && err.code == EFBIG, "too large");
	is(text_string(&back), "new", "a failed read leaves the text alone");
	unlink(path);
}

static void test_trace(void)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)"a b", NULL};
	AUTO_TEXT struct text line = {0};
	struct error err;
	int pipes[2];

	ok(pipe(pipes) == 0 && trace_open(pipes[1], 0, &err) == 0, "the trace is opened");
	trace("mount %q %s %d %lu %zu %A %%", "a b", "c", -3, 4UL, (size_t)5, argv);
	trace_close();
	close(pipes[1]);
	file_read_fd(pipes[0], "pipe", 1000, &line, &err);
	ok(text_starts_with(text_string(&line), "final ") &&
		   strstr(text_string(&line), " us  mount 'a b' c -3 4 5 sh -c 'a b' %\n"),
	   "a step is one line, quoted for a shell");
	close(pipes[0]);
}

int main(void)
{
	test_errors();
	test_texts();
	test_numbers();
	test_paths();
	test_roots();
	test_leases();
	test_removal();
	test_mounts();
	test_directories();
	test_options();
	test_json();
	test_files();
	test_trace();
	return tap_done();
}
