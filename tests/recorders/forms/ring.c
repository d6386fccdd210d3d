// SPDX-License-Identifier: GPL-2.0
/*
 * The self-built buffer of the surveys: one ring, which its reader copies from.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * It is a stream of bytes: a read may end within a record. Writers take turns,
 * and one reader at a time is beside them. Whoever has opened a file of it keeps
 * it, also when its recording has ended.
 */
#include <linux/bitops.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "log.h"

/**
 * struct log_ring - the ring
 * @ref: the recording's, and one for each open file
 * @reading: bit 0: somebody reads
 * @ended: nothing more comes
 * @readers: who waits
 * @lock: of writers
 * @size: bytes, a power of two
 * @head: bytes written
 * @tail: bytes read
 * @data: byte number n is at n % @size
 */
struct log_ring {
	struct kref ref;
	unsigned long reading;
	bool ended;
	wait_queue_head_t readers;
	raw_spinlock_t lock;
	size_t size;
	u64 head;
	u64 tail;
	u8 *data;
};

static DEFINE_MUTEX(ring_lock);		/* of changes of log_ring */
static struct log_ring *log_ring;	/* of the recording */

static void ring_free(struct kref *ref)
{
	struct log_ring *ring = container_of(ref, struct log_ring, ref);

	vfree(ring->data);
	kfree(ring);
}

/* The recording's ring, or NULL. */
struct log_ring *log_ring_get(void)
{
	guard(mutex)(&ring_lock);
	if (log_ring)
		kref_get(&log_ring->ref);
	return log_ring;
}

void log_ring_put(struct log_ring *ring)
{
	kref_put(&ring->ref, ring_free);
}

static struct log_ring *ring_new(size_t bytes)
{
	struct log_ring *ring = kzalloc(sizeof(*ring), GFP_KERNEL);

	if (!ring)
		return NULL;
	ring->data = vzalloc(bytes);
	if (!ring->data) {
		kfree(ring);
		return NULL;
	}
	kref_init(&ring->ref);
	init_waitqueue_head(&ring->readers);
	raw_spin_lock_init(&ring->lock);
	ring->size = bytes;
	return ring;
}

static int ring_start(size_t bytes)
{
	struct log_ring *ring = ring_new(bytes);

	if (!ring)
		return -ENOMEM;
	guard(mutex)(&ring_lock);
	log_ring = ring;
	return 0;
}

static void ring_stop(void)
{
	struct log_ring *ring = log_ring;

	scoped_guard(mutex, &ring_lock)
		log_ring = NULL;
	WRITE_ONCE(ring->ended, true);
	wake_up_all(&ring->readers);
	log_ring_put(ring);
}

/* A record may go on at the ring's begin. */
static void ring_append(struct log_ring *ring, const void *from, size_t len)
{
	size_t at = ring->head & (ring->size - 1);
	size_t first = min(len, ring->size - at);

	memcpy(ring->data + at, from, first);
	memcpy(ring->data, from + first, len - first);
	/* Pairs with the reader's acquire: the record before its count. */
	smp_store_release(&ring->head, ring->head + len);
}

static bool ring_write(const void *record, size_t len)
{
	struct log_ring *ring = log_ring;
	bool fits;

	raw_spin_lock(&ring->lock);
	/* Pairs with the reader's release: read before it is written again. */
	fits = len <= ring->size - (ring->head - smp_load_acquire(&ring->tail));
	if (fits)
		ring_append(ring, record, len);
	raw_spin_unlock(&ring->lock);
	if (wq_has_sleeper(&ring->readers))
		wake_up_interruptible(&ring->readers);
	return fits;
}

const struct log_sort log_ring_sort = {
	.start = ring_start,
	.write = ring_write,
	.stop = ring_stop,
};

static size_t ring_ready(const struct log_ring *ring)
{
	/* Pairs with the writer's release. */
	return smp_load_acquire(&ring->head) - ring->tail;
}

static void ring_taken(struct log_ring *ring, size_t len)
{
	/* Pairs with the writer's acquire. */
	smp_store_release(&ring->tail, ring->tail + len);
}

/* Bytes that wait; 0 at the end; or an errno. */
static ssize_t ring_wait(struct log_ring *ring, bool nowait)
{
	size_t ready;

	while (!(ready = ring_ready(ring))) {
		if (READ_ONCE(ring->ended))
			return ring_ready(ring);
		if (nowait)
			return -EAGAIN;
		if (wait_event_interruptible(ring->readers,
					     ring_ready(ring) || READ_ONCE(ring->ended)))
			return -ERESTARTSYS;
	}
	return ready;
}

static ssize_t ring_copy(struct log_ring *ring, char __user *buf, size_t len, bool nowait)
{
	ssize_t ready = ring_wait(ring, nowait);
	size_t at = ring->tail & (ring->size - 1), first;

	if (ready <= 0)
		return ready;
	len = min_t(size_t, len, ready);
	first = min(len, ring->size - at);
	if (copy_to_user(buf, ring->data + at, first) ||
	    copy_to_user(buf + first, ring->data, len - first))
		return -EFAULT;
	ring_taken(ring, len);
	return len;
}

/* The next record, without taking it. */
static void ring_peek(const struct log_ring *ring, void *to, size_t len)
{
	size_t at = ring->tail & (ring->size - 1);
	size_t first = min(len, ring->size - at);

	memcpy(to, ring->data + at, first);
	memcpy(to + first, ring->data, len - first);
}

static ssize_t ring_copy_line(struct log_ring *ring, char __user *buf, size_t len)
{
	union log_any record;
	char line[LOG_LINE];
	size_t room;

	ring_peek(ring, &record, sizeof(record.head));
	ring_peek(ring, &record, log_length(&record.head));
	room = log_text(line, &record);
	if (room > len)
		return -EMSGSIZE;
	if (copy_to_user(buf, line, room))
		return -EFAULT;
	ring_taken(ring, log_length(&record.head));
	return room;
}

/* Reads of records that came before must have ended with a whole one. */
static ssize_t ring_copy_text(struct log_ring *ring, char __user *buf, size_t len, bool nowait)
{
	ssize_t ret = ring_wait(ring, nowait);
	size_t done = 0;

	if (ret <= 0)
		return ret;
	do {
		ret = ring_copy_line(ring, buf + done, len - done);
		if (ret < 0)
			return done ?: ret;
		done += ret;
	} while (ring_ready(ring));
	return done;
}

static ssize_t ring_read(struct log_ring *ring, char __user *buf, size_t len, bool nowait,
			 ssize_t (*copy)(struct log_ring *, char __user *, size_t, bool))
{
	ssize_t ret;

	if (test_and_set_bit_lock(0, &ring->reading))
		return -EBUSY;
	ret = copy(ring, buf, len, nowait);
	clear_bit_unlock(0, &ring->reading);
	return ret;
}

/**
 * log_ring_read() - take what waits
 * @ring: the ring
 * @buf: where to
 * @len: bytes there
 * @nowait: don't wait for something
 *
 * Context: may sleep.
 * Return: bytes; 0: the recording has ended, and nothing is
 * left; -EAGAIN; -ERESTARTSYS; -EBUSY: somebody else reads; -EFAULT: and
 * nothing was taken.
 */
ssize_t log_ring_read(struct log_ring *ring, char __user *buf, size_t len, bool nowait)
{
	return ring_read(ring, buf, len, nowait, ring_copy);
}

/* Likewise, a line for each record; -EMSGSIZE: no room for a line. */
ssize_t log_ring_read_text(struct log_ring *ring, char __user *buf, size_t len, bool nowait)
{
	return ring_read(ring, buf, len, nowait, ring_copy_text);
}

__poll_t log_ring_poll(struct log_ring *ring, struct file *file, poll_table *wait)
{
	poll_wait(file, &ring->readers, wait);
	return ring_ready(ring) || READ_ONCE(ring->ended) ? EPOLLIN | EPOLLRDNORM : 0;
}

/* A file that does nothing but read the ring of the recording that there is. */
int log_ring_file_open(struct inode *inode, struct file *file)
{
	file->private_data = log_ring_get();
	return file->private_data ? stream_open(inode, file) : -ENODEV;
}

int log_ring_file_release(struct inode *inode, struct file *file)
{
	log_ring_put(file->private_data);
	return 0;
}

ssize_t log_ring_file_read(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	return log_ring_read(file->private_data, buf, len, file->f_flags & O_NONBLOCK);
}

__poll_t log_ring_file_poll(struct file *file, poll_table *wait)
{
	return log_ring_poll(file->private_data, file, wait);
}
