// SPDX-License-Identifier: GPL-2.0
/*
 * The baseline: a minimal character device that does the work of sink and source.
 *
 * A write(2) is checksummed, a read(2) gets the next bytes of a stream, with
 * the chunk and the functions that the bulk_xfer(2) channels use.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>
#include <linux/xxhash.h>
#include <uapi/linux/bulk_channels.h>

#include "bench_chardev.h"

/**
 * struct bench_file - state of one open file
 * @lock: two threads may share the file
 * @hash: of all that was written
 * @pos: how far into the stream the reader is
 * @chunk: where the bytes are read or made, piece by piece
 */
struct bench_file {
	struct mutex lock;	/* of all below */
	struct xxh64_state hash;
	u64 pos;
	u8 chunk[SZ_2K];
};

static int bench_open(struct inode *inode, struct file *file)
{
	struct bench_file *b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);

	if (!b)
		return -ENOMEM;
	mutex_init(&b->lock);
	xxh64_reset(&b->hash, 0);
	file->private_data = b;
	return stream_open(inode, file);
}

static int bench_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t bench_write(struct file *file, const char __user *buf,
			   size_t len, loff_t *ppos)
{
	struct bench_file *b = file->private_data;
	size_t done, n;

	mutex_lock(&b->lock);
	for (done = 0; done < len; done += n) {
		n = min(len - done, sizeof(b->chunk));
		if (copy_from_user(b->chunk, buf + done, n))
			break;
		xxh64_update(&b->hash, b->chunk, n);
	}
	mutex_unlock(&b->lock);
	return done || !len ? done : -EFAULT;
}

/* Bytes of one word of a stream: from @pos on, to the end of the word or @len. */
static size_t bench_fill_part(u8 *buf, u64 seed, u64 pos, size_t len)
{
	__le64 word = cpu_to_le64(bulk_source_word(seed, pos >> 3));
	size_t off = pos & 7;
	size_t n = min(len, 8 - off);

	memcpy(buf, (u8 *)&word + off, n);
	return n;
}

static void bench_fill(u8 *buf, u64 seed, u64 pos, size_t len)
{
	size_t n = pos & 7 ? bench_fill_part(buf, seed, pos, len) : 0;
	u64 index = (pos + n) >> 3;

	for (; len - n >= 8; n += 8)
		put_unaligned_le64(bulk_source_word(seed, index++), buf + n);
	if (n < len)
		bench_fill_part(buf + n, seed, pos + n, len - n);
}

static ssize_t bench_read(struct file *file, char __user *buf, size_t len,
			  loff_t *ppos)
{
	struct bench_file *b = file->private_data;
	size_t done, n;

	mutex_lock(&b->lock);
	for (done = 0; done < len; done += n) {
		n = min(len - done, sizeof(b->chunk));
		bench_fill(b->chunk, BENCH_CHARDEV_SEED, b->pos, n);
		if (copy_to_user(buf + done, b->chunk, n))
			break;
		b->pos += n;
	}
	mutex_unlock(&b->lock);
	return done || !len ? done : -EFAULT;
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct bench_chardev_totals totals;
	struct bench_file *b = file->private_data;

	if (cmd != BENCH_CHARDEV_TOTALS)
		return -ENOTTY;
	mutex_lock(&b->lock);
	totals.bytes = b->hash.total_len;
	totals.checksum = xxh64_digest(&b->hash);
	mutex_unlock(&b->lock);
	return copy_to_user((void __user *)arg, &totals, sizeof(totals)) ?
		-EFAULT : 0;
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.open = bench_open,
	.release = bench_release,
	.write = bench_write,
	.read = bench_read,
	.unlocked_ioctl = bench_ioctl,
};

static struct miscdevice bench_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "bench_chardev",
	.fops = &bench_fops,
};
module_misc_device(bench_device);

MODULE_DESCRIPTION("Character device to measure bulk_xfer(2) against");
MODULE_LICENSE("GPL");
