/* One GET, with its second tries; see transfer.h. */
#include "transfer.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "manifest.h"
#include "trace.h"

#define HEADER_BYTES_MAX (64 << 10)
#define ERROR_BODY_BYTES_MAX (16 << 10)
#define TRIES_MAX 5
#define FIRST_PAUSE_US 250000
#define RETRY_AFTER_MAX_S 60
#define PROGRESS_BYTES (64 << 10)
#define BUFFER_BYTES (256L << 10)

static bool is_success(long status)
{
	return status == 200 || status == 206;
}

/* --- what libcurl calls -------------------------------------------------------------------- */

static void keep_header(char **field, const char *value, size_t length)
{
	AUTO_FREE char *before = take_ptr(field);

	/* A list may come as several headers: RFC 9110 section 5.3 */
	*field = memory_format("%s%s%.*s", before ? before : "", before ? ", " : "", (int)length,
			       value);
}

static void read_header(struct http_answer *answer, const char *line, size_t length)
{
	const struct {
		const char *name;
		char **field;
	} known[] = {
		{"content-type:", &answer->media_type},
		{"docker-content-digest:", &answer->digest},
		{"www-authenticate:", &answer->challenges},
		{"retry-after:", &answer->retry_after},
		{"ratelimit-limit:", &answer->limit},
		{"ratelimit-remaining:", &answer->remaining},
	};

	while (length > 0 && strchr("\r\n \t", line[length - 1]))
		length--;
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
		size_t name = strlen(known[i].name);

		if (length < name || strncasecmp(line, known[i].name, name) != 0)
			continue;
		while (name < length && (line[name] == ' ' || line[name] == '\t'))
			name++;
		keep_header(known[i].field, line + name, length - name);
	}
}

/* Each hop of a redirect begins anew, or its digest would pass for that of the last. */
static void forget_hop(struct http_answer *answer)
{
	size_t header_bytes = answer->header_bytes;

	http_answer_release(answer);
	answer->header_bytes = header_bytes;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t length = size * count;

	transfer->answer.header_bytes += length;
	if (transfer->answer.header_bytes > HEADER_BYTES_MAX) {
		error_set(&transfer->failure, EPROTO, "get '%s': the headers are above 64 KiB",
			  transfer->url);
		transfer->failed = true;
		return 0;
	}
	if (length > 5 && strncmp(line, "HTTP/", 5) == 0)
		forget_hop(&transfer->answer);
	else
		read_header(&transfer->answer, line, length);
	return length;
}

static size_t keep_error_body(struct text *body, const char *bytes, size_t length)
{
	size_t room = ERROR_BODY_BYTES_MAX - body->length;

	text_add(body, bytes, length < room ? length : room);
	return length;
}

/* A pipe that is full holds its own transfer up, and no other one: libcurl keeps what was not taken,
 * and hands all of it over again later. */
static size_t write_or_pause(struct transfer *transfer, const char *bytes, size_t length)
{
	size_t done = transfer->skip_bytes < length ? transfer->skip_bytes : length;

	transfer->skip_bytes -= done;
	while (done < length) {
		ssize_t count = write(transfer->fd, bytes + done, length - done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && errno == EAGAIN) {
			transfer->skip_bytes += done;
			transfer->paused = true;
			return CURL_WRITEFUNC_PAUSE;
		}
		if (count < 0) {
			error_sys(&transfer->failure, "write what '%s' sends", transfer->url);
			transfer->failed = true;
			return 0;
		}
		done += (size_t)count;
		transfer->written_bytes += (uint64_t)count;
	}
	return length;
}

/* Also by what is announced, so that nothing of it is kept. */
static bool is_too_large(const struct transfer *transfer, size_t length)
{
	uint64_t before = transfer->written_bytes - transfer->skip_bytes;
	curl_off_t announced = -1;

	curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	return before + length > transfer->most_bytes ||
	       (announced > 0 && (uint64_t)announced > transfer->most_bytes);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t length = size * count;
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (!is_success(status))
		return keep_error_body(&transfer->answer.body, bytes, length);
	if (is_too_large(transfer, length)) {
		error_set(&transfer->failure, EFBIG, "get '%s': it is larger than %llu bytes",
			  transfer->url, (unsigned long long)transfer->most_bytes);
		transfer->failed = true;
		return 0;
	}
	return write_or_pause(transfer, bytes, length);
}

/* --- how it goes on ------------------------------------------------------------------------ */

/* A server that says when to come back is believed, within reason. RFC 9110 section 10.2.3 */
static uint64_t pause_us(const struct transfer *transfer)
{
	uint64_t seconds = 0, own_us = (uint64_t)FIRST_PAUSE_US << transfer->tries;
	struct error ignored;

	/* A date instead of a number is as good as nothing: our clocks may differ. */
	if (transfer->answer.retry_after &&
	    text_to_number(transfer->answer.retry_after, RETRY_AFTER_MAX_S, &seconds, &ignored) ==
		    0)
		return seconds * 1000000 > own_us ? seconds * 1000000 : own_us;
	return own_us;
}

/* The next try begins later each time. What is in a file is dropped, as a server need not be able to
 * send a part; what went into a pipe can't be taken back, and is not asked for again. */
static enum transfer_state try_later(struct transfer *transfer)
{
	if (ftruncate(transfer->fd, 0) == 0 && lseek(transfer->fd, 0, SEEK_SET) == 0)
		transfer->written_bytes = 0;
	/* What comes at all, however often the line breaks, is worth another try. */
	if (transfer->written_bytes >= transfer->tried_bytes + PROGRESS_BYTES)
		transfer->tries = 0;
	transfer->tried_bytes = transfer->written_bytes;
	/* Meanwhile a token may have become too old. */
	transfer->challenged = false;
	transfer->not_before_us = trace_clock_us() + pause_us(transfer);
	transfer->tries++;
	return TRANSFER_AGAIN;
}

/* The connection broke: what has come so far is good, and the rest can be asked for. */
static bool may_resume(CURLcode code)
{
	switch (code) {
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_OPERATION_TIMEDOUT: return true;
	default: return false;
	}
}

/* As Docker: a registry on this machine is tried over https, then over http. */
static bool may_be_plain(const struct registry *registry, CURLcode code)
{
	return registry->insecure && !registry->plain && !registry->answered &&
	       (code == CURLE_COULDNT_CONNECT || code == CURLE_SSL_CONNECT_ERROR ||
		may_resume(code));
}

static enum transfer_state conclude_broken(struct transfer *transfer, CURLcode code,
					   struct error *err)
{
	if (transfer->failed) {
		*err = transfer->failure;
		return TRANSFER_FAILED;
	}
	if (may_be_plain(transfer->registry, code)) {
		transfer->registry->plain = true;
		return TRANSFER_AGAIN;
	}
	/* It sends from the beginning although the rest was asked for: what we have is skipped. */
	if (code == CURLE_RANGE_ERROR && !transfer->from_start) {
		transfer->from_start = true;
		return TRANSFER_AGAIN;
	}
	/* Who has never answered will not do so in a moment. */
	if (transfer->registry->answered && may_resume(code) && transfer->tries + 1 < TRIES_MAX)
		return try_later(transfer);
	registry_explain_curl(transfer->easy, code, transfer->url, transfer->detail, err);
	return TRANSFER_FAILED;
}

static enum transfer_state conclude_challenge(struct transfer *transfer, struct error *err)
{
	struct registry *registry = transfer->registry;

	/* Once: a fresh token that grants nothing is an answer, too. */
	transfer->challenged = true;
	/* A transfer beside us may have had a new token made while we waited. */
	if (registry->logins != transfer->logins)
		return TRANSFER_AGAIN;
	if (registry_log_in(registry, transfer->answer.challenges, err) < 0)
		return TRANSFER_FAILED;
	return TRANSFER_AGAIN;
}

/* The limit of pulls lasts for hours; another one is over in a moment. In place of a mirror there is the
 * next one. */
static bool may_ask_again(const struct registry *registry, const struct http_answer *answer)
{
	struct error ignored;
	uint64_t seconds;

	if (registry->endpoint->mirror)
		return false;
	if (answer->status == 429)
		return !answer->limit && answer->retry_after &&
		       text_to_number(answer->retry_after, RETRY_AFTER_MAX_S, &seconds, &ignored) ==
			       0;
	return answer->status >= 500 || answer->status == 408;
}

static enum transfer_state conclude_answer(struct transfer *transfer, struct error *err)
{
	const struct http_answer *answer = &transfer->answer;

	if (is_success(answer->status))
		return TRANSFER_DONE;
	if (answer->status == 401 && !transfer->challenged)
		return conclude_challenge(transfer, err);
	/* Nothing is left of what was asked for: all had come before the connection broke. */
	if (answer->status == 416 && transfer->written_bytes > 0)
		return TRANSFER_DONE;
	if (may_ask_again(transfer->registry, answer) && transfer->tries + 1 < TRIES_MAX)
		return try_later(transfer);
	registry_explain(transfer->registry, transfer->rest, answer, err);
	return TRANSFER_FAILED;
}

/* --- how it begins ------------------------------------------------------------------------- */

static void add_headers(struct transfer *transfer)
{
	struct registry *registry = transfer->registry;

	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
	if (text_starts_with(transfer->rest, "manifests/"))
		transfer->headers = curl_slist_append(NULL, "Accept: " MANIFEST_ACCEPT);
	if (registry->authorization)
		transfer->headers = curl_slist_append(transfer->headers, registry->authorization);
	transfer->logins = registry->logins;
	/* libcurl drops a header line "Authorization" when a redirect leads to another host. */
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static void set_options(struct transfer *transfer)
{
	CURL *easy = transfer->easy;

	registry_set_options(transfer->registry, easy, transfer->url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->detail);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	curl_easy_setopt(easy, CURLOPT_NOBODY, (long)transfer->head);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(easy, CURLOPT_RESUME_FROM_LARGE,
			 (curl_off_t)(transfer->from_start ? 0 : transfer->written_bytes));
}

static void trace_request(const struct transfer *transfer)
{
	bool manifest = text_starts_with(transfer->rest, "manifests/");

	trace("curl -sSL%s%s%s %q", transfer->head ? "I" : "",
	      manifest ? " -H \"Accept: $MANIFEST_TYPES\"" : "",
	      transfer->registry->authorization ? " -H \"Authorization: $PROOF\"" : "",
	      transfer->url);
}

/* --- exported ------------------------------------------------------------------------------ */

int transfer_prepare(struct transfer *transfer, struct error *err)
{
	if (!transfer->easy)
		transfer->easy = curl_easy_init();
	if (!transfer->easy)
		return error_set(err, ENOMEM, "get '%s': libcurl has no memory", transfer->rest);
	cleanup_memory(&transfer->url);
	transfer->url = registry_url(transfer->registry, transfer->rest);
	http_answer_release(&transfer->answer);
	transfer->detail[0] = '\0';
	transfer->skip_bytes = transfer->from_start ? transfer->written_bytes : 0;
	transfer->paused = false;
	set_options(transfer);
	add_headers(transfer);
	trace_request(transfer);
	return 0;
}

enum transfer_state transfer_conclude(struct transfer *transfer, CURLcode code, struct error *err)
{
	if (code != CURLE_OK)
		return conclude_broken(transfer, code, err);
	transfer->registry->answered = true;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &transfer->answer.status);
	return conclude_answer(transfer, err);
}

void transfer_release(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	http_answer_release(&transfer->answer);
	cleanup_memory(&transfer->rest);
	cleanup_memory(&transfer->url);
	if (transfer->fd > 0)
		close(transfer->fd);
	*transfer = (struct transfer){0};
}
