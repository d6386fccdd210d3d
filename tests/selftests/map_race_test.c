// SPDX-License-Identifier: GPL-2.0
/*
 * Page rooms that come and go while records are received there, and sent from there.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "pages.h"

#include <sched.h>

#define LEN	(IN_PAGES + 100)	/* of a record, and so five pages */
#define ROOM	(8 * PAGE)

FIXTURE(crowd)
{
	int fd;
	char *room;
	char *elsewhere;	/* where it may be moved */
	__u32 records;		/* to be sent */
	unsigned char *seen;	/* how often each was received */
	__u32 received;
	int wrong;		/* a thread has found something strange */
};

FIXTURE_SETUP(crowd)
{
	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
	self->room = map_room(self->fd, ROOM);
	ASSERT_NE(NULL, self->room);
	self->elsewhere = map_pages(ROOM / PAGE);
	ASSERT_NE(MAP_FAILED, self->elsewhere);
	self->records = rounds(20000, 1000, 200);
	self->seen = calloc(self->records, 1);
}

FIXTURE_TEARDOWN(crowd)
{
	close(self->fd);
	free(self->seen);
}

/* A thread of the crowd, and what it found wrong. */
struct member {
	struct _test_data_crowd *crowd;
	pthread_t thread;
	long strange;	/* the first result that is not to be expected */
	__u64 next;	/* no record before this one can come any more */
	__u32 got;
	__u32 most;	/* that it is to get */
	__u32 spoiled;	/* records with other bytes than they should have */
};

static void start(struct member *m, struct _test_data_crowd *crowd,
		  void *(*body)(void *), __u32 most)
{
	*m = (struct member){ .crowd = crowd, .most = most };
	pthread_create(&m->thread, NULL, body, m);
}

static void note_strange(struct member *m, long ret)
{
	if (!m->strange)
		m->strange = ret;
	__atomic_store_n(&m->crowd->wrong, 1, __ATOMIC_RELAXED);
}

static bool is_over(struct _test_data_crowd *crowd)
{
	return __atomic_load_n(&crowd->received, __ATOMIC_ACQUIRE) >=
	       crowd->records ||
	       __atomic_load_n(&crowd->wrong, __ATOMIC_RELAXED);
}

static void note_received(struct member *m, const struct bulk_seg *seg)
{
	struct _test_data_crowd *crowd = m->crowd;

	if (seg->res != LEN || seg->lost || seg->tag < m->next ||
	    seg->tag >= crowd->records)
		return note_strange(m, seg->tag);
	m->next = seg->tag + 1;
	m->got++;
	__atomic_add_fetch(&crowd->seen[seg->tag], 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&crowd->received, 1, __ATOMIC_RELEASE);
}

static void *sender(void *arg)
{
	struct member *m = arg;
	char *buf = malloc(LEN);
	struct bulk_seg seg;
	long ret;

	while (m->got < m->crowd->records && !is_over(m->crowd)) {
		fill(buf, LEN, m->got);
		seg = seg_pin(buf, LEN, m->got);
		ret = bulk_xfer(m->crowd->fd, &seg, 1, BULK_DONTWAIT);
		if (ret == 1)
			m->got++;
		else if (ret == -EAGAIN)
			sched_yield();
		else
			note_strange(m, ret);
	}
	free(buf);
	return NULL;
}

/* The room may be gone before a byte is looked at: a file's write(2) says so. */
static void check_room(struct member *m, int file, __u64 tag)
{
	static char copy[LEN];
	ssize_t n = pwrite(file, m->crowd->room, LEN, 0);

	if (n != LEN)
		return;
	if (pread(file, copy, LEN, 0) != LEN || filled(copy, LEN, tag) != LEN)
		m->spoiled++;
}

/* None of two receivers gets all. */
static bool has_enough(const struct member *m)
{
	return m->got >= m->most;
}

static void *mapper(void *arg)
{
	struct member *m = arg;
	int file = memfd_create("room", MFD_CLOEXEC);
	struct bulk_seg seg;
	long ret;

	while (!is_over(m->crowd)) {
		seg = seg_map(m->crowd->room, LEN);
		ret = has_enough(m) ? -EAGAIN :
		      bulk_xfer(m->crowd->fd, &seg, 1, BULK_DONTWAIT);
		if (ret == 1) {
			note_received(m, &seg);
			check_room(m, file, seg.tag);
		} else if (ret == -EAGAIN || ret == -EINVAL) {
			sched_yield();
		} else {
			note_strange(m, ret);
		}
	}
	close(file);
	return NULL;
}

static void *copier(void *arg)
{
	struct member *m = arg;
	char *buf = malloc(LEN);
	struct bulk_seg seg;
	long ret;

	while (!is_over(m->crowd)) {
		seg = seg_recv(buf, LEN);
		ret = has_enough(m) ? -EAGAIN :
		      bulk_xfer(m->crowd->fd, &seg, 1, BULK_DONTWAIT);
		if (ret == 1) {
			note_received(m, &seg);
			m->spoiled += filled(buf, LEN, seg.tag) != LEN;
		} else if (ret != -EAGAIN) {
			note_strange(m, ret);
		}
		/* The others have their turn, also on one processor. */
		sched_yield();
	}
	free(buf);
	return NULL;
}

/* Takes the room away in one way or another, and puts it back. */
static void change_room(struct member *m, __u64 n)
{
	char *room = m->crowd->room, *elsewhere = m->crowd->elsewhere;
	void *at = room;

	switch (bulk_source_word(5, n) % 4) {
	case 0:
		at = mmap(room, ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			  MAP_FIXED, -1, 0);
		break;
	case 1:
		at = madvise(room, ROOM, MADV_DONTNEED) ? MAP_FAILED : room;
		break;
	case 2:
		at = mremap(room, ROOM, ROOM, MREMAP_MAYMOVE | MREMAP_FIXED,
			    elsewhere);
		break;
	}
	if (at == MAP_FAILED)
		note_strange(m, -errno);
	at = mmap(room, ROOM, PROT_READ, MAP_SHARED | MAP_FIXED, m->crowd->fd,
		  BULK_OFF_PAGES);
	if (at != room)
		note_strange(m, -errno);
	m->got++;
}

static void *changer(void *arg)
{
	struct member *m = arg;

	do {
		change_room(m, m->got);
		usleep(bulk_source_word(6, m->got) % 200);
	} while (!is_over(m->crowd));
	return NULL;
}

static void join(struct __test_metadata *_metadata, struct member *m)
{
	pthread_join(m->thread, NULL);
	EXPECT_EQ(0, m->strange);
	EXPECT_EQ(0, m->spoiled);
}

/* Every record comes to one of the receivers, once, and to each in order. */
TEST_F(crowd, of_receivers)
{
	void *(*bodies[])(void *) = { sender, mapper, copier, changer };
	struct member members[ARRAY_SIZE(bodies)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bodies); i++)
		start(&members[i], self, bodies[i], self->records / 4 * 3);
	for (i = 0; i < ARRAY_SIZE(bodies); i++)
		join(_metadata, &members[i]);
	EXPECT_EQ(self->records, members[1].got + members[2].got);
	EXPECT_EQ(self->records, self->received);
	for (i = 0; i < self->records; i++)
		ASSERT_EQ(1, self->seen[i]);
	EXPECT_EQ(-EAGAIN, bulk_map(self->fd, self->room, ROOM, NULL));
	TH_LOG("%u mapped, %u copied, %u rooms", members[1].got,
	       members[2].got, members[3].got);
}

/* Sends from the room while another thread receives there, and once after that. */
static void *room_sender(void *arg)
{
	struct member *m = arg;
	struct bulk_sink_totals totals;
	struct bulk_seg seg;
	int fd = open_channel("sink", O_RDWR);
	long ret;

	do {
		seg = seg_pin(m->crowd->room, LEN, 0);
		ret = bulk_xfer(fd, &seg, 1, 0);
		if (ret == 1)
			m->got++;
		else if (ret != -EFAULT)
			note_strange(m, ret);
		sched_yield();
	} while (!is_over(m->crowd) || (!m->got && !m->crowd->wrong));
	if (bulk_recv(fd, &totals, sizeof(totals), NULL) != sizeof(totals) ||
	    totals.records != m->got)
		note_strange(m, -EPROTO);
	close(fd);
	return NULL;
}

TEST_F(crowd, of_senders_from_the_room)
{
	void *(*bodies[])(void *) = { sender, mapper, room_sender };
	struct member members[ARRAY_SIZE(bodies)];
	unsigned int i;

	if (access("/dev/bulk/sink", F_OK))
		SKIP(return, "no /dev/bulk/sink");
	self->records /= 4;
	for (i = 0; i < ARRAY_SIZE(bodies); i++)
		start(&members[i], self, bodies[i], self->records);
	for (i = 0; i < ARRAY_SIZE(bodies); i++)
		join(_metadata, &members[i]);
	EXPECT_EQ(self->records, members[1].got);
	for (i = 0; i < self->records; i++)
		ASSERT_EQ(1, self->seen[i]);
}

TEST_HARNESS_MAIN
