// SPDX-License-Identifier: GPL-2.0
/*
 * A ring that the reader maps, under a lock that both sides share.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Mapped memory brings no synchronisation: the lock is a word in it. The reader
 * may be preempted while it has the lock, or keep it for ever, so that the kernel
 * waits for a bounded time only. What it reads there it checks.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "log.h"

/* Some ten microseconds: longer than a reader that runs has the lock. */
#define MAX_SPINS	1000

static DEFINE_MUTEX(map_lock);		/* of changes of shared */
static DEFINE_RAW_SPINLOCK(writers);	/* of head, and of who asks for the shared lock */
static DECLARE_WAIT_QUEUE_HEAD(readers);
static struct log_shared *shared;
static size_t size;
static u64 head;			/* the page has a copy, which the reader may spoil */

static int shared_start(size_t bytes)
{
	struct log_shared *area = vmalloc_user(LOG_DATA + bytes);

	if (!area)
		return -ENOMEM;
	area->size = bytes;
	size = bytes;
	head = 0;
	guard(mutex)(&map_lock);
	shared = area;
	return 0;
}

/* Nobody has it mapped any more, for that keeps the device open. */
static void shared_stop(void)
{
	guard(mutex)(&map_lock);
	vfree(shared);
	shared = NULL;
}

static bool shared_lock(void)
{
	int spins;

	for (spins = 0; spins < MAX_SPINS; spins++) {
		if (!READ_ONCE(shared->lock) && !cmpxchg_acquire(&shared->lock, 0, 1))
			return true;
		cpu_relax();
	}
	return false;
}

static void shared_unlock(void)
{
	/* Pairs with whoever takes the lock next. */
	smp_store_release(&shared->lock, 0);
}

/* A tail that cannot be is as good as a full ring. */
static bool fits(size_t len)
{
	u64 used = head - READ_ONCE(shared->tail);

	return used <= size && len <= size - used;
}

static void put(const void *record, size_t len)
{
	u8 *data = (u8 *)shared + LOG_DATA;
	size_t at = head & (size - 1);
	size_t first = min(len, size - at);

	memcpy(data + at, record, first);
	memcpy(data, record + first, len - first);
	head += len;
	WRITE_ONCE(shared->head, head);
}

static bool write_locked(const void *record, size_t len)
{
	bool ret;

	if (!shared_lock())
		return false;
	ret = fits(len);
	if (ret)
		put(record, len);
	shared_unlock();
	return ret;
}

static bool shared_write(const void *record, size_t len)
{
	bool ret;

	raw_spin_lock(&writers);
	ret = write_locked(record, len);
	raw_spin_unlock(&writers);
	if (wq_has_sleeper(&readers))
		wake_up_interruptible(&readers);
	return ret;
}

const struct log_sort log_shared_sort = {
	.start = shared_start,
	.write = shared_write,
	.stop = shared_stop,
};

/* Executable or private, it would be something else. */
int log_shared_mmap(struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_EXEC)
		return -EINVAL;
	guard(mutex)(&map_lock);
	if (!shared)
		return -ENODEV;
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYEXEC);
	return remap_vmalloc_range(vma, shared, vma->vm_pgoff);
}

__poll_t log_shared_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, &readers, wait);
	guard(mutex)(&map_lock);
	if (!shared || READ_ONCE(head) == READ_ONCE(shared->tail))
		return 0;
	return EPOLLIN | EPOLLRDNORM;
}
