// SPDX-License-Identifier: GPL-2.0
/*
 * A relay channel: a buffer for each CPU, read or mapped through debugfs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: kernel. Direction: k2u. Not synchronous. Loss: the newest records,
 * which the kernel counts, or the oldest sub-buffers, of which the reader
 * isn't told. Unit: a sub-buffer. Privilege: mode of the files, root for
 * debugfs. Choose it for logs and traces of much data from many CPUs.
 */
#include <linux/debugfs.h>
#include <linux/relay.h>

#include "lab_kernel.h"
#include "lab_relay.h"

static long relay_setup(struct lab_side *side);
static long relay_produce(struct lab_side *side, unsigned long count);
static long relay_other(struct lab_side *side, unsigned int cmd, unsigned long arg);

static const struct lab_ops relay_ops = {
	.setup = relay_setup,
	.produce = relay_produce,
	.other = relay_other,
};

LAB_CONTROL("relay", &relay_ops)

static struct dentry *folder;
static struct rchan *channel;

/* The usual proxy of debugfs has no mmap; a relay buffer lives as long as its files. */
static struct dentry *relay_create_file(const char *name, struct dentry *parent, umode_t mode,
					struct rchan_buf *buf, int *is_global)
{
	return debugfs_create_file_unsafe(name, mode, parent, buf, &relay_file_operations);
}

static int relay_remove_file(struct dentry *dentry)
{
	debugfs_remove(dentry);
	return 0;
}

/* Fresh sub-buffers get the pattern, for records are made in place. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
static int relay_subbuf_start(struct rchan_buf *buf, void *subbuf, void *prev, size_t padding)
#else
static int relay_subbuf_start(struct rchan_buf *buf, void *subbuf, void *prev)
#endif
{
	if (!prev)
		lab_prepare(buf->start, buf->chan->subbuf_size * buf->chan->n_subbufs);
	return lab.setup.flags & LAB_RELAY_OVERWRITE || !relay_buf_full(buf);
}

static const struct rchan_callbacks relay_callbacks = {
	.subbuf_start = relay_subbuf_start,
	.create_buf_file = relay_create_file,
	.remove_buf_file = relay_remove_file,
};

static void relay_end(void)
{
	if (channel)
		relay_close(channel);
	channel = NULL;
}

static long relay_setup(struct lab_side *side)
{
	relay_end();
	channel = relay_open("cpu", folder, (size_t)side->setup.bytes * side->setup.batch,
			     LAB_RELAY_SUBBUFS, &relay_callbacks, NULL);
	return channel ? 0 : -ENOMEM;
}

/* The caller stays on its CPU, or its records would end up in two buffers. */
static long relay_produce(struct lab_side *side, unsigned long count)
{
	unsigned long n;
	void *record;

	if (!channel)
		return -ENODEV;
	for (n = 0; n < count && !lab_killed(n); n++) {
		record = relay_reserve(channel, side->setup.bytes);
		if (!record)
			break;
		lab_produce(record, side->setup.bytes, side->seq++);
	}
	side->lost += count - n;
	if (n) {
		relay_switch_subbuf(*get_cpu_ptr(channel->buf), 0);
		put_cpu_ptr(channel->buf);
	}
	return n;
}

static long relay_state(struct lab_relay_state __user *to)
{
	struct lab_relay_state state = { 0 };
	struct rchan_buf *buf;
	int i;

	buf = *get_cpu_ptr(channel->buf);
	state.produced = buf->subbufs_produced;
	state.consumed = buf->subbufs_consumed;
	for (i = 0; i < LAB_RELAY_SUBBUFS; i++)
		state.padding[i] = buf->padding[i];
	put_cpu_ptr(channel->buf);
	return copy_to_user(to, &state, sizeof(state)) ? -EFAULT : 0;
}

static long relay_other(struct lab_side *side, unsigned int cmd, unsigned long arg)
{
	if (!channel)
		return -ENODEV;
	switch (cmd) {
	case LAB_RELAY_STATE:
		return relay_state((void __user *)arg);
	case LAB_RELAY_CONSUMED:
		if (arg > LAB_RELAY_SUBBUFS)
			return -EINVAL;
		relay_subbufs_consumed(channel, raw_smp_processor_id(), arg);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int __init relay_init(void)
{
	int ret = lab_control_init();

	if (ret)
		return ret;
	folder = debugfs_create_dir("lab_relay", NULL);
	if (!IS_ERR(folder))
		return 0;
	lab_control_exit();
	return PTR_ERR(folder);
}
module_init(relay_init);

static void __exit relay_exit(void)
{
	relay_end();
	debugfs_remove_recursive(folder);
	lab_control_exit();
}
module_exit(relay_exit);

MODULE_DESCRIPTION("Laboratory: relay");
MODULE_LICENSE("GPL");
