/* The layers of a pull, side by side; see pull.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "pull.h"
#include "store_write.h"
#include "trace.h"
#include "unpacker.h"

/* As many as Docker downloads at once; and the most that can be asked for. */
#define REDRAW_MS 100
#define JOBS_USUAL 3
#define JOBS_MAX (FETCHER_REQUESTS_MAX - 1)

/* One layer on its way: a file that takes it as it is, a directory that takes what is in it. */
struct job {
	bool used;
	bool answered; /* the fetcher has: `answer` */
	struct fetch_answer answer;
	uint64_t quiet_until_us; /* the line on the terminal tells of another try */
	size_t index;		 /* of the layer; also the id of the request */
	struct unpacker unpacker;
	char *blob_path, *staged_dir;
};

/* A layer that was verified, and waits in staging for the sync. */
struct verified {
	char *blob_path, *staged_dir; /* NULL: none */
	uint64_t unpacked_bytes;
};

struct work {
	const struct pull_request *request;
	struct fetcher *fetcher;
	const struct manifest *manifest;
	const struct image_config *config;
	struct job jobs[JOBS_MAX];
	struct verified *verified; /* by the index of the layer */
	size_t next;		   /* the layer to look at next */
	size_t under_way, jobs_most;
	int turns_fd; /* of the decoders: compression.h */
	bool any_verified;
};

static void release_job(struct job *job)
{
	unpacker_release(&job->unpacker);
	store_discard(job->blob_path);
	store_discard(job->staged_dir);
	cleanup_memory(&job->blob_path);
	cleanup_memory(&job->staged_dir);
	*job = (struct job){0};
}

static void end_jobs(struct work *work)
{
	for (size_t i = 0; i < JOBS_MAX; i++)
		if (work->jobs[i].used)
			release_job(&work->jobs[i]);
}

static void release_work(struct work *work)
{
	end_jobs(work);
	for (size_t i = 0; i < work->manifest->count; i++) {
		store_discard(work->verified[i].blob_path);
		store_discard(work->verified[i].staged_dir);
		cleanup_memory(&work->verified[i].blob_path);
		cleanup_memory(&work->verified[i].staged_dir);
	}
	cleanup_memory(&work->verified);
}

static size_t jobs_most(const struct pull_request *request)
{
	size_t wanted = request->downloads ? request->downloads : request->registries->downloads;

	if (!wanted)
		return JOBS_USUAL;
	return wanted < JOBS_MAX ? wanted : JOBS_MAX;
}

/* Whether an earlier layer of the image is the same one: it is downloaded once. */
static bool is_repeated(const struct manifest *manifest, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(manifest->items[i].digest, manifest->items[index].digest) == 0)
			return true;
	return false;
}

/* The same directory may come from two blobs, compressed in two ways; and each is kept. */
static bool is_needed(const struct work *work, size_t index)
{
	const char *root = work->request->root;

	return !is_repeated(work->manifest, index) &&
	       !(store_has_layer(root, work->config->diff_ids.items[index]) &&
		 store_has_blob(root, work->manifest->items[index].digest));
}

static void say(const struct work *work, size_t index, const char *state)
{
	progress_layer(&work->request->progress, work->manifest->items[index].digest, state);
}

static void announce(const struct work *work)
{
	for (size_t i = 0; i < work->manifest->count; i++)
		if (!is_repeated(work->manifest, i))
			say(work, i, is_needed(work, i) ? "Pulling fs layer" : "Already exists");
}

static void announce_waiting(const struct work *work)
{
	for (size_t i = work->next; i < work->manifest->count; i++)
		if (is_needed(work, i))
			say(work, i, "Waiting");
}

/* In Docker one follows the other. Here the keeper has hashed it meanwhile, and it is unpacked. */
static void announce_download(const struct work *work, size_t index)
{
	say(work, index, "Verifying Checksum");
	say(work, index, "Download complete");
}

static int start_job(struct work *work, struct job *job, struct error *err)
{
	const struct descriptor *layer = &work->manifest->items[work->next];
	struct fetch_request request = fetch_request_for("blobs", layer->digest, layer->size_bytes);
	AUTO_CLOSE int blob_fd = -1;
	int result;

	job->used = true;
	job->index = work->next;
	if (store_stage_blob(work->request->root, &blob_fd, &job->blob_path, err) < 0 ||
	    store_stage_layer(work->request->root, &job->staged_dir, err) < 0 ||
	    unpacker_start(&job->unpacker, blob_fd, work->turns_fd, job->staged_dir, err) < 0)
		return -1;
	request.id = (uint32_t)work->next;
	result = fetcher_request(work->fetcher, &request, job->unpacker.input_fd, err);
	/* From here on the fetcher alone holds the pipe: it ends when the fetcher closes it. */
	cleanup_fd(&job->unpacker.input_fd);
	return result;
}

static int start_jobs(struct work *work, struct error *err)
{
	for (; work->next < work->manifest->count && work->under_way < work->jobs_most;
	     work->next++) {
		size_t free = 0;

		if (!is_needed(work, work->next))
			continue;
		while (work->jobs[free].used)
			free++;
		if (start_job(work, &work->jobs[free], err) < 0)
			return -1;
		work->under_way++;
	}
	return 0;
}

/* All four: what was sent is what the manifest names, and what it unpacks to is what the config
 * names. The first makes the download right, the last makes the layer's place in the store right. */
static int verify(const struct descriptor *layer, const char *diff_id,
		  const struct layer_result *result, struct error *err)
{
	trace("echo %q layer | sha256sum -c", layer->digest + strlen("sha256:"));
	if (result->compressed_bytes != layer->size_bytes)
		return error_set(err, EBADMSG,
				 "layer '%s' has %llu bytes, and not %llu as promised",
				 layer->digest, (unsigned long long)result->compressed_bytes,
				 (unsigned long long)layer->size_bytes);
	/* Step 5.1: what came is what was asked for. */
	if (strcmp(result->digest, layer->digest) != 0)
		return error_set(err, EBADMSG, "layer '%s' differs: its digest is '%s'",
				 layer->digest, result->digest);
	trace("echo %q layer.tar | sha256sum -c", diff_id + strlen("sha256:"));
	/* Step 5.2: and what it holds is what the author means, and every image that shares it. */
	if (strcmp(result->diff_id, diff_id) != 0)
		return error_set(err, EBADMSG,
				 "layer '%s' unpacks to '%s', and not to '%s' as the config says",
				 layer->digest, result->diff_id, diff_id);
	return 0;
}

/* Which of two errors is the cause: a download that breaks off also ends the unpacking, and an
 * unpacker that gives up closes the pipe on the download. */
static int finish_unpacking(struct job *job, struct layer_result *result, struct error *err)
{
	const struct fetch_answer *answer = &job->answer;
	int unpacked = unpacker_finish(&job->unpacker, result, err);

	if (answer->failed && (answer->err.code != EPIPE || unpacked == 0)) {
		*err = answer->err;
		return -1;
	}
	return unpacked;
}

static int finish_job(struct work *work, struct job *job, struct error *err)
{
	const struct descriptor *layer = &work->manifest->items[job->index];
	const char *diff_id = work->config->diff_ids.items[job->index];
	struct layer_result result = {0};

	if (finish_unpacking(job, &result, err) < 0) {
		error_hint(err, EBADMSG, "it is not what its digest promises");
		return error_wrap(err, "pull layer '%.19s'", layer->digest);
	}
	if (verify(layer, diff_id, &result, err) < 0)
		return -1;
	work->verified[job->index] = (struct verified){
		take_ptr(&job->blob_path), take_ptr(&job->staged_dir), result.unpacked_bytes};
	work->any_verified = true;
	say(work, job->index, "Pull complete");
	return 0;
}

/* As Docker says it. */
static void show_retry(const struct work *work, struct job *job, uint32_t retry_ms)
{
	unsigned int seconds = (retry_ms + 999) / 1000;
	AUTO_FREE char *state =
		memory_format("Retrying in %u second%s", seconds, seconds == 1 ? "" : "s");

	say(work, job->index, state);
	job->quiet_until_us = trace_clock_us() + (uint64_t)retry_ms * 1000;
}

/* Keeps what the fetcher has answered. */
static int take_answer(struct work *work, struct error *err)
{
	struct fetch_answer answer;

	if (fetcher_wait(work->fetcher, &answer, err) < 0)
		return -1;
	for (size_t i = 0; i < JOBS_MAX; i++) {
		struct job *job = &work->jobs[i];

		if (!job->used || job->index != answer.id || job->answered)
			continue;
		if (answer.retry_ms)
			show_retry(work, job, answer.retry_ms);
		else if (!answer.failed)
			announce_download(work, job->index);
		job->answer = answer;
		job->answered = !answer.retry_ms;
		return 0;
	}
	return error_set(err, EPROTO, "the fetcher answered what it was not asked");
}

/* Waits until the fetcher answers, or a layer that has come whole is unpacked. Whichever is first:
 * while one layer is still unpacked, the next can already be got. */
static int wait_for_any(struct work *work, struct pollfd fds[1 + JOBS_MAX], struct error *err)
{
	int ready;

	fds[0] = (struct pollfd){.fd = work->fetcher->channel, .events = POLLIN};
	for (size_t i = 0; i < JOBS_MAX; i++) {
		const struct job *job = &work->jobs[i];

		fds[1 + i] =
			(struct pollfd){.fd = job->answered ? unpacker_channel(&job->unpacker) : -1,
					.events = POLLIN};
	}
	do
		ready = poll(fds, 1 + JOBS_MAX, work->request->progress.layers ? REDRAW_MS : -1);
	while (ready < 0 && errno == EINTR);
	return ready < 0 ? error_sys(err, "wait for layers") : 0;
}

/* What has come of a layer is in its file, whoever of the others has written it. */
static void show_bytes(const struct work *work)
{
	uint64_t now_us = trace_clock_us();

	for (size_t i = 0; i < JOBS_MAX; i++) {
		const struct job *job = &work->jobs[i];
		const struct descriptor *layer = &work->manifest->items[job->index];
		struct stat status;

		if (job->used && job->quiet_until_us <= now_us &&
		    stat(job->blob_path, &status) == 0)
			progress_bytes(&work->request->progress, layer->digest,
				       (uint64_t)status.st_size, layer->size_bytes);
	}
}

static int finish_some(struct work *work, struct error *err)
{
	struct pollfd fds[1 + JOBS_MAX];

	if (wait_for_any(work, fds, err) < 0 || (fds[0].revents && take_answer(work, err) < 0))
		return -1;
	if (work->request->progress.layers)
		show_bytes(work);
	for (size_t i = 0; i < JOBS_MAX; i++) {
		if (!fds[1 + i].revents)
			continue;
		if (finish_job(work, &work->jobs[i], err) < 0)
			return -1;
		release_job(&work->jobs[i]);
		work->under_way--;
	}
	return 0;
}

static int run(struct work *work, struct error *err)
{
	announce(work);
	if (start_jobs(work, err) < 0)
		return -1;
	announce_waiting(work);
	while (work->under_way > 0)
		if (finish_some(work, err) < 0 || start_jobs(work, err) < 0)
			return -1;
	return 0;
}

static int commit_layer(const struct work *work, size_t index, struct error *err)
{
	struct verified *layer = &work->verified[index];
	const char *root = work->request->root;

	if (!layer->staged_dir)
		return 0;
	if (store_commit_layer(root, work->config->diff_ids.items[index], layer->unpacked_bytes,
			       layer->staged_dir, err) < 0)
		return -1;
	cleanup_memory(&layer->staged_dir);
	if (store_commit_blob(root, work->manifest->items[index].digest, layer->blob_path, err) < 0)
		return -1;
	cleanup_memory(&layer->blob_path);
	return 0;
}

/* Nothing gets its place before it is on the disk: a power cut would leave the name of a layer, and
 * files of no length in it. */
static int commit_layers(const struct work *work, struct error *err)
{
	if (!work->any_verified)
		return 0;
	if (store_sync(work->request->root, err) < 0)
		return -1;
	for (size_t i = 0; i < work->manifest->count; i++)
		if (commit_layer(work, i, err) < 0)
			return -1;
	return 0;
}

int pull_layers(const struct pull_request *request, struct fetcher *fetcher,
		const struct manifest *manifest, const struct image_config *config,
		struct error *err)
{
	AUTO_CLOSE int turns_fd = eventfd(1, EFD_SEMAPHORE | EFD_CLOEXEC);
	struct work work = {.request = request,
			    .fetcher = fetcher,
			    .manifest = manifest,
			    .config = config,
			    .jobs_most = jobs_most(request),
			    .turns_fd = turns_fd,
			    .verified = memory_zeroed(manifest->count, sizeof(*work.verified))};
	struct error late;
	int result = turns_fd < 0 ? error_sys(err, "make an eventfd") : run(&work, err);

	/* Before the sync, or it would also write what is not wanted. */
	end_jobs(&work);
	/* Also after a failure: what was verified need not come a second time. */
	if (commit_layers(&work, result < 0 ? &late : err) < 0)
		result = -1;
	release_work(&work);
	return result;
}
