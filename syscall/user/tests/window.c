// SPDX-License-Identifier: MIT
/*
 * libbulk with a window: no system call, batches, flush, fork, epoll.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
#include <bulk_xfer.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>

#include "internal.h"
#include "seccomp.h"
#include "tap.h"

#define RECORDS		100
#define DEADLINE_MS	60000

static struct bulk *b;

/* Every test starts with an endpoint of echo that has a window. */
#define OPEN(flags)							\
	do {								\
		b = bulk_open("echo", O_RDWR | (flags));		\
		if (!b && errno == ENOENT)				\
			return skip("no echo channel");			\
		CHECK(b);						\
		if (!bulk_window(b))					\
			return skip("no window");			\
	} while (0)

static uint64_t figure(const char *name)
{
	char path[64], line[256];
	uint64_t value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bulk_fd(b));
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, name, strlen(name)) &&
		    line[strlen(name)] == ':')
			value = strtoull(line + strlen(name) + 1, NULL, 10);
	}
	if (f)
		fclose(f);
	return value;
}

static enum result no_system_call(void)
{
	uint64_t out, in, tag;

	OPEN(0);
	for (out = 0; out < RECORDS; out++)
		CHECK(!bulk_send(b, &out, sizeof(out), out));
	CHECK(bulk_recv(b, &in, sizeof(in), &tag, NULL) == sizeof(in));
	CHECK(in == 0 && tag == 0);
	CHECK(take_away_call(__NR_bulk_xfer, SECCOMP_RET_KILL_PROCESS));
	for (out = 1; out < RECORDS; out++) {
		CHECK(bulk_recv(b, &in, sizeof(in), &tag, NULL) == sizeof(in));
		CHECK(in == out && tag == out);
		CHECK(!bulk_send(b, &out, sizeof(out), out));
	}
	bulk_close(b);
	return PASS;
}

static enum result size_is_brought_within_limits(void)
{
	size_t sizes[] = { 1, 100000, (size_t)1 << 40 };
	size_t i, size, last = 0;

	OPEN(0);
	CHECK(figure("bulk-window") == bulk_window(b));
	bulk_close(b);
	for (i = 0; i < 3; i++) {
		b = bulk_open_window("echo", O_RDWR, sizes[i]);
		CHECK(b);
		size = bulk_window(b);
		CHECK(size > last);
		CHECK(figure("bulk-window") <= ((size + 4095) & ~4095UL));
		CHECK(!bulk_send(b, "x", 1, 0) && !bulk_flush(b));
		last = size;
		bulk_close(b);
	}
	return PASS;
}

static enum result no_system_call_on_request(void)
{
	struct bulk_seg seg = bulk_seg_send("x", 1, 0);
	long i;

	OPEN(0);
	for (i = 0; i < RECORDS; i++)
		CHECK(bulk_call(b, &seg, 1, BULK_NO_SYSCALL) == 1);
	CHECK(figure("bulk-tx-records") == 0);
	while (bulk_call(b, &seg, 1, BULK_NO_SYSCALL) == 1)
		CHECK(++i < 100000);
	CHECK(errno == EAGAIN);
	CHECK(!bulk_flush(b));
	CHECK(figure("bulk-tx-records") == (uint64_t)i);
	bulk_close(b);
	return PASS;
}

static void make_batch(struct iovec *iov, uint64_t *words, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		iov[i] = (struct iovec){ &words[i], i % (sizeof(*words) + 1) };
}

static enum result batches(void)
{
	struct iovec out[RECORDS], in[RECORDS + 1];
	uint64_t words[RECORDS], got[RECORDS + 1], tags[RECORDS + 1];
	uint32_t lost[RECORDS];
	unsigned int i, n, round;
	long ret;

	OPEN(0);
	for (i = 0; i < RECORDS; i++)
		words[i] = i * 0x0101010101010101ULL;
	for (round = 0; round < 1000; round++) {
		make_batch(out, words, RECORDS);
		for (i = 0; i < RECORDS; i++)
			tags[i] = round + i;
		CHECK(bulk_send_many(b, out, RECORDS, tags) == RECORDS);
		for (n = 0; n < RECORDS; n += ret) {
			for (i = 0; i < RECORDS - n; i++)
				in[i] = (struct iovec){ &got[i], sizeof(*got) };
			memset(lost, 0xff, sizeof(lost));
			ret = bulk_recv_many(b, in, RECORDS - n, tags, lost);
			CHECK(ret > 0);
			for (i = 0; i < ret; i++) {
				CHECK(in[i].iov_len == out[n + i].iov_len);
				CHECK(!memcmp(&got[i], &words[n + i], in[i].iov_len));
				CHECK(tags[i] == round + n + i && !lost[i]);
			}
		}
	}
	bulk_close(b);
	return PASS;
}

static enum result batch_waits_for_the_first_only(void)
{
	struct iovec out[3] = { { "a", 1 }, { "bc", 2 }, { "", 0 } };
	char buf[8][8];
	struct iovec in[8];
	int i;

	OPEN(0);
	for (i = 0; i < 8; i++)
		in[i] = (struct iovec){ buf[i], sizeof(buf[i]) };
	CHECK(bulk_send_many(b, out, 3, NULL) == 3);
	CHECK(bulk_recv_many(b, in, 8, NULL, NULL) == 3);
	CHECK(in[0].iov_len == 1 && in[1].iov_len == 2 && !in[2].iov_len);
	CHECK(in[3].iov_len == sizeof(buf[3]));
	bulk_close(b);
	return PASS;
}

static enum result batch_without_room(void)
{
	struct iovec out[2] = { { "a", 1 }, { "hello", 5 } };
	char small[2][2], large[8];
	struct iovec in[2] = { { small[0], 2 }, { small[1], 2 } };

	OPEN(O_NONBLOCK);
	CHECK(bulk_recv_many(b, in, 2, NULL, NULL) == -1 && errno == EAGAIN);
	CHECK(bulk_recv_many(b, in, 0, NULL, NULL) == 0);
	CHECK(bulk_send_many(b, out, 0, NULL) == 0);
	CHECK(bulk_send_many(b, out, 2, NULL) == 2);
	CHECK(bulk_recv_many(b, in, 2, NULL, NULL) == 1 && in[0].iov_len == 1);
	CHECK(bulk_recv_many(b, in + 1, 1, NULL, NULL) == -1);
	CHECK(errno == EMSGSIZE && in[1].iov_len == 5);
	in[1] = (struct iovec){ large, sizeof(large) };
	CHECK(bulk_recv_many(b, in + 1, 1, NULL, NULL) == 1);
	CHECK(!memcmp(large, "hello", 5));
	out[1].iov_len = (size_t)1 << 32;
	CHECK(bulk_send_many(b, out, 2, NULL) == 1);
	CHECK(bulk_send_many(b, out + 1, 1, NULL) == -1 && errno == EMSGSIZE);
	bulk_close(b);
	return PASS;
}

static enum result flush_means_taken(void)
{
	int i;

	OPEN(0);
	for (i = 0; i < RECORDS; i++)
		CHECK(!bulk_send(b, "x", 1, i));
	CHECK(figure("bulk-tx-records") == 0);
	CHECK(!bulk_flush(b));
	CHECK(figure("bulk-tx-records") == RECORDS);
	bulk_close(b);
	return PASS;
}

/* A duplicate of the descriptor keeps the endpoint, so that it can be asked. */
static enum result close_hands_over(void)
{
	int i, copy;

	OPEN(0);
	copy = dup(bulk_fd(b));
	for (i = 0; i < RECORDS; i++)
		CHECK(!bulk_send(b, "x", 1, i));
	bulk_close(b);
	b = &(struct bulk){ .fd = copy };
	CHECK(figure("bulk-tx-records") == RECORDS);
	CHECK(figure("bulk-window") == 0);
	return PASS;
}

static enum result nonsense_is_ebadmsg(void)
{
	char buf[8];

	OPEN(0);
	CHECK(!bulk_send(b, "x", 1, 0));
	memset(b->window, 0x5a, 4096);
	CHECK(bulk_flush(b) == -1 && errno == EBADMSG);
	CHECK(bulk_send(b, "x", 1, 0) == -1 && errno == EBADMSG);
	CHECK(bulk_recv(b, buf, 8, NULL, NULL) == -1 && errno == EBADMSG);
	CHECK(figure("bulk-window-errors") == 1);
	bulk_close(b);
	OPEN(0);
	CHECK(!bulk_send(b, "x", 1, 0) && !bulk_flush(b));
	CHECK(bulk_recv(b, buf, 8, NULL, NULL) == 1);
	bulk_close(b);
	return PASS;
}

static bool all_zero(const char *at, size_t len)
{
	while (len && !*at++)
		len--;
	return !len;
}

static enum result use_in_child(void)
{
	uint64_t in, tag;
	uint64_t i;

	/* What the parent sent is there, in order, before what the child sends. */
	CHECK(all_zero(b->window, bulk_window(b)));
	for (i = 0; i < RECORDS; i++) {
		CHECK(!bulk_send(b, &i, sizeof(i), RECORDS + i));
		CHECK(bulk_recv(b, &in, sizeof(in), &tag, NULL) == sizeof(in));
		CHECK(tag == i);
	}
	return PASS;
}

static enum result forked_child_works(void)
{
	uint64_t i, in, tag;
	int child, status;

	OPEN(0);
	for (i = 0; i < RECORDS; i++)
		CHECK(!bulk_send(b, &i, sizeof(i), i));
	child = fork();
	if (!child)
		_exit(use_in_child());
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == PASS);
	for (i = 0; i < RECORDS; i++) {
		CHECK(bulk_recv(b, &in, sizeof(in), &tag, NULL) == sizeof(in));
		CHECK(in == i && tag == RECORDS + i);
	}
	CHECK(!bulk_send(b, "x", 1, 0));
	CHECK(bulk_recv(b, &in, sizeof(in), NULL, NULL) == 1);
	bulk_close(b);
	return PASS;
}

static volatile sig_atomic_t handled;

static void send_from_handler(int sig)
{
	int saved = errno;

	(void)sig;
	handled += !bulk_send(b, "handler", 7, 1);
	errno = saved;
}

static enum result signal_handler_sends(void)
{
	struct itimerspec every = { { 0, 1000000 }, { 0, 1000000 } };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGUSR1 };
	struct sigaction sa = { .sa_handler = send_from_handler,
				.sa_flags = SA_RESTART };
	long plain = 0, fromhandler = 0, i;
	uint64_t tag;
	timer_t timer;
	char buf[8];

	OPEN(0);
	CHECK(!sigaction(SIGUSR1, &sa, NULL));
	CHECK(!timer_create(CLOCK_MONOTONIC, &ev, &timer));
	CHECK(!timer_settime(timer, 0, &every, NULL));
	for (i = 0; i < 20000 || !handled; i++) {
		CHECK(!bulk_send(b, "x", 1, 0));
		CHECK(bulk_recv(b, buf, sizeof(buf), &tag, NULL) >= 0);
		tag ? fromhandler++ : plain++;
	}
	CHECK(!timer_delete(timer) && !bulk_flush(b));
	while (plain + fromhandler < i + handled) {
		CHECK(bulk_recv(b, buf, sizeof(buf), &tag, NULL) >= 0);
		tag ? fromhandler++ : plain++;
	}
	CHECK(plain == i && fromhandler == handled);
	bulk_close(b);
	return PASS;
}

static void *echo_answers(void *arg)
{
	char buf[8];

	return bulk_recv(b, buf, sizeof(buf), NULL, NULL) == 1 ? arg : NULL;
}

/* A receiver that sleeps is woken by a SEND that goes through the window. */
static enum result sleeper_is_woken(void)
{
	pthread_t thread;
	void *ret;
	int i;

	OPEN(0);
	for (i = 0; i < RECORDS; i++) {
		CHECK(!pthread_create(&thread, NULL, echo_answers, &i));
		usleep(1000);
		CHECK(!bulk_send(b, "x", 1, 0));
		CHECK(!pthread_join(thread, &ret) && ret == &i);
	}
	bulk_close(b);
	return PASS;
}

static enum result epoll_tells(unsigned int events)
{
	struct epoll_event ev = { .events = events };
	int i, epfd = epoll_create1(EPOLL_CLOEXEC);
	char buf[8];

	OPEN(O_NONBLOCK);
	CHECK(!epoll_ctl(epfd, EPOLL_CTL_ADD, bulk_fd(b), &ev));
	for (i = 0; i < RECORDS; i++) {
		CHECK(!bulk_send(b, "x", 1, i));
		CHECK(epoll_wait(epfd, &ev, 1, DEADLINE_MS) == 1);
		CHECK(ev.events == EPOLLIN);
		CHECK(bulk_recv(b, buf, sizeof(buf), NULL, NULL) == 1);
		CHECK(bulk_recv(b, buf, sizeof(buf), NULL, NULL) == -1);
		CHECK(errno == EAGAIN);
	}
	bulk_close(b);
	return PASS;
}

static enum result epoll_level_triggered(void)
{
	return epoll_tells(EPOLLIN);
}

static enum result epoll_edge_triggered(void)
{
	return epoll_tells(EPOLLIN | EPOLLET);
}

static const struct test tests[] = {
	{ "no_system_call", no_system_call },
	{ "size_is_brought_within_limits", size_is_brought_within_limits },
	{ "no_system_call_on_request", no_system_call_on_request },
	{ "batches", batches },
	{ "batch_waits_for_the_first_only", batch_waits_for_the_first_only },
	{ "batch_without_room", batch_without_room },
	{ "flush_means_taken", flush_means_taken },
	{ "close_hands_over", close_hands_over },
	{ "nonsense_is_ebadmsg", nonsense_is_ebadmsg },
	{ "forked_child_works", forked_child_works },
	{ "signal_handler_sends", signal_handler_sends },
	{ "sleeper_is_woken", sleeper_is_woken },
	{ "epoll_level_triggered", epoll_level_triggered },
	{ "epoll_edge_triggered", epoll_edge_triggered },
};

int main(void)
{
	return TAP_RUN(tests);
}
