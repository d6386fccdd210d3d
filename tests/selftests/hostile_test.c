// SPDX-License-Identifier: GPL-2.0
/*
 * Callers that stall on their own memory, or change it while it is used.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include "bulk_test.h"

#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "module.h"

/* A page that a userfaultfd is to serve and never does; NULL without one. */
static char *stalling_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int uffd = syscall(__NR_userfaultfd, O_CLOEXEC);
	char *page = map_pages(1);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		return NULL;
	reg.range.start = (unsigned long)page;
	reg.range.len = getpagesize();
	return ioctl(uffd, UFFDIO_REGISTER, &reg) ? NULL : page;
}

/*
 * A child that stalls in a call of its own and shares the endpoint @fd.
 *
 * It sleeps in the page fault, which looks like any sleep in the call.
 */
static pid_t start_stalled(int fd, int op, unsigned int flags)
{
	pid_t pid = fork();
	struct bulk_seg seg;
	char *page;

	if (!pid) {
		page = stalling_page();
		if (!page)
			_exit(KSFT_SKIP);
		seg = op == BULK_OP_SEND ? seg_send(page, 100, 66)
					 : seg_recv(page, 100);
		seg.flags = flags;
		bulk_xfer(fd, &seg, 1, 0);
		_exit(KSFT_FAIL);
	}
	return pid;
}

/* Whether the child stalls; it ends by itself, with @status, when it cannot. */
static bool is_stalled(pid_t pid, int *status)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	while (!waitpid(pid, status, WNOHANG)) {
		read_text(path, text, sizeof(text));
		if (strtol(text, NULL, 10) == __NR_bulk_xfer)
			return true;
		usleep(1000);
	}
	return false;
}

FIXTURE(stall) {
	int fd;
	pid_t pid;
	char buf[128];
};

FIXTURE_VARIANT(stall) {
	int op;
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(stall, send) { .op = BULK_OP_SEND, };
FIXTURE_VARIANT_ADD(stall, recv) { .op = BULK_OP_RECV, };
FIXTURE_VARIANT_ADD(stall, pin) { .op = BULK_OP_SEND, .flags = BULK_SEG_PIN, };

FIXTURE_SETUP(stall)
{
	int status;

	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, bulk_send(self->fd, "waits", 6, 1));
	self->pid = start_stalled(self->fd, variant->op, variant->flags);
	if (is_stalled(self->pid, &status))
		return;
	ASSERT_EQ(KSFT_SKIP, WEXITSTATUS(status));
	SKIP(return, "no userfaultfd");
}

static void end_stalled(struct __test_metadata *_metadata,
			struct _test_data_stall *self)
{
	int status;

	kill(self->pid, SIGKILL);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
	self->pid = 0;
}

FIXTURE_TEARDOWN(stall)
{
	if (self->pid)
		end_stalled(_metadata, self);
	close(self->fd);
}

TEST_F(stall, same_endpoint_goes_on)
{
	__u64 tag, i;

	EXPECT_EQ(6, bulk_recv(self->fd, self->buf, 100, &tag));
	EXPECT_EQ(1, tag);
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, bulk_send(self->fd, "on", 3, i));
		ASSERT_EQ(3, bulk_recv(self->fd, self->buf, 100, &tag));
		ASSERT_EQ(i, tag);
	}
}

TEST_F(stall, other_endpoint_goes_on)
{
	int other = open_channel("echo", O_RDWR);

	ASSERT_LE(0, other);
	EXPECT_EQ(0, bulk_send(other, "on", 3, 0));
	EXPECT_EQ(3, bulk_recv(other, self->buf, 100, NULL));
	close(other);
}

/* The figures, which need locks, can be read. */
TEST_F(stall, figures_can_be_read)
{
	char text[64];

	EXPECT_EQ(1, figure(self->fd, "tx-records"));
	EXPECT_NE(0, read_text("/sys/class/bulk/echo/tx_records", text,
			       sizeof(text)));
}

TEST_F(stall, killed_caller_moved_nothing)
{
	end_stalled(_metadata, self);
	EXPECT_EQ(1, figure(self->fd, "tx-records"));
	EXPECT_EQ(0, figure(self->fd, "rx-records"));
	EXPECT_EQ(6, bulk_recv(self->fd, self->buf, 100, NULL));
	EXPECT_STREQ("waits", self->buf);
	EXPECT_EQ(-EAGAIN, bulk_recv(self->fd, self->buf, 100, NULL));
}

TEST_F(stall, module_can_be_unloaded)
{
	int ret = unload_module("bulk_echo");

	if (ret == -ENOENT)
		SKIP(return, "echo is no module");
	ASSERT_EQ(0, ret);
	EXPECT_EQ(-ENODEV, bulk_send(self->fd, "x", 1, 1));
	end_stalled(_metadata, self);
	EXPECT_EQ(0, load_module("bulk_echo", ""));
}

/* Memory that a second thread changes all the while. */
struct victim {
	int memfd;
	char *map; /* one page of segments, then buffers */
	char *same; /* the same memory where nobody unmaps it */
	size_t size;
	unsigned int stop;
};

#define VICTIM_PAGES	9
#define VICTIM_LENGTH	30000	/* a random record's, at most */
#define VICTIM_GUARD	65536
#define VICTIM_ROUNDS	3000

#define STORE(where, what) __atomic_store_n(&(where), what, __ATOMIC_RELAXED)

static unsigned int random_below(__u64 *state, unsigned int n)
{
	return bulk_source_word(77, ++*state) % n;
}

/* Whatever is unmapped comes back, so that many calls get somewhere. */
static void restore(struct victim *v)
{
	mmap(v->map, v->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
	     v->memfd, 0);
}

static void change_pages(struct victim *v, __u64 *state)
{
	size_t page = getpagesize();
	char *at = v->map + random_below(state, VICTIM_PAGES) * page;

	switch (random_below(state, 6)) {
	case 0:
		mprotect(at, page, PROT_NONE);
		break;
	case 1:
		mprotect(at, page, PROT_READ);
		break;
	case 2:
		munmap(at, page);
		break;
	case 3:
		madvise(at, page, MADV_DONTNEED);
		break;
	default:
		restore(v);
	}
}

static void *page_changer(void *arg)
{
	struct victim *v = arg;
	__u64 state = 1ULL << 40;

	while (!__atomic_load_n(&v->stop, __ATOMIC_RELAXED))
		change_pages(v, &state);
	return NULL;
}

/* Writes the fields of the segments that the other thread's calls use. */
static void *field_changer(void *arg)
{
	struct victim *v = arg;
	struct bulk_seg *segs = (struct bulk_seg *)v->map;
	__u64 state = 1ULL << 41;
	unsigned int i;

	while (!__atomic_load_n(&v->stop, __ATOMIC_RELAXED)) {
		i = random_below(&state, 4);
		STORE(segs[i].len, random_below(&state, VICTIM_LENGTH));
		STORE(segs[i].addr, (unsigned long)v->map +
		      random_below(&state, VICTIM_PAGES * 4096));
		STORE(segs[i].op, random_below(&state, 8));
		STORE(segs[i].flags, random_below(&state, 10) ? 0 :
		      1U << random_below(&state, 4));
	}
	return NULL;
}

static bool documented(long ret)
{
	switch (ret) {
	case 0 ... 4:
	case -EAGAIN:
	case -EFAULT:
	case -EINVAL:
	case -EMSGSIZE:
	case -EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

static void make_victim(struct __test_metadata *_metadata, struct victim *v)
{
	v->size = VICTIM_PAGES * getpagesize();
	v->memfd = memfd_create("victim", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(v->memfd, v->size));
	/* A record may well go beyond the end: nothing else may be there. */
	v->map = mmap(NULL, v->size + VICTIM_GUARD, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	restore(v);
	v->same = mmap(NULL, v->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       v->memfd, 0);
	ASSERT_NE(MAP_FAILED, v->map);
	ASSERT_NE(MAP_FAILED, v->same);
}

FIXTURE(race) {
	int fd;
	struct victim victim;
	char *room;
};

FIXTURE_SETUP(race)
{
	self->fd = open_channel("echo", O_RDWR);
	if (self->fd == -ENOENT)
		SKIP(return, "no /dev/bulk/echo");
	ASSERT_LE(0, self->fd);
	make_victim(_metadata, &self->victim);
	self->room = malloc(MAX_RECORD);
}

/* The endpoint still works, and its figures add up. */
FIXTURE_TEARDOWN(race)
{
	__u64 tag = 0;

	while (bulk_recv(self->fd, self->room, MAX_RECORD, NULL) >= 0)
		;
	EXPECT_EQ(figure(self->fd, "tx-records"),
		  figure(self->fd, "rx-records"));
	EXPECT_EQ(figure(self->fd, "tx-bytes"), figure(self->fd, "rx-bytes"));
	EXPECT_EQ(0, figure(self->fd, "rx-queued-bytes"));
	EXPECT_EQ(0, bulk_send(self->fd, "works", 6, 4));
	EXPECT_EQ(6, bulk_recv(self->fd, self->room, 6, &tag));
	EXPECT_EQ(4, tag);
	close(self->fd);
}

static void prepare(struct victim *v, struct bulk_seg *segs, unsigned int i)
{
	size_t size = v->size - 4096;

	segs[0] = seg_send(v->map + 4096, i % size, i);
	segs[1] = seg_recv(v->map + 4096, size);
	segs[2] = seg_send(v->map + 4096 + i % 4096, 4096, i);
	segs[2].flags = i % 2 ? BULK_SEG_PIN : 0;
	segs[3] = seg_recv(v->map + 8192 - i % 4096, size / 2);
}

/*
 * Call again and again, and until something has moved: on one CPU, the other
 * thread may leave nothing that could for as long as it doesn't run.
 * @prepared segments are written anew before each.
 */
static void call_often(struct __test_metadata *_metadata,
		       struct _test_data_race *self, struct bulk_seg *segs,
		       struct bulk_seg *prepared)
{
	unsigned int i, moved = 0;
	long ret;

	for (i = 0; i < VICTIM_ROUNDS || !moved; i++) {
		if (prepared)
			prepare(&self->victim, prepared, i);
		ret = bulk_xfer(self->fd, segs, 4, BULK_DONTWAIT);
		ASSERT_TRUE(documented(ret))
			TH_LOG("round %u returned %ld", i, ret);
		moved += ret > 0 ? ret : 0;
	}
}

TEST_F(race, buffers_come_and_go)
{
	struct bulk_seg segs[4];
	pthread_t thread;

	pthread_create(&thread, NULL, page_changer, &self->victim);
	call_often(_metadata, self, segs, segs);
	STORE(self->victim.stop, 1);
	pthread_join(thread, NULL);
}

TEST_F(race, segments_come_and_go)
{
	pthread_t thread;

	pthread_create(&thread, NULL, page_changer, &self->victim);
	call_often(_metadata, self, (struct bulk_seg *)self->victim.map,
		   (struct bulk_seg *)self->victim.same);
	STORE(self->victim.stop, 1);
	pthread_join(thread, NULL);
}

TEST_F(race, segments_change)
{
	struct bulk_seg *segs = (struct bulk_seg *)self->victim.map;
	pthread_t thread;

	pthread_create(&thread, NULL, field_changer, &self->victim);
	call_often(_metadata, self, segs, segs);
	call_often(_metadata, self, segs, NULL);
	STORE(self->victim.stop, 1);
	pthread_join(thread, NULL);
}

TEST_HARNESS_MAIN
