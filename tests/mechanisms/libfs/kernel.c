// SPDX-License-Identifier: GPL-2.0
/*
 * sagafs, a file system of the module's own out of libfs: a log of text, and a file of records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u. Synchronous. Loss: none; a full log
 * refuses. Unit: any. Privilege: root mounts it, then modes of files. A mount
 * keeps the module loaded, an open file keeps the mount. Choose it for an
 * interface of many files with rules of its own, as oprofile and cgroups were;
 * for anything smaller it is too much of a program.
 */
#include <linux/fs_context.h>

#define LAB_FILE "libfs"
#include "lab_file.h"

#define SAGAFS_MAGIC	0x73616761
#define LOG_ROOM	PAGE_SIZE

static DEFINE_MUTEX(log_lock);	/* of story and told */
static char story[LOG_ROOM];
static size_t told;

static ssize_t log_text(const char *text, size_t len)
{
	if (len > LOG_ROOM - told)
		return -ENOSPC;
	memcpy(story + told, text, len);
	told += len;
	return len;
}

static void log_event(const char *text)
{
	mutex_lock(&log_lock);
	log_text(text, strlen(text));
	mutex_unlock(&log_lock);
}

static ssize_t log_read(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	ssize_t ret;

	mutex_lock(&log_lock);
	ret = simple_read_from_buffer(buf, len, ppos, story, told);
	mutex_unlock(&log_lock);
	return ret;
}

/* Always at the end. */
static ssize_t log_write(struct file *file, const char __user *buf, size_t len, loff_t *ppos)
{
	char text[128];
	ssize_t ret;

	if (len > sizeof(text))
		return -EMSGSIZE;
	if (copy_from_user(text, buf, len))
		return -EFAULT;
	mutex_lock(&log_lock);
	ret = log_text(text, len);
	mutex_unlock(&log_lock);
	return ret;
}

static const struct file_operations log_fops = {
	.owner = THIS_MODULE,
	.read = log_read,
	.write = log_write,
	.llseek = default_llseek,
};

static const struct file_operations record_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.read = lab_file_read,
	.write = lab_file_write,
	.poll = lab_file_poll,
};

/* The root directory is inode 1. */
static int sagafs_fill(struct super_block *sb, struct fs_context *fc)
{
	static const struct tree_descr files[] = {
		[2] = { "log", &log_fops, 0644 },
		[3] = { "record", &record_fops, 0600 },
		{ "" },
	};
	int ret = simple_fill_super(sb, SAGAFS_MAGIC, files);

	if (!ret)
		log_event("mounted\n");
	return ret;
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

static void sagafs_kill(struct super_block *sb)
{
	kill_anon_super(sb);
	log_event("unmounted\n");
}

static struct file_system_type sagafs = {
	.owner = THIS_MODULE,
	.name = "sagafs",
	.init_fs_context = sagafs_init_context,
	.kill_sb = sagafs_kill,
};
MODULE_ALIAS_FS("sagafs");

static int __init sagafs_init(void)
{
	int ret = lab_control_init();

	if (ret)
		return ret;
	ret = register_filesystem(&sagafs);
	if (ret)
		lab_control_exit();
	return ret;
}
module_init(sagafs_init);

static void __exit sagafs_exit(void)
{
	unregister_filesystem(&sagafs);
	lab_control_exit();
}
module_exit(sagafs_exit);

MODULE_DESCRIPTION("Laboratory: a file system by libfs");
MODULE_LICENSE("GPL");
