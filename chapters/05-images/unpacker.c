/*
 * The processes that unpack a layer; see unpacker.h. What each could do if a layer took it over:
 *
 *	keeper, witness	parse nothing; a chain of copies cannot be made to say another digest
 *	decoder		may send any archive on, but the witness hashes what it sends, and it can't
 *			reach the directory: so the directory is right for the diff_id all the same
 *	unpacker	may fill the directory as it likes, but is only taken over by an archive made
 *			for that, whose diff_id no honest image has
 *
 * So one image can't poison a layer of another. That takes all four: with decoder and unpacker in
 * one process, a layer could unpack itself while it sends the witness a copy of Debian's.
 */
#include "unpacker.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "compression.h"
#include "digest.h"
#include "trace.h"

/* Fewer switches between two processes; and three layers take 6 MiB. */
#define PIPE_BYTES (512 << 10)
#define CHUNK_BYTES ((size_t)64 << 10)

/* All that the four have of the world. */
struct place {
	const char *staging_dir;
	int input_fd, output_fd, blob_fd, turns_fd;
};

static int keep(const void *context, struct layer_result *result, struct error *err)
{
	const struct place *place = context;
	const int outputs[] = {place->blob_fd, place->output_fd};

	struct digested blob;

	if (digest_copy(place->input_fd, outputs, ARRAY_LENGTH(outputs), &blob, err) < 0)
		return -1;
	memcpy(result->digest, blob.text, sizeof(result->digest));
	result->compressed_bytes = blob.bytes;
	return 0;
}

static int decode(const void *context, struct layer_result *result, struct error *err)
{
	const struct place *place = context;

	(void)result;
	return compression_copy(place->input_fd, place->output_fd, place->turns_fd, err);
}

static int witness(const void *context, struct layer_result *result, struct error *err)
{
	const struct place *place = context;
	struct digested archive;

	if (digest_copy(place->input_fd, &place->output_fd, 1, &archive, err) < 0)
		return -1;
	memcpy(result->diff_id, archive.text, sizeof(result->diff_id));
	return 0;
}

/* A source of archive.h. */
struct pipe_reader {
	int fd;
	unsigned char chunk[CHUNK_BYTES];
};

static int read_pipe(void *context, const unsigned char **bytes, size_t *count, struct error *err)
{
	struct pipe_reader *reader = context;
	ssize_t length;

	do
		length = read(reader->fd, reader->chunk, sizeof(reader->chunk));
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return error_sys(err, "read the archive");
	*bytes = reader->chunk;
	*count = (size_t)length;
	return 0;
}

static int unpack(const void *context, struct layer_result *result, struct error *err)
{
	const struct place *place = context;
	struct pipe_reader reader = {.fd = place->input_fd};
	const struct archive_source source = {read_pipe, &reader};
	AUTO_CLOSE int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return error_sys(err, "open the layer's directory");
	return layer_unpack(&source, directory, result, err);
}

enum { KEEPER, DECODER, WITNESS, UNPACKER };

static const struct stage {
	const char *name;
	int (*work)(const void *context, struct layer_result *result, struct error *err);
	bool keeps_blob, decodes, parses, has_directory;
} stages[UNPACKER_STAGES] = {
	[KEEPER] = {"the keeper of the blob", keep, .keeps_blob = true},
	[DECODER] = {"the decoder", decode, .decodes = true, .parses = true},
	[WITNESS] = {"the witness", witness},
	[UNPACKER] = {"the unpacker", unpack, .parses = true, .has_directory = true},
};

static int make_pipe(int *output, int *input, struct error *err)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_sys(err, "make a pipe");
	*output = pair[0];
	*input = pair[1];
	/* A user's total of pipes may be reached, and that is fine. */
	fcntl(*input, F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

/* Starts the one that reads place->input_fd; the next one reads what it writes. */
static int start_stage(struct worker *worker, const struct stage *stage, struct place *place,
		       struct error *err)
{
	const struct worker_config config = {
		.name = stage->name,
		.parses = stage->parses,
		.root_dir = stage->has_directory ? place->staging_dir : NULL,
		.fds = {place->input_fd, place->output_fd, stage->keeps_blob ? place->blob_fd : -1,
			stage->decodes ? place->turns_fd : -1},
		.work = stage->work,
		.context = place,
	};

	return worker_start(worker, &config, err);
}

static int start_stages(struct unpacker *unpacker, struct place *place, struct error *err)
{
	for (size_t i = 0; i < UNPACKER_STAGES; i++) {
		AUTO_CLOSE int input = place->input_fd, output = -1, next = -1;

		place->input_fd = -1;
		if (i + 1 < UNPACKER_STAGES && make_pipe(&next, &output, err) < 0)
			return -1;
		if (start_stage(&unpacker->workers[i], &stages[i],
				&(struct place){place->staging_dir, input, output, place->blob_fd,
						place->turns_fd},
				err) < 0)
			return -1;
		place->input_fd = take_fd(&next);
	}
	return 0;
}

int unpacker_start(struct unpacker *unpacker, int blob_fd, int turns_fd, const char *staging_dir,
		   struct error *err)
{
	AUTO_UNPACKER struct unpacker started = {0};
	struct place place = {.staging_dir = staging_dir, .blob_fd = blob_fd, .turns_fd = turns_fd};
	int result;

	if (make_pipe(&place.input_fd, &started.input_fd, err) < 0)
		return -1;
	result = start_stages(&started, &place, err);
	cleanup_fd(&place.input_fd);
	if (result < 0)
		return -1;
	*unpacker = started;
	started = (struct unpacker){0};
	return 0;
}

int unpacker_channel(const struct unpacker *unpacker)
{
	/* When one before it ends, so does the input of the last. */
	return unpacker->workers[UNPACKER_STAGES - 1].channel;
}

/* When one fails, those before it can't write any more, and those after it read less than all. So
 * the first that has not failed for want of a reader is the cause. */
static void choose_cause(const struct error *errors, struct error *err)
{
	*err = (struct error){0};
	for (size_t i = 0; i < UNPACKER_STAGES; i++)
		if (errors[i].code && (!err->code || err->code == EPIPE))
			*err = errors[i];
}

int unpacker_finish(struct unpacker *unpacker, struct layer_result *result, struct error *err)
{
	struct layer_result results[UNPACKER_STAGES] = {0};
	struct error errors[UNPACKER_STAGES] = {0};
	int failed = 0;

	if (unpacker->input_fd > 0)
		close(unpacker->input_fd);
	unpacker->input_fd = 0;
	for (size_t i = 0; i < UNPACKER_STAGES; i++) {
		if (worker_finish(&unpacker->workers[i], stages[i].name, &results[i], &errors[i]) <
		    0)
			failed = -1;
		else
			errors[i].code = 0;
	}
	unpacker_release(unpacker);
	if (failed) {
		choose_cause(errors, err);
		return -1;
	}
	/* Each is believed what it alone could see, and nothing else. */
	*result = results[UNPACKER];
	memcpy(result->digest, results[KEEPER].digest, sizeof(result->digest));
	result->compressed_bytes = results[KEEPER].compressed_bytes;
	memcpy(result->diff_id, results[WITNESS].diff_id, sizeof(result->diff_id));
	return 0;
}

void unpacker_release(struct unpacker *unpacker)
{
	for (size_t i = 0; i < UNPACKER_STAGES; i++)
		worker_release(&unpacker->workers[i]);
	if (unpacker->input_fd > 0)
		close(unpacker->input_fd);
	*unpacker = (struct unpacker){0};
}
