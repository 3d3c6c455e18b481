/* Chapter 04: copies of trees, and what an upper directory changes. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "changes.h"
#include "file.h"
#include "path.h"
#include "tap.h"
#include "tree_copy.h"

/* --- making -------------------------------------------------------------------------------------- */

static int make_dir(int parent, const char *name)
{
	mkdirat(parent, name, 0755);
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void make_file(int dir, const char *name, const char *content)
{
	AUTO_CLOSE int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (write(fd, content, strlen(content)) < 0)
		perror(name);
}

static void set_time(int dir, const char *name, time_t seconds, long nanoseconds)
{
	const struct timespec times[] = {{seconds, nanoseconds}, {seconds, nanoseconds}};

	utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW);
}

static struct stat look(int dir, const char *name)
{
	struct stat st = {0};

	fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
	return st;
}

static void mark_opaque(int dir, const char *name)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	fsetxattr(fd, "user.overlay.opaque", "y", 1, 0);
}

/* --- tree_copy ----------------------------------------------------------------------------------- */

static void test_copy(int dir)
{
	AUTO_CLOSE int from = make_dir(dir, "from"), sub = make_dir(from, "sub");
	AUTO_TREE_COPY struct tree_copy copy = {0};
	AUTO_CLOSE int made = -1;
	struct error err;
	char text[32] = "";

	make_file(from, "file", "text");
	make_file(sub, "other", "");
	linkat(from, "file", sub, "hard", 0);
	symlinkat("/etc/passwd", from, "link");
	mkfifoat(from, "fifo", 0600);
	mark_opaque(from, "sub");
	fsetxattr(from, "user.kept", "yes", 3, 0);
	fchmodat(from, "file", 0640, 0);
	set_time(from, "file", 1000000000, 5);
	set_time(from, "link", 1000000001, 6);
	set_time(from, "sub", 1000000002, 7);

	is_number(tree_copy(&copy, (struct tree_name){dir, "from"}, (struct tree_name){dir, "to"},
			    &err),
		  0, "a tree is copied");
	is_number((long long)copy.archive_bytes, 8 * 512,
		  "seven headers and a block of data are counted");
	made = openat(dir, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	is_number(look(made, "file").st_mode & 07777, 0640, "a mode is kept");
	ok(look(made, "file").st_mtim.tv_sec == 1000000000 &&
		   look(made, "file").st_mtim.tv_nsec == 5,
	   "the time of a file is kept");
	ok(look(made, "sub").st_mtim.tv_nsec == 7, "so is that of a directory with files in it");
	ok(look(made, "link").st_mtim.tv_nsec == 6, "and of a link");
	ok(look(made, "file").st_ino == look(made, "sub/hard").st_ino, "two names are one file");
	ok(readlinkat(made, "link", text, sizeof(text) - 1) == 11 &&
		   strcmp(text, "/etc/passwd") == 0,
	   "a link is a link");
	ok(S_ISFIFO(look(made, "fifo").st_mode), "a fifo is not read");
	is_number(fgetxattr(made, "user.kept", text, sizeof(text)), 3, "an attribute is kept");
	cleanup_fd(&sub);
	sub = openat(made, "sub", O_RDONLY | O_CLOEXEC);
	ok(fgetxattr(sub, "user.overlay.opaque", text, sizeof(text)) < 0,
	   "but not overlayfs's own");
}

static void test_kinds(int dir)
{
	AUTO_CLOSE int from = make_dir(dir, "kinds"), inside = make_dir(from, "dir");
	AUTO_TREE_COPY struct tree_copy copy = {.keep_top = true};
	AUTO_CLOSE int to = make_dir(dir, "kinds-to"), there = make_dir(to, "dir");
	struct error err;

	make_file(from, "file", "new");
	make_file(to, "file", "old, and longer");
	make_file(there, "stays", "");
	make_file(inside, "comes", "");
	fchmodat(dir, "kinds-to", 0711, 0);
	is_number(tree_copy_contents(&copy, from, to, &err), 0, "contents are added");
	is_number(look(to, "file").st_size, 3, "a file is replaced");
	ok(look(to, "dir/stays").st_ino && look(to, "dir/comes").st_ino, "a directory is added to");
	is_number(look(dir, "kinds-to").st_mode & 07777, 0711, "keep_top keeps the target's mode");
	is_number(tree_copy(&copy, (struct tree_name){from, "file"}, (struct tree_name){to, "dir"},
			    &err),
		  -1, "a file does not replace a directory");
	is_number(err.code, EISDIR, "EISDIR");
	is_number(tree_copy(&copy, (struct tree_name){from, "dir"}, (struct tree_name){to, "file"},
			    &err),
		  -1, "nor a directory a file");
	is_number(err.code, ENOTDIR, "ENOTDIR");
	symlinkat("/nowhere", to, "away");
	is_number(tree_copy(&copy, (struct tree_name){from, "file"}, (struct tree_name){to, "away"},
			    &err),
		  0, "a link in the way is replaced");
	ok(S_ISREG(look(to, "away").st_mode), "and not followed");
}

static void test_holes(int dir)
{
	AUTO_CLOSE int fd = openat(dir, "sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	AUTO_TREE_COPY struct tree_copy copy = {0};
	struct stat st;
	struct error err;
	char byte = 0;

	ok(ftruncate(fd, (off_t)5 << 30) == 0 && pwrite(fd, "x", 1, (off_t)3 << 30) == 1,
	   "a file of 5 GiB with one byte in it");
	is_number(tree_copy(&copy, (struct tree_name){dir, "sparse"},
			    (struct tree_name){dir, "sparse-to"}, &err),
		  0, "is copied");
	st = look(dir, "sparse-to");
	ok(st.st_size == (off_t)5 << 30, "to the same size");
	ok(st.st_blocks < 4096, "and its holes stay holes");
	cleanup_fd(&fd);
	fd = openat(dir, "sparse-to", O_RDONLY | O_CLOEXEC);
	ok(pread(fd, &byte, 1, (off_t)3 << 30) == 1 && byte == 'x', "the byte is where it was");
}

/* A file of /sys says that it has a page. */
static void test_short(int dir)
{
	AUTO_CLOSE int sys = open("/sys/devices/system/cpu", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_TEXT struct text want = {0}, got = {0};
	AUTO_TREE_COPY struct tree_copy copy = {0};
	struct error err;

	file_read(sys, "possible", 4096, &want, &err);
	is_number(tree_copy(&copy, (struct tree_name){sys, "possible"},
			    (struct tree_name){dir, "possible"}, &err),
		  0, "a file shorter than its size is copied");
	file_read(dir, "possible", 8192, &got, &err);
	ok(want.length > 0 && got.length == want.length, "to what can be read of it");
}

static void test_owners(int dir)
{
	AUTO_TREE_COPY struct tree_copy kept = {0},
					changed = {.owner = TREE_OWNER_CHANGED, .uid = 8, .gid = 9};
	AUTO_TREE_COPY struct tree_copy copier = {.owner = TREE_OWNER_COPIER};
	struct tree_copy *const copies[] = {&kept, &changed, &copier};
	static const char *const names[] = {"o-kept", "o-changed", "o-copier"};
	static const char *const want[] = {"6755 5:6", "755 8:9", "755 0:0"};
	struct error err;

	if (geteuid() != 0) {
		ok(true, "owners need root # skip");
		return;
	}
	make_file(dir, "owned", "");
	fchownat(dir, "owned", 5, 6, 0);
	fchmodat(dir, "owned", 06755, 0);
	for (size_t i = 0; i < 3; i++) {
		AUTO_FREE char *got = NULL;
		struct stat st;

		tree_copy(copies[i], (struct tree_name){dir, "owned"},
			  (struct tree_name){dir, names[i]}, &err);
		st = look(dir, names[i]);
		got = memory_format("%o %u:%u", st.st_mode & 07777, st.st_uid, st.st_gid);
		is(got, want[i], names[i]);
	}
}

/* --- changes ------------------------------------------------------------------------------------- */

static void is_changes(const char *top, size_t layers, const char *want, const char *name)
{
	AUTO_FREE char *upper = path_join(top, "upper");
	AUTO_STRINGS struct strings below = {0}, found = {0};
	AUTO_TEXT struct text got = {0};
	struct error err;

	for (size_t i = 0; i < layers; i++) {
		AUTO_FREE char *layer = memory_format("%s/%zu", top, i);

		strings_add(&below, layer);
	}
	if (changes_list(upper, &below, &found, &err) < 0)
		text_add_string(&got, err.text);
	for (size_t i = 0; i < found.count; i++)
		text_add_format(&got, "%s%s", i ? ", " : "", found.items[i]);
	is(text_string(&got), want, name);
}

static void test_changes(int dir, const char *path)
{
	AUTO_FREE char *top = path_join(path, "c");
	AUTO_CLOSE int c = make_dir(dir, "c"), low = make_dir(c, "0"), high = make_dir(c, "1");
	AUTO_CLOSE int upper = make_dir(c, "upper"), sub = -1;

	make_file(low, "a", "1");
	make_file(high, "b", "1");
	set_time(low, "a", 1000000000, 0);
	sub = make_dir(low, "sub");
	make_file(sub, "x", "");
	is_changes(top, 2, "", "an empty upper directory changes nothing");

	make_file(upper, "a", "1");
	fchmodat(upper, "a", 0644, 0);
	set_time(upper, "a", 1000000000, 0);
	is_changes(top, 2, "", "what was copied up is no change");
	set_time(upper, "a", 1000000000, 77);
	is_changes(top, 2, "", "nor is a part of the second that an archive can't hold");
	set_time(upper, "a", 1000000001, 0);
	is_changes(top, 2, "C /a", "a time is");
	set_time(upper, "a", 1000000000, 0);
	fchmodat(upper, "a", 0600, 0);
	is_changes(top, 2, "C /a", "a mode is");
	unlinkat(upper, "a", 0);

	cleanup_fd(&sub);
	sub = make_dir(upper, "sub");
	set_time(upper, "sub", 5, 0);
	is_changes(top, 2, "", "a directory's time tells of what is in it");
	make_file(sub, "new", "");
	is_changes(top, 2, "C /sub, A /sub/new", "what is in it changes it");
	mark_opaque(upper, "sub");
	is_changes(top, 2, "C /sub, A /sub/new, D /sub/x", "what an opaque one lacks is deleted");
	unlinkat(sub, "new", 0);
	unlinkat(upper, "sub", AT_REMOVEDIR);
	make_file(upper, "sub", "");
	is_changes(top, 2, "C /sub", "a file for a directory");
	unlinkat(upper, "sub", 0);

	close(make_dir(upper, "dev"));
	cleanup_fd(&sub);
	sub = make_dir(upper, "etc");
	make_file(sub, "hosts", "");
	is_changes(top, 2, "", "places to mount on are no change");
	make_file(sub, "hosts", "x");
	is_changes(top, 2, "C /etc, A /etc/hosts", "unless something is in them");
	unlinkat(sub, "hosts", 0);
	unlinkat(upper, "etc", AT_REMOVEDIR);
}

/* What is below an opaque directory is hidden too, though only the top is marked. */
static void test_nested(int dir, const char *path)
{
	AUTO_FREE char *top = path_join(path, "n");
	AUTO_CLOSE int n = make_dir(dir, "n"), layer = make_dir(n, "0"), a = make_dir(layer, "a");
	AUTO_CLOSE int b = make_dir(a, "b"), upper = make_dir(n, "upper");
	AUTO_CLOSE int new_a = make_dir(upper, "a"), new_b = make_dir(new_a, "b");

	make_file(b, "deep", "");
	is_changes(top, 1, "", "directories that were copied up are no change");
	mark_opaque(upper, "a");
	is_changes(top, 1, "C /a, C /a/b, D /a/b/deep", "what lies deeper is deleted too");
}

static void test_whiteouts(int dir, const char *path)
{
	AUTO_FREE char *top = path_join(path, "w");
	AUTO_CLOSE int w = make_dir(dir, "w"), low = make_dir(w, "0"), high = make_dir(w, "1");
	AUTO_CLOSE int upper = make_dir(w, "upper");

	make_file(low, "gone", "");
	make_file(low, "goes", "");
	if (mknodat(high, "gone", S_IFCHR, makedev(0, 0)) < 0) {
		ok(true, "whiteouts need root # skip");
		return;
	}
	mknodat(upper, "goes", S_IFCHR, makedev(0, 0));
	mknodat(upper, "gone", S_IFCHR, makedev(0, 0));
	is_changes(top, 2, "D /goes", "a whiteout deletes what is there, and nothing twice");
	unlinkat(upper, "gone", 0);
	make_file(upper, "gone", "");
	is_changes(top, 2, "D /goes, A /gone", "what a layer has deleted is added");
}

int main(void)
{
	char path[] = "/var/tmp/test-tree.XXXXXX";
	AUTO_CLOSE int dir = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct error err;

	umask(022);
	test_copy(dir);
	test_kinds(dir);
	test_holes(dir);
	test_short(dir);
	test_owners(dir);
	test_changes(dir, path);
	test_nested(dir, path);
	test_whiteouts(dir, path);
	ok(path_remove_tree(path, &err) == 0, "all of it is removed");
	return tap_done();
}
