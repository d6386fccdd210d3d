// SPDX-License-Identifier: GPL-2.0
/*
 * The log in a relay channel: a buffer for each CPU, read by files of debugfs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Writers share nothing. The reader is woken when a sub-buffer is full, and may
 * read a part of one before. It merges the CPUs' records by their times.
 */
#include <linux/debugfs.h>
#include <linux/relay.h>

#include "lab_compat.h"
#include "log.h"

#define SUBBUFS	8

static struct dentry *folder;
static struct rchan *channel;

static struct dentry *create_file(const char *name, struct dentry *parent, umode_t mode,
				  struct rchan_buf *buf, int *is_global)
{
	return debugfs_create_file(name, mode, parent, buf, &relay_file_operations);
}

static int remove_file(struct dentry *dentry)
{
	debugfs_remove(dentry);
	return 0;
}

static const struct rchan_callbacks callbacks = {
	.create_buf_file = create_file,
	.remove_buf_file = remove_file,
};

/* All CPUs' buffers together have as much as any other buffer. */
static int relay_start(size_t bytes)
{
	size_t subbuf = round_down(bytes / num_online_cpus() / SUBBUFS, 8);

	if (subbuf < sizeof(struct log_enter))
		return -EINVAL;
	channel = relay_open("cpu", folder, subbuf, SUBBUFS, &callbacks, NULL);
	return channel ? 0 : -ENOMEM;
}

static void relay_stop(void)
{
	relay_close(channel);
	channel = NULL;
}

/*
 * The next sub-buffer, if the reader has left it. It is for relay to refuse, but
 * it turns a count of the reader's back and forth meanwhile, by which the reader
 * loses a sub-buffer, and nobody counts it.
 */
static bool has_next(const struct rchan_buf *buf)
{
	return READ_ONCE(buf->subbufs_produced) + 1 - READ_ONCE(buf->subbufs_consumed) < SUBBUFS;
}

/* A reader that has read a part of a sub-buffer goes astray where its end is empty. */
static void fill(struct rchan_buf *buf)
{
	size_t left = channel->subbuf_size - buf->offset;

	memset(buf->data + buf->offset, 0, left);
	/* As relay_write() has it: the bytes before their count. */
	barrier();
	buf->offset += left;
}

static bool relay_write_record(const void *record, size_t len)
{
	struct rchan_buf *buf = *this_cpu_ptr(channel->buf);

	if (buf->offset + len > channel->subbuf_size) {
		if (!has_next(buf))
			return false;
		fill(buf);
	}
	__relay_write(channel, record, len);
	return true;
}

const struct log_sort log_relay_sort = {
	.start = relay_start,
	.write = relay_write_record,
	.stop = relay_stop,
};

int log_relay_init(void)
{
	folder = debugfs_create_dir("lab_log", NULL);
	return PTR_ERR_OR_ZERO(folder);
}

void log_relay_exit(void)
{
	debugfs_remove_recursive(folder);
}
