/*
 * A layer unpacked as coracle-image does, for 05-layers.bats.
 *
 *	layer_tool unpack FILE DIR BLOB    in this process
 *	layer_tool locked FILE DIR BLOB    in the unpacker's
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "compression.h"
#include "digest.h"
#include "file.h"
#include "layer.h"
#include "unpacker.h"

static int next_bytes(void *context, const unsigned char **bytes, size_t *count, struct error *err)
{
	return compression_next(context, bytes, count, err);
}

/* What the other processes of the unpacker do, one after the other. */
static int hash(int input, int blob, struct layer_result *result, struct error *err)
{
	AUTO_COMPRESSION struct compression compression = {0};
	AUTO_DIGEST struct digest digest = {0};
	struct digested received;
	const unsigned char *bytes;
	size_t count;

	if (digest_copy(input, &blob, 1, &received, err) < 0)
		return -1;
	memcpy(result->digest, received.text, sizeof(result->digest));
	result->compressed_bytes = received.bytes;
	lseek(input, 0, SEEK_SET);
	digest_begin(&digest);
	if (compression_open(&compression, input, err) < 0)
		return -1;
	do {
		if (compression_next(&compression, &bytes, &count, err) < 0)
			return -1;
		digest_add(&digest, bytes, count);
	} while (count);
	digest_end(&digest, result->diff_id);
	return 0;
}

static int unpack_here(int input, int blob, const char *dir, struct layer_result *result,
		       struct error *err)
{
	AUTO_CLOSE int directory = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_COMPRESSION struct compression compression = {0};
	const struct archive_source source = {next_bytes, &compression};

	if (directory < 0)
		return error_sys(err, "open '%s'", dir);
	if (compression_open(&compression, input, err) < 0 ||
	    layer_unpack(&source, directory, result, err) < 0)
		return -1;
	lseek(input, 0, SEEK_SET);
	return hash(input, blob, result, err);
}

static int unpack_locked(int input, int blob, const char *dir, struct layer_result *result,
			 struct error *err)
{
	AUTO_UNPACKER struct unpacker unpacker = {0};
	char bytes[65536];
	ssize_t count;

	signal(SIGPIPE, SIG_IGN);
	if (unpacker_start(&unpacker, blob, -1, dir, err) < 0)
		return -1;
	while ((count = read(input, bytes, sizeof(bytes))) > 0)
		if (file_write_all(unpacker.input_fd, bytes, (size_t)count, "pipe", err) < 0)
			break;
	return unpacker_finish(&unpacker, result, err);
}

int main(int argc, char **argv)
{
	AUTO_CLOSE int input = -1, blob = -1;
	struct layer_result result = {0};
	struct error err;
	int status;

	if (argc != 5)
		return 2;
	input = open(argv[2], O_RDONLY | O_CLOEXEC);
	blob = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (input < 0 || blob < 0)
		return 2;
	status = (strcmp(argv[1], "locked") == 0 ? unpack_locked : unpack_here)(
		input, blob, argv[3], &result, &err);
	if (status < 0) {
		printf("%s\n", err.text);
		return 1;
	}
	printf("digest %s\ndiff_id %s\n", result.digest, result.diff_id);
	printf("compressed %" PRIu64 " unpacked %" PRIu64 " entries %" PRIu64 "\n",
	       result.compressed_bytes, result.unpacked_bytes, result.entries);
	return 0;
}
