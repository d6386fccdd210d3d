/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A window that a second thread spoils, and endpoints beside it that must not notice.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <pthread.h>

#include "liar.h"
#include "module.h"

#define LONGEST	2000	/* bytes of a record */

FIXTURE(fuzz)
{
	struct windowed w;
	struct windowed good; /* in the same process */
	int plain; /* an endpoint without a window */
	pid_t other; /* a process with an endpoint of its own */
	pthread_t liar;
	unsigned int stop;
	bool refuses; /* the channel, with any errno that a record asks for */
	__u64 told; /* lies */
	__u64 checks;
	__u64 windows; /* that were spoilt */
	__u64 word; /* of a sequence that looks random */
	__u64 results[3]; /* done, EAGAIN, other errors that may be */
	__u32 borrowed; /* bytes */
	char *buf;
};

FIXTURE_VARIANT(fuzz)
{
	const char *channel;
	const char *module; /* to be loaded, or NULL */
	const char *poller;
	const char *deadline;
};

FIXTURE_VARIANT_ADD(fuzz, echo) {
	.channel = "echo",
	.poller = "0",
	.deadline = "0",
};

FIXTURE_VARIANT_ADD(fuzz, sink) {
	.channel = "sink",
	.poller = "0",
	.deadline = "0",
};

FIXTURE_VARIANT_ADD(fuzz, source) {
	.channel = "source",
	.poller = "0",
	.deadline = "0",
};

/* Its records are copied out of the ring before it sees them. */
FIXTURE_VARIANT_ADD(fuzz, refuse) {
	.channel = "refuse",
	.module = "bulk_refuse",
	.poller = "0",
	.deadline = "0",
};

FIXTURE_VARIANT_ADD(fuzz, echo_poller) {
	.channel = "echo",
	.poller = "500",
	.deadline = "0",
};

/* The timer comes while the window is full of lies, and while there is none. */
FIXTURE_VARIANT_ADD(fuzz, echo_deadline) {
	.channel = "echo",
	.poller = "0",
	.deadline = "200",
};

static inline void set_channel(const char *channel, const char *attribute,
			       const char *us)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/bulk/%s/%s", channel,
		 attribute);
	write_text(path, us);
}

FIXTURE_SETUP(fuzz)
{
	int ret = variant->module ? load_module(variant->module, "") : 0;

	ret = ret ?: open_windowed(&self->w, variant->channel);
	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "no channel %s, or no vDSO", variant->channel);
	ASSERT_EQ(0, ret);
	/* A small window has its ends everywhere, and is soon there anew. */
	ASSERT_EQ(0, munmap(self->w.window, self->w.params.window_default));
	self->w.params.window_default = self->w.params.window_min;
	self->w.window = map_window(&self->w, self->w.params.window_default);
	ASSERT_NE(NULL, self->w.window);
	ASSERT_EQ(0, open_windowed(&self->good, "echo"));
	self->plain = open_channel("echo", O_RDWR);
	ASSERT_LE(0, self->plain);
	self->buf = calloc(1, LONGEST);
	self->word = getpid();
	self->refuses = variant->module;
	set_channel(variant->channel, "poller_idle_us", variant->poller);
	set_channel(variant->channel, "deadline_us", variant->deadline);
}

FIXTURE_TEARDOWN(fuzz)
{
	set_channel(variant->channel, "poller_idle_us", "0");
	set_channel(variant->channel, "deadline_us", "0");
	close_windowed(&self->w);
	close_windowed(&self->good);
	close(self->plain);
	if (variant->module)
		EXPECT_EQ(0, unload_module(variant->module));
}

/* The liar's thread must not find the window gone. */
static inline int renew(struct _test_data_fuzz *self)
{
	size_t size = self->w.params.window_default;
	void *old = self->w.window, *new;

	/* Anonymous memory first, in one step: it may lie to that. */
	if (mmap(old, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != old)
		return -errno;
	new = mmap(old, size, self->w.params.mmap_prot,
		   self->w.params.mmap_flags | MAP_FIXED, self->w.fd, 0);
	return new == old ? 0 : -errno;
}

#endif /* FUZZ_H */
