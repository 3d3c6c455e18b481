/* Whole files; see file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

int file_read_fd(int fd, const char *path, size_t most, struct text *text, struct error *err)
{
	AUTO_TEXT struct text read_so_far = {0};
	char buffer[16384];
	ssize_t count;

	while ((count = read(fd, buffer, sizeof(buffer))) != 0) {
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return error_sys(err, "read '%s'", path);
		if ((size_t)count > most - read_so_far.length)
			return error_set(err, EFBIG, "read '%s': it is larger than %zu bytes", path,
					 most);
		text_add(&read_so_far, buffer, (size_t)count);
	}
	text_add(&read_so_far, "", 0);
	text_release(text);
	*text = read_so_far;
	read_so_far = (struct text){0};
	return 0;
}

int file_read(int dir_fd, const char *path, size_t most, struct text *text, struct error *err)
{
	AUTO_CLOSE int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "open '%s'", path);
	return file_read_fd(fd, path, most, text, err);
}

int file_write_value(int dir_fd, const char *path, const char *value, struct error *err)
{
	AUTO_CLOSE int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "open '%s' to write '%s'", path, value);
	if (write(fd, value, strlen(value)) < 0)
		return error_sys(err, "write '%s' to '%s'", value, path);
	return 0;
}

int file_write_all(int fd, const void *bytes, size_t count, const char *path, struct error *err)
{
	const char *at = bytes;

	while (count > 0) {
		ssize_t written = write(fd, at, count);

		if (written < 0 && errno == EINTR)
			continue;
		/* Our caller's descriptor may be non-blocking, and is not ours to change. */
		if (written < 0 && errno == EAGAIN) {
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
			continue;
		}
		if (written < 0)
			return error_sys(err, "write '%s'", path);
		at += written;
		count -= (size_t)written;
	}
	return 0;
}

/* Puts a name on the disk: a rename is durable only when its directory is. */
static int sync_parent(const char *path, struct error *err)
{
	AUTO_FREE char *dir = memory_string(path);
	char *slash = strrchr(dir, '/');
	AUTO_CLOSE int fd = -1;

	if (slash)
		*slash = '\0';
	fd = open(slash ? (*dir ? dir : "/") : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return error_sys(err, "sync the directory of '%s'", path);
	return 0;
}

static int write_new(const char *path, const struct text *content, mode_t mode, bool durable,
		     struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return error_sys(err, "create '%s'", path);
	if (fchmod(fd, mode) < 0)
		return error_sys(err, "set the mode of '%s'", path);
	if (file_write_all(fd, text_string(content), content->length, path, err) < 0)
		return -1;
	if (durable && fsync(fd) < 0)
		return error_sys(err, "sync '%s'", path);
	return 0;
}

int file_replace(const char *path, const struct text *content, mode_t mode, bool durable,
		 struct error *err)
{
	/* The pid makes the name ours alone; a leftover of a process long dead may be replaced. */
	AUTO_FREE char *temporary = memory_format("%s.%d.tmp", path, getpid());

	unlink(temporary);
	if (write_new(temporary, content, mode, durable, err) < 0) {
		unlink(temporary);
		return -1;
	}
	if (rename(temporary, path) < 0) {
		error_sys(err, "rename '%s' to '%s'", temporary, path);
		unlink(temporary);
		return -1;
	}
	return durable ? sync_parent(path, err) : 0;
}
