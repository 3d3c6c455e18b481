/*
 * What an unpacker that a layer has taken over could do: its two parsers are replaced by liars here,
 * and the rest of it is as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tap.h"

#define layer_unpack lying_unpack
#define compression_copy lying_copy
#define unpacker_start liar_start
#define unpacker_finish liar_finish
#define unpacker_release liar_release
#define unpacker_channel liar_channel
#include "../../chapters/05-images/unpacker.c"
#undef layer_unpack
#undef compression_copy

#include "file.h"
#include "path.h"

#define PROMISED "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define HOSTILE "a layer that takes over who reads it"
#define HONEST "an archive of somebody else's image"

static bool decoder_lies;

/* A decoder that sends another archive than the one that came, and looks for the directory and for
 * files. */
int lying_copy(int input_fd, int output_fd, int turns_fd, struct error *err)
{
	char bytes[100];

	(void)turns_fd;
	if (!decoder_lies)
		return digest_copy(input_fd, &output_fd, 1, &(struct digested){0}, err);
	while (read(input_fd, bytes, sizeof(bytes)) > 0)
		;
	if (open("/etc/passwd", O_RDONLY) >= 0 || open("planted", O_WRONLY | O_CREAT, 0644) >= 0 ||
	    open("../../etc/passwd", O_RDONLY) >= 0)
		return file_write_all(output_fd, "escaped", 7, "pipe", err);
	return file_write_all(output_fd, HONEST, strlen(HONEST), "pipe", err);
}

/* An unpacker that fills the directory as it likes, and claims what it was promised to be. */
int lying_unpack(const struct archive_source *source, int directory_fd, struct layer_result *result,
		 struct error *err)
{
	const unsigned char *bytes;
	size_t count;

	do
		if (source->next(source->context, &bytes, &count, err) < 0)
			return -1;
	while (count);
	close(openat(directory_fd, "poison", O_WRONLY | O_CREAT, 0755));
	/* /dev/zero. */
	if (mknodat(directory_fd, "device", S_IFCHR | 0666, makedev(1, 5)) < 0)
		return error_sys(err, "make a device");
	if (openat(directory_fd, "device", O_RDONLY) >= 0 || errno != EACCES)
		return error_set(err, EPERM, "a device was opened");
	strcpy(result->digest, PROMISED);
	strcpy(result->diff_id, PROMISED);
	result->compressed_bytes = 12345;
	return 0;
}

static int run(struct layer_result *result, struct error *err)
{
	AUTO_FREE char *dir = memory_string("/tmp/unpacker-XXXXXX");
	AUTO_FREE char *blob = memory_format("%s.blob", mkdtemp(dir));
	AUTO_CLOSE int blob_fd = open(blob, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct unpacker unpacker = {0};
	int outcome = liar_start(&unpacker, blob_fd, -1, dir, err);

	if (outcome == 0) {
		file_write_all(unpacker.input_fd, HOSTILE, strlen(HOSTILE), "pipe", err);
		outcome = liar_finish(&unpacker, result, err);
	}
	unlink(blob);
	path_remove_tree(dir, &(struct error){0});
	return outcome;
}

int main(void)
{
	struct layer_result result = {0};
	struct error err = {0};
	char hostile[DIGEST_SIZE], honest[DIGEST_SIZE];

	if (geteuid() != 0)
		return tap_done();
	signal(SIGPIPE, SIG_IGN);
	digest_of(HOSTILE, strlen(HOSTILE), hostile);
	digest_of(HONEST, strlen(HONEST), honest);

	is_number(run(&result, &err), 0, "an unpacker that lies runs to its end");
	is(result.digest, hostile, "its word for the blob's digest is not asked");
	is(result.diff_id, hostile, "nor its word for the diff_id");
	is_number((long long)result.compressed_bytes, (long long)strlen(HOSTILE),
		  "nor for the size");

	decoder_lies = true;
	is_number(run(&result, &err), 0, "a decoder that lies runs to its end");
	is(result.digest, hostile, "the blob is told as it came");
	is(result.diff_id, honest,
	   "and the diff_id is that of what the unpacker was sent; it "
	   "reached no file");
	return tap_done();
}
