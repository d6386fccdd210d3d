// SPDX-License-Identifier: GPL-2.0
/*
 * A channel that answers as its parameters say, right or wrong, for the selftests.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Without parameters it is an echo. They may be written at any time.
 */
#include <linux/bulk_xfer.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/uio.h>

#define PUPPET_MAX_RECORD	4096

static int answer_open;
module_param_named(open, answer_open, int, 0600);
MODULE_PARM_DESC(open, "what open() returns");

static int answer_send;
module_param_named(send, answer_send, int, 0600);
MODULE_PARM_DESC(send, "what send() and send_buf() return; 0: the record comes back");

static int answer_recv = -EAGAIN;
module_param_named(recv, answer_recv, int, 0600);
MODULE_PARM_DESC(recv, "what recv() and recv_buf() return; 0: a record of eight bytes");

static int told = 8;
module_param(told, int, 0600);
MODULE_PARM_DESC(told, "the length that recv() tells of a RECV's record");

static int give_told = 8;
module_param(give_told, int, 0600);
MODULE_PARM_DESC(give_told, "the length that recv() and recv_buf() tell of a record for the window");

static int dirty;
module_param(dirty, int, 0400);
MODULE_PARM_DESC(dirty, "descriptions that were not empty when recv() and recv_buf() got them");

static bool gives_up;
module_param(gives_up, bool, 0600);
MODULE_PARM_DESC(gives_up, "send() and send_buf() reserve a record, abort it, and return -EAGAIN");

/**
 * enum misuse - what send() and send_buf() do to the record that comes back
 * @MISUSE_NONE: nothing wrong
 * @MISUSE_COMMIT_TWICE: commit it once more
 * @MISUSE_ABORT_COMMITTED: abort it after the commit
 * @MISUSE_COMMIT_ABORTED: commit it after an abort
 * @MISUSE_ABORT_TWICE: abort it once more
 * @MISUSE_FORGET: neither
 */
enum misuse {
	MISUSE_NONE,
	MISUSE_COMMIT_TWICE,
	MISUSE_ABORT_COMMITTED,
	MISUSE_COMMIT_ABORTED,
	MISUSE_ABORT_TWICE,
	MISUSE_FORGET,
};

static int misuse;
module_param(misuse, int, 0600);
MODULE_PARM_DESC(misuse, "what send() and send_buf() do wrong to the record, see enum misuse");

static bool holds;
module_param(holds, bool, 0600);
MODULE_PARM_DESC(holds, "another record is reserved while they do");

static int answer_poll = (__force int)EPOLLOUT;
module_param_named(poll, answer_poll, int, 0600);
MODULE_PARM_DESC(poll, "what poll() returns");

static bool leaves;
module_param(leaves, bool, 0600);
MODULE_PARM_DESC(leaves, "all operations return with preemption disabled");

static bool late;
module_param(late, bool, 0600);
MODULE_PARM_DESC(late, "unloading pushes to the endpoint opened last after its release()");

/* For @late: its file must still be open. */
static struct bulk_endpoint *released;

/* Which the parameter `room` wakes. */
static DEFINE_MUTEX(puppet_lock);
static struct bulk_endpoint *last;

static int puppet_room(const char *text, const struct kernel_param *param)
{
	guard(mutex)(&puppet_lock);
	WRITE_ONCE(answer_send, 0);
	if (last)
		bulk_tx_wake(last);
	return 0;
}

static const struct kernel_param_ops room_ops = { .set = puppet_room };
module_param_cb(room, &room_ops, NULL, 0200);
MODULE_PARM_DESC(room, "written: send() has room, and the endpoint opened last is told");

static int puppet_open(struct bulk_endpoint *ep)
{
	if (answer_open)
		return answer_open;
	guard(mutex)(&puppet_lock);
	last = ep;
	return 0;
}

static void puppet_release(struct bulk_endpoint *ep)
{
	guard(mutex)(&puppet_lock);
	if (last != ep)
		return;
	last = NULL;
	released = ep;
}

static void puppet_leave(void)
{
	if (leaves)
		preempt_disable();
}

static int puppet_give_up(struct bulk_endpoint *ep)
{
	struct bulk_record *rec = bulk_reserve(ep, 8, GFP_KERNEL);

	if (IS_ERR(rec))
		return PTR_ERR(rec);
	bulk_abort(ep, rec);
	return -EAGAIN;
}

static void puppet_misuse(struct bulk_endpoint *ep, struct bulk_record *rec,
			  u64 tag)
{
	if (misuse == MISUSE_COMMIT_ABORTED || misuse == MISUSE_ABORT_TWICE)
		bulk_abort(ep, rec);
	else if (misuse != MISUSE_FORGET)
		bulk_commit(ep, rec, tag);
	if (misuse == MISUSE_COMMIT_TWICE || misuse == MISUSE_COMMIT_ABORTED)
		bulk_commit(ep, rec, tag);
	if (misuse == MISUSE_ABORT_COMMITTED || misuse == MISUSE_ABORT_TWICE)
		bulk_abort(ep, rec);
}

static int puppet_echo(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag)
{
	struct bulk_record *other = NULL, *rec;
	size_t len = iov_iter_count(from);

	rec = bulk_reserve(ep, len, GFP_KERNEL);
	if (IS_ERR(rec))
		return PTR_ERR(rec);
	if (copy_from_iter(bulk_record_data(rec), len, from) != len) {
		bulk_abort(ep, rec);
		return -EFAULT;
	}
	if (holds)
		other = bulk_reserve(ep, len, GFP_KERNEL);
	puppet_misuse(ep, rec, tag);
	if (!IS_ERR_OR_NULL(other))
		bulk_abort(ep, other);
	return 0;
}

static int puppet_send_buf(struct bulk_endpoint *ep, const void *data, size_t len,
			   u64 tag)
{
	struct kvec vec = { .iov_base = (void *)data, .iov_len = len };
	int answer = READ_ONCE(answer_send);
	struct iov_iter from;

	puppet_leave();
	if (gives_up)
		return puppet_give_up(ep);
	if (answer || leaves)
		return answer;
	iov_iter_kvec(&from, ITER_SOURCE, &vec, 1, len);
	return puppet_echo(ep, &from, tag);
}

static bool looks = true;
module_param(looks, bool, 0600);
MODULE_PARM_DESC(looks, "send_batch() looks at the records that it is given");

static int puppet_send_batch(struct bulk_endpoint *ep, struct bulk_batch *batch)
{
	const void *data;
	int ret = 0;
	size_t len;
	u64 tag;

	if (!READ_ONCE(looks))
		return READ_ONCE(answer_send);
	while (!ret && (data = bulk_batch_next(batch, &len, &tag)))
		ret = puppet_send_buf(ep, data, len, tag);
	return ret;
}

static int puppet_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag)
{
	int answer = READ_ONCE(answer_send);

	puppet_leave();
	if (gives_up)
		return puppet_give_up(ep);
	if (answer || leaves)
		return answer;
	return puppet_echo(ep, from, tag);
}

static int puppet_recv(struct bulk_endpoint *ep, struct iov_iter *to,
		       struct bulk_meta *meta)
{
	static const u64 record = 8;

	puppet_leave();
	dirty += meta->len || meta->lost || meta->tag;
	meta->len = user_backed_iter(to) ? told : give_told;
	if (answer_recv)
		return answer_recv;
	if (iov_iter_count(to) < sizeof(record)) {
		meta->len = sizeof(record);
		return -EMSGSIZE;
	}
	return copy_to_iter(&record, sizeof(record), to) == sizeof(record) ?
		0 : -EFAULT;
}

static int puppet_recv_buf(struct bulk_endpoint *ep, void *data, size_t room,
			   struct bulk_meta *meta)
{
	puppet_leave();
	dirty += meta->len || meta->lost || meta->tag;
	meta->len = give_told;
	if (answer_recv)
		return answer_recv;
	if (room < sizeof(u64))
		return -EMSGSIZE;
	*(u64 *)data = sizeof(u64);
	return 0;
}

static __poll_t puppet_poll(struct bulk_endpoint *ep)
{
	puppet_leave();
	return (__force __poll_t)READ_ONCE(answer_poll);
}

static struct bulk_channel_ops puppet_ops = {
	.open = puppet_open,
	.release = puppet_release,
	.send = puppet_send,
	.send_buf = puppet_send_buf,
	.recv = puppet_recv,
	.poll = puppet_poll,
};

static bool give;
module_param(give, bool, 0400);
MODULE_PARM_DESC(give, "there is a recv_buf(), else recv() makes the records for a window, too");

static bool batch;
module_param(batch, bool, 0400);
MODULE_PARM_DESC(batch, "there is a send_batch()");

static int policy = BULK_RX_BLOCK;
module_param(policy, int, 0400);
MODULE_PARM_DESC(policy, "what happens to a record without room, of which there is little then");

static unsigned int deadline_us;
module_param(deadline_us, uint, 0400);
MODULE_PARM_DESC(deadline_us, "of the channel, as it is registered");

static struct bulk_channel *puppet;

static int __init puppet_init(void)
{
	struct bulk_channel_desc desc = {
		.name = "puppet",
		.max_record = PUPPET_MAX_RECORD,
		.rx_limit = policy == BULK_RX_BLOCK ? 0 : PUPPET_MAX_RECORD,
		.rx_policy = policy,
		.deadline_us = deadline_us,
		.flags = BULK_CHANNEL_TX_LATER | BULK_CHANNEL_RX_AHEAD,
		.ops = &puppet_ops,
	};

	if (give)
		puppet_ops.recv_buf = puppet_recv_buf;
	if (batch)
		puppet_ops.send_batch = puppet_send_batch;
	puppet = bulk_channel_register(&desc);
	return PTR_ERR_OR_ZERO(puppet);
}
module_init(puppet_init);

static void __exit puppet_exit(void)
{
	u64 word = 0;

	bulk_channel_unregister(puppet);
	if (late && released)
		bulk_push(released, &word, sizeof(word), 0, GFP_KERNEL);
}
module_exit(puppet_exit);

MODULE_DESCRIPTION("bulk_xfer selftest: a channel that answers as it is told");
MODULE_LICENSE("GPL");
