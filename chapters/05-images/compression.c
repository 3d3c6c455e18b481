/*
 * Decompression; see compression.h. Each kind has a function that begins, one that decodes what is
 * at hand, and one that ends; compression_next is the loop around them.
 */
#include "compression.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "file.h"

#define INPUT_SIZE ((size_t)64 << 10)
#define OUTPUT_SIZE ((size_t)128 << 10)

/* No layer of a real image comes near: the largest on Docker Hub are some 10 GiB. */
#define MOST_PLAIN_BYTES (UINT64_C(64) << 30)
/* Layers expand 2 to 4 times. Logs of zeros reach gzip's end of 1030 times, but they are small. */
#define MOST_RATIO 200
#define RATIO_MATTERS_ABOVE (UINT64_C(1) << 30)
/* How far zstd looks back takes as much memory. 8 MiB is what every decoder should have (RFC 8878,
 * 3.1.1.1.2), and as far as the usual levels look; BuildKit's highest looks back 32 MiB. */
#define ZSTD_WINDOW_LOG_USUAL 23
#define ZSTD_WINDOW_LOG_MOST 25
#define ZSTD_HEADER_MOST 18

struct compression_kind {
	const char *name;
	int (*begin)(struct compression *compression, struct error *err);
	/* Decodes from `next` into `output`; returns the bytes it made there, or -1. */
	ssize_t (*decode)(struct compression *compression, struct error *err);
	void (*end)(struct compression *compression);
};

static void consume(struct compression *compression, size_t count)
{
	compression->next += count;
	compression->left -= count;
}

/* --- gzip: several members may follow each other, and zeros the last ------------------------ */

/* Before a member: perhaps the last was the last, or zeros follow it to the end, as tools that write to
 * tapes leave. Returns 1 if a member is at hand or under way, 0 if more input is wanted. */
static int gzip_member(struct compression *compression, struct error *err)
{
	if (compression->within)
		return 1;
	while (compression->left && *compression->next == 0) {
		compression->padding = true;
		consume(compression, 1);
	}
	if (!compression->left)
		return 0;
	if (compression->padding || *compression->next != 0x1f)
		return error_set(err, EBADMSG, "decompress gzip: something else follows its end");
	compression->within = true;
	return 1;
}

/* --- gzip by isa-l, three times as fast as by zlib ------------------------------------------- */

struct isal_decoder {
	struct inflate_state state;
	struct isal_gzip_header header;
	bool headed; /* the member's header is read */
};

static const char *isal_fault(int result)
{
	switch (result) {
	case ISAL_INVALID_BLOCK: return "invalid block";
	case ISAL_INVALID_SYMBOL: return "invalid symbol";
	case ISAL_INVALID_LOOKBACK: return "invalid distance";
	case ISAL_INVALID_WRAPPER: return "invalid header";
	case ISAL_UNSUPPORTED_METHOD: return "unknown method";
	default: return "incorrect checksum";
	}
}

static int isal_begin(struct compression *compression, struct error *err)
{
	struct isal_decoder *decoder = memory_zeroed(1, sizeof(*decoder));

	(void)err;
	compression->decoder = decoder;
	isal_inflate_init(&decoder->state);
	return 0;
}

/* isal_inflate would read the header, too, but loses its place in one that comes in two pieces. */
static int isal_read_header(struct isal_decoder *decoder)
{
	int result = isal_read_gzip_header(&decoder->state, &decoder->header);

	decoder->headed = result == ISAL_DECOMP_OK;
	/* From here to the trailer, whose checksum is compared. */
	decoder->state.crc_flag = ISAL_GZIP_NO_HDR_VER;
	return result == ISAL_END_INPUT ? ISAL_DECOMP_OK : result;
}

static ssize_t isal_decode(struct compression *compression, struct error *err)
{
	struct isal_decoder *decoder = compression->decoder;
	struct inflate_state *state = &decoder->state;
	int result = gzip_member(compression, err);

	if (result <= 0)
		return result;
	state->next_in = (unsigned char *)compression->next;
	state->avail_in = (uint32_t)compression->left;
	state->next_out = compression->output;
	state->avail_out = OUTPUT_SIZE;
	result = decoder->headed ? ISAL_DECOMP_OK : isal_read_header(decoder);
	if (decoder->headed)
		result = isal_inflate(state);
	if (result != ISAL_DECOMP_OK)
		return error_set(err, EBADMSG, "decompress gzip: %s", isal_fault(result));
	consume(compression, compression->left - state->avail_in);
	if (state->block_state == ISAL_BLOCK_FINISH) {
		compression->within = decoder->headed = false;
		isal_inflate_reset(state);
	}
	return (ssize_t)(OUTPUT_SIZE - state->avail_out);
}

static void isal_end(struct compression *compression)
{
	free(compression->decoder);
}

/* --- gzip by zlib ---------------------------------------------------------------------------- */

static int zlib_begin(struct compression *compression, struct error *err)
{
	z_stream *stream = memory_zeroed(1, sizeof(*stream));

	compression->decoder = stream;
	/* 16: a gzip header and trailer, whose checksum zlib compares. */
	if (inflateInit2(stream, MAX_WBITS + 16) != Z_OK)
		return error_set(err, ENOMEM, "start zlib");
	return 0;
}

static ssize_t zlib_decode(struct compression *compression, struct error *err)
{
	z_stream *stream = compression->decoder;
	int result = gzip_member(compression, err);

	if (result <= 0)
		return result;
	stream->next_in = (unsigned char *)compression->next;
	stream->avail_in = (unsigned int)compression->left;
	stream->next_out = compression->output;
	stream->avail_out = OUTPUT_SIZE;
	result = inflate(stream, Z_NO_FLUSH);
	if (result == Z_STREAM_END)
		compression->within = inflateReset(stream) != Z_OK;
	else if (result != Z_OK && result != Z_BUF_ERROR) /* nothing to do: more input, please */
		return error_set(err, EBADMSG, "decompress gzip: %s",
				 stream->msg ? stream->msg : zError(result));
	consume(compression, compression->left - stream->avail_in);
	return (ssize_t)(OUTPUT_SIZE - stream->avail_out);
}

static void zlib_end(struct compression *compression)
{
	inflateEnd(compression->decoder);
	free(compression->decoder);
}

/* --- zstd: the library goes from frame to frame, and over skippable ones -------------------- */

static int zstd_begin(struct compression *compression, struct error *err)
{
	compression->decoder = ZSTD_createDCtx();
	if (!compression->decoder)
		return error_set(err, ENOMEM, "start zstd");
	ZSTD_DCtx_setParameter(compression->decoder, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_USUAL);
	return 0;
}

/* Begins the frame anew, with the memory that it wants; once no other layer has so much. */
static int zstd_look_far(struct compression *compression, struct error *err)
{
	eventfd_t turn;

	if (compression->looks_far)
		return error_set(err, E2BIG, "decompress zstd: it looks back further than %d MiB",
				 1 << (ZSTD_WINDOW_LOG_MOST - 20));
	while (compression->turns_fd > 0 && eventfd_read(compression->turns_fd, &turn) < 0)
		if (errno != EINTR)
			return error_sys(err, "wait for the memory that zstd needs");
	compression->looks_far = true;
	ZSTD_DCtx_reset(compression->decoder, ZSTD_reset_session_only);
	ZSTD_DCtx_setParameter(compression->decoder, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MOST);
	return 0;
}

static ssize_t zstd_decode(struct compression *compression, struct error *err)
{
	ZSTD_inBuffer in = {compression->next, compression->left, 0};
	ZSTD_outBuffer out = {compression->output, OUTPUT_SIZE, 0};
	size_t result;

	/* A header must be here whole, as it may have to be read a second time. */
	if (!compression->within && compression->left < ZSTD_HEADER_MOST &&
	    (!compression->left || !compression->ended))
		return 0;
	result = ZSTD_decompressStream(compression->decoder, &out, &in);
	if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge)
		return zstd_look_far(compression, err) < 0 ? -1 : zstd_decode(compression, err);
	if (ZSTD_isError(result))
		return error_set(err, EBADMSG, "decompress zstd: %s", ZSTD_getErrorName(result));
	consume(compression, in.pos);
	compression->within = result != 0;
	return (ssize_t)out.pos;
}

static void zstd_end(struct compression *compression)
{
	ZSTD_freeDCtx(compression->decoder);
	if (compression->looks_far && compression->turns_fd > 0)
		eventfd_write(compression->turns_fd, 1);
}

/* --- none --------------------------------------------------------------------------------- */

static int plain_begin(struct compression *compression, struct error *err)
{
	(void)compression;
	(void)err;
	return 0;
}

static ssize_t plain_decode(struct compression *compression, struct error *err)
{
	size_t count = compression->left;

	(void)err;
	memcpy(compression->output, compression->next, count);
	consume(compression, count);
	return (ssize_t)count;
}

static void plain_end(struct compression *compression)
{
	(void)compression;
}

const struct compression_kind compression_by_isal = {"gzip", isal_begin, isal_decode, isal_end};
const struct compression_kind compression_by_zlib = {"gzip", zlib_begin, zlib_decode, zlib_end};

/* isa-l decodes some layers wrongly on arm64 before its release 2.32, which Debian does not have yet. */
#ifdef __x86_64__
#define BEST_GZIP compression_by_isal
#else
#define BEST_GZIP compression_by_zlib
#endif

static const struct compression_kind zstd = {"zstd", zstd_begin, zstd_decode, zstd_end};
static const struct compression_kind plain = {"plain", plain_begin, plain_decode, plain_end};

/* Docker unpacks these two as well, by calling xz; the image specification does not have them. */
static const struct compression_kind xz = {"xz", NULL, NULL, NULL};
static const struct compression_kind bzip2 = {"bzip2", NULL, NULL, NULL};

static const struct {
	const struct compression_kind *kind;
	size_t offset, count;
	const char *bytes;
} magics[] = {
	{&BEST_GZIP, 0, 2, "\x1f\x8b"},
	{&zstd, 0, 4, "\x28\xb5\x2f\xfd"},
	{&zstd, 1, 3, "\x2a\x4d\x18"}, /* a skippable frame begins with 0x50 to 0x5f */
	{&xz, 0, 6, "\xfd\x37zXZ\0"},
	{&bzip2, 4, 6, "\x31\x41\x59\x26\x53\x59"}, /* "BZh" and a digit, then pi */
};

static const struct compression_kind *detect(const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < ARRAY_LENGTH(magics); i++)
		if (count >= magics[i].offset + magics[i].count &&
		    memcmp(bytes + magics[i].offset, magics[i].bytes, magics[i].count) == 0)
			return magics[i].kind;
	return &plain;
}

/* --- the loop ----------------------------------------------------------------------------- */

/* Reads more behind what is left. */
static int receive(struct compression *compression, struct error *err)
{
	unsigned char *end;
	ssize_t count;

	memmove(compression->input, compression->next, compression->left);
	compression->next = compression->input;
	end = compression->input + compression->left;
	do
		count = read(compression->input_fd, end, INPUT_SIZE - compression->left);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return error_sys(err, "read the layer");
	compression->ended = count == 0;
	compression->left += (size_t)count;
	compression->received_bytes += (uint64_t)count;
	return 0;
}

static int limit_expansion(const struct compression *compression, struct error *err)
{
	uint64_t plain_bytes = compression->plain_bytes;

	if (plain_bytes > MOST_PLAIN_BYTES)
		return error_set(err, E2BIG, "decompress %s: more than %llu GiB",
				 compression->kind->name,
				 (unsigned long long)(MOST_PLAIN_BYTES >> 30));
	if (plain_bytes > RATIO_MATTERS_ABOVE &&
	    plain_bytes / MOST_RATIO > compression->received_bytes)
		return error_set(err, E2BIG, "decompress %s: it expands more than %d times",
				 compression->kind->name, MOST_RATIO);
	return 0;
}

int compression_open(struct compression *compression, int input_fd, struct error *err)
{
	*compression = (struct compression){
		.gzip = compression->gzip,
		.turns_fd = compression->turns_fd,
		.input_fd = input_fd,
		.input = memory_zeroed(1, INPUT_SIZE),
		.output = memory_zeroed(1, OUTPUT_SIZE),
	};
	compression->next = compression->input;
	/* The longest magic is that of bzip2; an archive of nothing may be shorter. */
	while (compression->left < 10 && !compression->ended)
		if (receive(compression, err) < 0)
			return -1;
	compression->kind = detect(compression->next, compression->left);
	if (compression->kind == &BEST_GZIP && compression->gzip)
		compression->kind = compression->gzip;
	if (!compression->kind->begin)
		return error_set(err, ENOTSUP, "the layer is compressed by %s, not by gzip or zstd",
				 compression->kind->name);
	return compression->kind->begin(compression, err);
}

int compression_next(struct compression *compression, const unsigned char **bytes, size_t *count,
		     struct error *err)
{
	ssize_t made;

	/* A decoder may hold back output although its input is used up: ask it before reading. */
	while ((made = compression->kind->decode(compression, err)) == 0) {
		if (compression->ended && compression->within)
			return error_set(err, EBADMSG, "decompress %s: the layer is cut short",
					 compression->kind->name);
		if (compression->ended && !compression->left)
			break;
		if (!compression->ended && receive(compression, err) < 0)
			return -1;
	}
	if (made < 0)
		return -1;
	compression->plain_bytes += (uint64_t)made;
	*bytes = compression->output;
	*count = (size_t)made;
	return limit_expansion(compression, err);
}

int compression_copy(int input_fd, int output_fd, int turns_fd, struct error *err)
{
	AUTO_COMPRESSION struct compression compression = {.turns_fd = turns_fd};
	const unsigned char *bytes;
	size_t count;

	if (compression_open(&compression, input_fd, err) < 0)
		return -1;
	for (;;) {
		if (compression_next(&compression, &bytes, &count, err) < 0)
			return -1;
		if (!count)
			return 0;
		if (file_write_all(output_fd, bytes, count, "the archive", err) < 0)
			return -1;
	}
}

void compression_release(struct compression *compression)
{
	if (compression->kind && compression->decoder)
		compression->kind->end(compression);
	free(compression->input);
	free(compression->output);
	*compression = (struct compression){0};
}
