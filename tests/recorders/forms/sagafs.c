// SPDX-License-Identifier: GPL-2.0
/*
 * The log as the file "log" of a file system of its own, sagafs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/fs_context.h>
#include <linux/module.h>

#include "lab_compat.h"
#include "log.h"

#define SAGAFS_MAGIC	0x73616761

static const struct file_operations log_fops = {
	.owner = THIS_MODULE,
	.open = log_ring_file_open,
	.release = log_ring_file_release,
	.read = log_ring_file_read,
	.poll = log_ring_file_poll,
};

/* The root directory is inode 1. */
static int sagafs_fill(struct super_block *sb, struct fs_context *fc)
{
	static const struct tree_descr files[] = {
		[2] = { "log", &log_fops, 0400 },
		{ "" },
	};

	return simple_fill_super(sb, SAGAFS_MAGIC, files);
}

static int sagafs_get_tree(struct fs_context *fc)
{
	return get_tree_single(fc, sagafs_fill);
}

static const struct fs_context_operations sagafs_context_ops = {
	.get_tree = sagafs_get_tree,
};

static int sagafs_init_context(struct fs_context *fc)
{
	fc->ops = &sagafs_context_ops;
	return 0;
}

static struct file_system_type sagafs = {
	.owner = THIS_MODULE,
	.name = LOG_FS,
	.init_fs_context = sagafs_init_context,
	.kill_sb = kill_anon_super,
};

int log_fs_init(void)
{
	return register_filesystem(&sagafs);
}

void log_fs_exit(void)
{
	unregister_filesystem(&sagafs);
}
