/*
 * The inside of the fetcher process; see fetcher.h. One thread, one loop: requests come from the
 * channel, transfers run side by side in one curl multi handle, and a pipe that is full holds up its
 * own transfer only.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fetcher.h"
#include "registry.h"
#include "trace.h"
#include "transfer.h"

#define WAIT_MS 1000

struct slot {
	struct transfer transfer;
	uint32_t id;
	bool used, running;
};

struct loop {
	CURLM *multi;
	int channel;
	struct registry registry;
	struct slot slots[FETCHER_REQUESTS_MAX];
};

/* "application/json; charset=utf-8" is application/json. */
static void set_media_type(struct fetch_answer *answer, const char *header)
{
	if (header)
		snprintf(answer->media_type, sizeof(answer->media_type), "%.*s",
			 (int)strcspn(header, "; \t"), header);
}

static void send_answer(const struct loop *loop, const struct fetch_answer *answer)
{
	/* If nobody listens any more, the next read from the channel ends the process. */
	send(loop->channel, answer, sizeof(*answer), MSG_NOSIGNAL);
}

static void answer_failure(const struct loop *loop, uint32_t id, const struct error *err)
{
	struct fetch_answer answer = {.id = id, .failed = true, .err = *err};

	send_answer(loop, &answer);
}

/* The descriptor is closed first: its reader sees the end before we say that all has come. */
static void finish(struct loop *loop, struct slot *slot, const struct error *failure)
{
	struct fetch_answer answer = {.id = slot->id, .bytes = slot->transfer.written_bytes};
	const struct http_answer *http = &slot->transfer.answer;
	const char *identity = loop->registry.identity_token;

	set_media_type(&answer, http->media_type);
	snprintf(answer.digest, sizeof(answer.digest), "%s", http->digest ? http->digest : "");
	/* Part of a token is none. */
	if (identity && strlen(identity) < sizeof(answer.identity_token))
		strcpy(answer.identity_token, identity);
	if (failure) {
		answer.failed = true;
		answer.err = *failure;
	}
	transfer_release(&slot->transfer);
	*slot = (struct slot){0};
	send_answer(loop, &answer);
}

static void begin(struct loop *loop, struct slot *slot)
{
	struct error err;

	if (transfer_prepare(&slot->transfer, &err) < 0) {
		finish(loop, slot, &err);
		return;
	}
	curl_multi_add_handle(loop->multi, slot->transfer.easy);
	slot->running = true;
}

static void begin_due(struct loop *loop)
{
	uint64_t now_us = trace_clock_us();

	for (size_t i = 0; i < FETCHER_REQUESTS_MAX; i++) {
		struct slot *slot = &loop->slots[i];

		if (slot->used && !slot->running && slot->transfer.not_before_us <= now_us)
			begin(loop, slot);
	}
}

static void announce_retry(const struct loop *loop, const struct slot *slot)
{
	uint64_t now_us = trace_clock_us(), then_us = slot->transfer.not_before_us;
	struct fetch_answer answer = {.id = slot->id};

	if (then_us <= now_us)
		return;
	answer.retry_ms = (uint32_t)((then_us - now_us) / 1000 + 1);
	send_answer(loop, &answer);
}

static void conclude(struct loop *loop, CURL *easy, CURLcode code)
{
	struct error err;

	for (size_t i = 0; i < FETCHER_REQUESTS_MAX; i++) {
		struct slot *slot = &loop->slots[i];
		enum transfer_state state;

		if (!slot->running || slot->transfer.easy != easy)
			continue;
		curl_multi_remove_handle(loop->multi, easy);
		slot->running = false;
		state = transfer_conclude(&slot->transfer, code, &err);
		if (state == TRANSFER_AGAIN)
			announce_retry(loop, slot);
		else
			finish(loop, slot, state == TRANSFER_FAILED ? &err : NULL);
		return;
	}
}

static void run_transfers(struct loop *loop)
{
	int running, left;
	CURLMsg *message;

	curl_multi_perform(loop->multi, &running);
	while ((message = curl_multi_info_read(loop->multi, &left)))
		if (message->msg == CURLMSG_DONE)
			conclude(loop, message->easy_handle, message->data.result);
}

/* A pipe whose reader has gone also counts as writable: the write then says so. */
static void resume_paused(struct loop *loop)
{
	for (size_t i = 0; i < FETCHER_REQUESTS_MAX; i++) {
		struct transfer *transfer = &loop->slots[i].transfer;
		struct pollfd fd = {.fd = transfer->fd, .events = POLLOUT};

		if (!transfer->paused || poll(&fd, 1, 0) <= 0)
			continue;
		transfer->paused = false;
		curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
	}
}

static void wait_for_work(struct loop *loop)
{
	struct curl_waitfd fds[1 + FETCHER_REQUESTS_MAX] = {
		{.fd = loop->channel, .events = CURL_WAIT_POLLIN}};
	int timeout_ms = WAIT_MS;
	unsigned int count = 1;

	for (size_t i = 0; i < FETCHER_REQUESTS_MAX; i++) {
		struct slot *slot = &loop->slots[i];

		if (slot->transfer.paused)
			fds[count++] = (struct curl_waitfd){.fd = slot->transfer.fd,
							    .events = CURL_WAIT_POLLOUT};
		if (slot->used && !slot->running)
			timeout_ms = slot->transfer.not_before_us ? 50 : 0;
	}
	curl_multi_poll(loop->multi, fds, count, timeout_ms, NULL);
}

static void accept_request(struct loop *loop, const struct fetch_request *request, int fd)
{
	struct error err;

	for (size_t i = 0; i < FETCHER_REQUESTS_MAX; i++) {
		struct slot *slot = &loop->slots[i];

		if (slot->used)
			continue;
		slot->used = true;
		slot->id = request->id;
		slot->transfer.registry = &loop->registry;
		slot->transfer.rest = memory_string(request->rest);
		slot->transfer.head = request->head;
		slot->transfer.most_bytes = request->most_bytes;
		slot->transfer.fd = fd;
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		return;
	}
	error_set(&err, EBUSY, "get '%s': too many requests are under way", request->rest);
	answer_failure(loop, request->id, &err);
	close(fd);
}

/* Returns 1 for a request, with a descriptor; 0 if there is none; -1 if there will be none. */
static int receive_request(int channel, struct fetch_request *request, int *fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {.iov_base = request, .iov_len = sizeof(*request)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.room,
				 .msg_controllen = sizeof(control.room)};
	ssize_t count = recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (count != sizeof(*request) || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*fd));
	return 1;
}

void fetch_loop_run(int channel, const struct registry_access *access)
{
	struct loop loop = {.channel = channel};
	struct fetch_request request;
	int fd, more = 0;

	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	loop.multi = curl_multi_init();
	registry_begin(&loop.registry, access);
	while (loop.multi && more >= 0) {
		while ((more = receive_request(channel, &request, &fd)) > 0)
			accept_request(&loop, &request, fd);
		begin_due(&loop);
		run_transfers(&loop);
		resume_paused(&loop);
		wait_for_work(&loop);
	}
}
