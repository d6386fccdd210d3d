// SPDX-License-Identifier: GPL-2.0
/*
 * Shared memory with semaphores between two programs: a ring of records, made and read in place.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: the sender. Direction: u2u. Synchronous: no, the ring holds a batch.
 * Loss: none, without a free slot the sender waits; nothing protects one side
 * from the other, who may write anywhere at any time, or die in the midst.
 * Unit: what the memory holds. Privilege: mode of the object in /dev/shm.
 * Choose it for much data between programs that trust each other.
 *
 * The kernel takes part only when somebody must wait: a semaphore that is
 * free is an atomic operation.
 */
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "die.h"
#include "mechanism.h"

#define SHM_NAME	"/lab_shm"
#define HEAD_BYTES	4096

/**
 * struct head - first page of the shared memory
 * @records: that are there to be read
 * @slots: that are free
 */
struct head {
	sem_t records;
	sem_t slots;
};

/**
 * struct shm - one transfer
 * @head: shared
 * @ring: shared, as many slots as a batch has records
 * @len: of all
 * @received: records so far
 */
struct shm {
	struct head *head;
	uint8_t *ring;
	size_t len;
	uint64_t received;
};

static void *map_object(size_t len)
{
	int fd = shm_open(SHM_NAME, O_RDWR | O_CREAT | O_EXCL, 0600);
	void *ptr;

	if (fd < 0 || ftruncate(fd, len))
		die("shm: %s", strerror(errno));
	ptr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ptr == MAP_FAILED)
		die("shm: mmap: %s", strerror(errno));
	close(fd);
	shm_unlink(SHM_NAME);
	return ptr;
}

static void open_shm(struct transfer *t)
{
	struct shm *s = calloc(1, sizeof(*s));

	if (!s)
		die("no memory");
	s->len = HEAD_BYTES + (size_t)t->batch * t->bytes;
	s->head = map_object(s->len);
	s->ring = (uint8_t *)s->head + HEAD_BYTES;
	lab_prepare(s->ring, (size_t)t->batch * t->bytes);
	if (sem_init(&s->head->records, 1, 0) || sem_init(&s->head->slots, 1, t->batch))
		die("shm: semaphore: %s", strerror(errno));
	t->priv = s;
}

static void close_shm(struct transfer *t)
{
	struct shm *s = t->priv;

	munmap(s->head, s->len);
	free(s);
}

static uint8_t *slot(const struct transfer *t, uint64_t seq)
{
	return ((struct shm *)t->priv)->ring + seq % t->batch * t->bytes;
}

static void put(struct transfer *t, uint64_t seq)
{
	struct shm *s = t->priv;

	lab_produce(slot(t, seq), t->bytes, seq);
	sem_post(&s->head->records);
}

static void take(struct transfer *t)
{
	struct shm *s = t->priv;

	lab_consume(t, slot(t, s->received++), t->bytes);
	sem_post(&s->head->slots);
}

static void send_shm(struct transfer *t, uint64_t count)
{
	struct shm *s = t->priv;
	uint64_t n;

	for (n = t->next; n < t->next + count; n++) {
		if (sem_wait(&s->head->slots))
			die("shm: wait: %s", strerror(errno));
		put(t, n);
	}
}

static void recv_shm(struct transfer *t, uint64_t count)
{
	struct shm *s = t->priv;
	uint64_t n;

	for (n = 0; n < count; n++) {
		if (sem_wait(&s->head->records))
			die("shm: wait: %s", strerror(errno));
		take(t);
	}
}

static uint64_t offer(struct transfer *t, uint64_t count)
{
	struct shm *s = t->priv;
	uint64_t n;

	for (n = 0; n < count && !sem_trywait(&s->head->slots); n++)
		put(t, t->next + n);
	return n;
}

static uint64_t drain(struct transfer *t, uint64_t count)
{
	struct shm *s = t->priv;
	uint64_t n;

	for (n = 0; n < count && !sem_trywait(&s->head->records); n++)
		take(t);
	return n;
}

static const struct about about = {
	.starts = "the sender",
	.synchronous = "no",
	.loss = "none",
	.backpressure = "the sender waits for a slot",
	.notification = "semaphore",
	.unit = "any",
	.privilege = "mode of the object; both sides must trust each other",
	.abi = "POSIX, own layout",
	.use = "much data between programs that trust each other",
};

static const struct mechanism shm = {
	.name = "shm", .dir = U2U, .about = &about, .batch = MAX_BATCH, .copies = 0,
	.open = open_shm, .close = close_shm, .send = send_shm, .recv = recv_shm,
	.blocks = true, .offer = offer, .drain = drain,
};

const struct mechanism *const mechanisms[] = { &shm, NULL };
