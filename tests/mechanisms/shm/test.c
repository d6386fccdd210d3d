// SPDX-License-Identifier: GPL-2.0
/*
 * Shared memory: between processes with named and unnamed semaphores; sizes, modes, bad calls.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "lab_test.h"

#define NAME	"/lab_shm_test"
#define SLOTS	8
#define RECORDS	1000

struct ring {
	sem_t records;
	sem_t slots;
	char slot[SLOTS][64];
};

FIXTURE(shm) { int fd; struct ring *ring; };

FIXTURE_SETUP(shm)
{
	shm_unlink(NAME);
	self->fd = shm_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, ftruncate(self->fd, sizeof(struct ring)));
	self->ring = mmap(NULL, sizeof(struct ring), PROT_READ | PROT_WRITE, MAP_SHARED,
			  self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->ring);
	lab_prepare(self->ring->slot, sizeof(self->ring->slot));
	ASSERT_EQ(0, sem_init(&self->ring->records, 1, 0));
	ASSERT_EQ(0, sem_init(&self->ring->slots, 1, SLOTS));
}

FIXTURE_TEARDOWN(shm)
{
	munmap(self->ring, sizeof(struct ring));
	close(self->fd);
	shm_unlink(NAME);
}

/* Maps the object by its name, at an address of its own. */
static void send_records(void)
{
	int fd = shm_open(NAME, O_RDWR, 0), i;
	struct ring *ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd < 0 || ring == MAP_FAILED)
		_exit(1);
	for (i = 0; i < RECORDS; i++) {
		if (sem_wait(&ring->slots))
			_exit(1);
		lab_produce(ring->slot[i % SLOTS], 64, i);
		sem_post(&ring->records);
	}
	_exit(0);
}

TEST_F(shm, between_processes)
{
	struct ring *ring = self->ring;
	pid_t pid = fork();
	int i, status;

	if (!pid)
		send_records();
	for (i = 0; i < RECORDS; i++) {
		ASSERT_EQ(0, sem_wait(&ring->records));
		ASSERT_TRUE(lab_is_record(ring->slot[i % SLOTS], 64, i));
		sem_post(&ring->slots);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Who waits for a slot is the sender: nothing is lost. */
TEST_F(shm, full_ring_refuses)
{
	struct timespec past = { 0 };
	int i;

	for (i = 0; i < SLOTS; i++)
		ASSERT_EQ(0, sem_trywait(&self->ring->slots));
	EXPECT_EQ(-1, sem_trywait(&self->ring->slots));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-1, sem_timedwait(&self->ring->slots, &past));
	EXPECT_EQ(ETIMEDOUT, errno);
	sem_post(&self->ring->slots);
	EXPECT_EQ(0, sem_trywait(&self->ring->slots));
}

/* A sender that dies with a slot in its hands, a record half made. */
static void die_with_a_slot(struct ring *ring)
{
	if (sem_wait(&ring->slots))
		_exit(1);
	lab_produce(ring->slot[0], 64, 1);
	memset(ring->slot[0] + 8, 0, 8);
	kill(getpid(), SIGKILL);
}

/* A semaphore has no owner: the slot is gone for good, and who waits learns nothing. */
TEST_F(shm, death_is_not_told)
{
	struct timespec soon;
	int status, slots;
	pid_t pid = fork();

	if (!pid)
		die_with_a_slot(self->ring);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(0, clock_gettime(CLOCK_REALTIME, &soon));
	soon.tv_sec++;
	EXPECT_EQ(-1, sem_timedwait(&self->ring->records, &soon));
	EXPECT_EQ(ETIMEDOUT, errno);
	for (slots = 0; !sem_trywait(&self->ring->slots); slots++)
		;
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(SLOTS - 1, slots);
	EXPECT_EQ(1, lab_seq(self->ring->slot[0]));
	EXPECT_FALSE(lab_is_record(self->ring->slot[0], 64, 1));
}

TEST_F(shm, named_semaphore)
{
	sem_t *sem, *same;

	sem_unlink(NAME);
	sem = sem_open(NAME, O_CREAT | O_EXCL, 0600, 0);
	ASSERT_NE(SEM_FAILED, sem);
	EXPECT_EQ(SEM_FAILED, sem_open(NAME, O_CREAT | O_EXCL, 0600, 0));
	EXPECT_EQ(EEXIST, errno);
	same = sem_open(NAME, 0);
	ASSERT_EQ(0, sem_post(same));
	EXPECT_EQ(0, sem_trywait(sem));
	EXPECT_EQ(-1, sem_trywait(sem));
	sem_close(sem);
	sem_close(same);
	ASSERT_EQ(0, sem_unlink(NAME));
	EXPECT_EQ(SEM_FAILED, sem_open(NAME, 0));
	EXPECT_EQ(ENOENT, errno);
}

/* What lies behind the end of the object can be mapped, not touched. */
TEST_F(shm, end_of_the_object)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		char *more = mmap(NULL, 8 * 4096, PROT_READ, MAP_SHARED, self->fd, 0);

		_exit(more[7 * 4096]);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGBUS, WTERMSIG(status));
	ASSERT_EQ(0, ftruncate(self->fd, 8 * 4096));
	EXPECT_EQ(1, pwrite(self->fd, "x", 1, 7 * 4096));
}

TEST_F(shm, mode_decides)
{
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-1, shm_open(NAME, O_RDONLY, 0));
	EXPECT_EQ(EACCES, errno);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, fchmod(self->fd, 0644));
	ASSERT_EQ(0, seteuid(65534));
	close(self->fd);
	self->fd = shm_open(NAME, O_RDONLY, 0);
	EXPECT_GE(self->fd, 0);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(EACCES, errno);
	ASSERT_EQ(0, seteuid(0));
}

TEST_F(shm, outlives_its_users)
{
	int fd;

	strcpy(self->ring->slot[0], "still here");
	munmap(self->ring, sizeof(struct ring));
	close(self->fd);
	self->fd = shm_open(NAME, O_RDWR, 0);
	ASSERT_GE(self->fd, 0);
	self->ring = mmap(NULL, sizeof(struct ring), PROT_READ, MAP_SHARED, self->fd, 0);
	EXPECT_STREQ("still here", self->ring->slot[0]);
	ASSERT_EQ(0, shm_unlink(NAME));
	fd = shm_open(NAME, O_RDWR, 0);
	EXPECT_EQ(-1, fd);
	EXPECT_EQ(ENOENT, errno);
}

TEST(bad_calls)
{
	sem_t sem;

	EXPECT_EQ(-1, shm_open("/a/b", O_RDWR | O_CREAT, 0600));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, sem_init(&sem, 1, ~0U));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, sem_init(&sem, 1, INT_MAX));
	EXPECT_EQ(-1, sem_post(&sem));
	EXPECT_EQ(EOVERFLOW, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 0, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_HARNESS_MAIN
