/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel half's share of the work, and its control device /dev/lab_NAME.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Every module includes it once. A module whose mechanism has a device of its
 * own puts lab_ioctl() behind it; the others have LAB_CONTROL() make one.
 */
#ifndef LAB_KERNEL_H
#define LAB_KERNEL_H

#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xxhash.h>
#include <asm/msr.h>

#include "lab.h"
#include "lab_compat.h"

/**
 * struct lab_side - the kernel half of a transfer
 * @setup: how to work
 * @sum: of all that was received
 * @seq: number of the next record to send
 * @ticks: spent here, with LAB_TIMED
 * @lost: records not delivered
 * @part: bytes of a record that lab_consume_records() had
 * @buf: LAB_MAX_BYTES with the pattern, to make or take a record
 */
struct lab_side {
	struct lab_setup setup;
	struct xxh64_state sum;
	u64 seq;
	u64 ticks;
	u64 lost;
	size_t part;
	u8 *buf;
};

/**
 * struct lab_ops - what a mechanism does at LAB_* calls; each is optional
 * @setup: start anew; side->setup is filled
 * @produce: send that many records; returns how many were accepted
 * @consume: take that many records; 0 or an errno
 * @other: calls of its own
 */
struct lab_ops {
	long (*setup)(struct lab_side *side);
	long (*produce)(struct lab_side *side, unsigned long count);
	long (*consume)(struct lab_side *side, unsigned long count);
	long (*other)(struct lab_side *side, unsigned int cmd, unsigned long arg);
};

static inline void lab_consume(struct lab_side *side, const void *ptr, size_t len)
{
	xxh64_update(&side->sum, ptr, len);
}

/* A piece of a stream of bytes, record by record, as one who wants records has to. */
static inline void lab_consume_records(struct lab_side *side, const void *ptr, size_t len)
{
	size_t n;

	for (; len; ptr += n, len -= n) {
		n = min(len, side->setup.bytes - side->part);
		lab_consume(side, ptr, n);
		side->part += n;
		if (side->part == side->setup.bytes)
			side->part = 0;
	}
}

/* The next record, whole, in side->buf. */
static inline void *lab_next(struct lab_side *side)
{
	lab_produce(side->buf, side->setup.bytes, side->seq++);
	return side->buf;
}

/* The next record, made in memory that has no pattern yet. */
static inline void lab_make(struct lab_side *side, void *ptr)
{
	lab_prepare(ptr, side->setup.bytes);
	lab_produce(ptr, side->setup.bytes, side->seq++);
}

/* Records that one read gives at most: with LAB_QUEUED the one that it has waited for. */
static inline u32 lab_read_batch(const struct lab_side *side)
{
	return side->setup.flags & LAB_QUEUED ? 1 : side->setup.batch;
}

/* Is the caller killed, who makes its record number @n? Looked at once in a while, for it costs. */
static inline bool lab_killed(unsigned long n)
{
	if (likely(n % 64))
		return false;
	cond_resched();
	return fatal_signal_pending(current);
}

/*
 * Before a wait queue goes of which files are polled that don't keep the module:
 * whoever sleeps in poll(2) has to take himself out, an epoll is taken out.
 */
static inline void lab_end_polls(struct wait_queue_head *queue)
{
	while (wq_has_sleeper(queue)) {
		__wake_up(queue, TASK_NORMAL, 0, poll_to_key(EPOLLHUP | POLLFREE));
		msleep(1);
	}
	/* An epoll that goes meanwhile may still look at the queue. */
	synchronize_rcu();
}

static inline u64 lab_enter(const struct lab_side *side)
{
	return unlikely(side->setup.flags & LAB_TIMED) ? rdtsc() : 0;
}

static inline void lab_leave(struct lab_side *side, u64 entered)
{
	if (unlikely(side->setup.flags & LAB_TIMED))
		side->ticks += rdtsc() - entered;
}

static inline void lab_side_reset(struct lab_side *side)
{
	xxh64_reset(&side->sum, 0);
	side->seq = 0;
	side->ticks = 0;
	side->lost = 0;
	side->part = 0;
	lab_prepare(side->buf, LAB_MAX_BYTES);
}

static inline int lab_side_init(struct lab_side *side)
{
	side->buf = kvmalloc(LAB_MAX_BYTES, GFP_KERNEL);
	if (!side->buf)
		return -ENOMEM;
	side->setup = (struct lab_setup){ .bytes = 64, .unit = 64, .batch = 1 };
	lab_side_reset(side);
	return 0;
}

static inline void lab_side_free(struct lab_side *side)
{
	kvfree(side->buf);
}

static inline bool lab_setup_valid(const struct lab_setup *s)
{
	return s->bytes >= LAB_MIN_BYTES && s->bytes <= LAB_MAX_BYTES &&
	       s->bytes % 8 == 0 && s->unit && s->unit <= s->bytes && s->batch;
}

static inline long lab_ioctl_setup(struct lab_side *side, const void __user *arg,
				   const struct lab_ops *ops)
{
	struct lab_setup setup;

	if (copy_from_user(&setup, arg, sizeof(setup)))
		return -EFAULT;
	if (!lab_setup_valid(&setup))
		return -EINVAL;
	side->setup = setup;
	lab_side_reset(side);
	return ops && ops->setup ? ops->setup(side) : 0;
}

static inline long lab_ioctl_totals(struct lab_side *side, void __user *arg)
{
	struct lab_totals totals = {
		.bytes = side->sum.total_len,
		.checksum = xxh64_digest(&side->sum),
		.ticks = side->ticks,
		.lost = side->lost,
	};

	return copy_to_user(arg, &totals, sizeof(totals)) ? -EFAULT : 0;
}

/**
 * lab_ioctl() - LAB_* calls
 * @side: of the open file or the module; the caller locks it where needed
 * @ops: the mechanism's, or NULL
 * @cmd: the call
 * @arg: its argument
 *
 * Return: 0, a count, or an errno: -ENOTTY for what the mechanism doesn't do.
 */
static inline long lab_ioctl(struct lab_side *side, const struct lab_ops *ops,
			     unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case LAB_SETUP:
		return lab_ioctl_setup(side, (const void __user *)arg, ops);
	case LAB_TOTALS:
		return lab_ioctl_totals(side, (void __user *)arg);
	case LAB_TIME:
		side->setup.flags |= LAB_TIMED;
		return 0;
	case LAB_PRODUCE:
		return ops && ops->produce ? ops->produce(side, arg) : -ENOTTY;
	case LAB_CONSUME:
		return ops && ops->consume ? ops->consume(side, arg) : -ENOTTY;
	default:
		return ops && ops->other ? ops->other(side, cmd, arg) : -ENOTTY;
	}
}

/*
 * LAB_CONTROL(NAME, OPS): /dev/lab_NAME with nothing but LAB_* calls, for the
 * module's one side `lab`. The module calls lab_control_init() first of all
 * and lab_control_exit() last of all.
 */
#define LAB_CONTROL(_name, _ops)						\
static struct lab_side lab;							\
static DEFINE_MUTEX(lab_control_lock);						\
static long lab_control_ioctl(struct file *file, unsigned int cmd,		\
			      unsigned long arg)				\
{										\
	long ret;								\
										\
	/* The one that has it may wait for a peer. */				\
	if (mutex_lock_killable(&lab_control_lock))				\
		return -EINTR;							\
	ret = lab_ioctl(&lab, _ops, cmd, arg);					\
	mutex_unlock(&lab_control_lock);					\
	return ret;								\
}										\
static const struct file_operations lab_control_fops = {			\
	.owner = THIS_MODULE,							\
	.open = nonseekable_open,						\
	.unlocked_ioctl = lab_control_ioctl,					\
};										\
static struct miscdevice lab_control = {					\
	.minor = MISC_DYNAMIC_MINOR,						\
	.name = "lab_" _name,							\
	.fops = &lab_control_fops,						\
};										\
static int lab_control_init(void)						\
{										\
	int ret = lab_side_init(&lab);						\
										\
	if (ret)								\
		return ret;							\
	ret = misc_register(&lab_control);					\
	if (ret)								\
		lab_side_free(&lab);						\
	return ret;								\
}										\
static void lab_control_exit(void)						\
{										\
	misc_deregister(&lab_control);						\
	lab_side_free(&lab);							\
}

#endif /* LAB_KERNEL_H */
