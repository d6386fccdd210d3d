// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: an u8 in one line, a blob, and a file with operations of its own that carries records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u. Synchronous. Loss: none. Unit: any.
 * Privilege: root, who alone may enter the mount point; a locked-down kernel
 * has no such files. Open files with operations of the module keep it loaded,
 * the others give EIO once it is gone. Choose it for whoever debugs the
 * module: no program may rely on it.
 */
#include <linux/debugfs.h>

#define LAB_FILE "debugfs"
#include "lab_file.h"

static u8 level = 1;
static char text[] = "a blob of bytes\0with a zero in it\n";
static struct debugfs_blob_wrapper blob = {
	.data = text,
	.size = sizeof(text) - 1,
};

static const struct file_operations record_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.read = lab_file_read,
	.write = lab_file_write,
	.poll = lab_file_poll,
};

static struct dentry *dir;

static int __init debugfs_lab_init(void)
{
	int ret = lab_control_init();

	if (ret)
		return ret;
	/* Where debugfs is absent, the module works without it: no errors to see to. */
	dir = debugfs_create_dir("lab_debugfs", NULL);
	debugfs_create_u8("level", 0644, dir, &level);
	debugfs_create_blob("blob", 0444, dir, &blob);
	debugfs_create_file("record", 0600, dir, NULL, &record_fops);
	return 0;
}
module_init(debugfs_lab_init);

static void __exit debugfs_lab_exit(void)
{
	debugfs_remove(dir);
	lab_control_exit();
}
module_exit(debugfs_lab_exit);

MODULE_DESCRIPTION("Laboratory: debugfs");
MODULE_LICENSE("GPL");
