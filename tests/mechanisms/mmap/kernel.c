// SPDX-License-Identifier: GPL-2.0
/*
 * A ring that the kernel fills as a sampling device would, mapped by its reader.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: kernel (samples) or user. Directions: k2u, u2k, without a copy. Not
 * synchronous. Loss: the oldest records are overwritten; the reader sees from
 * the counts how many. Unit: what the ring's layout says. Privilege: the
 * node's mode. Choose it for a constant stream of data that one reader keeps
 * up with: nothing is faster, and all of its protocol is yours to invent.
 */
#include <linux/debugfs.h>
#include <linux/eventfd.h>
#include <linux/poll.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "lab_kernel.h"
#include "ring.h"

static struct lab_side lab;
static DEFINE_MUTEX(ring_lock);		/* of all below */
static struct ring_control *control;
static u8 *area;
static u64 slots;
static u64 made;			/* what is published is a copy of these two: */
static u64 taken;			/* the page is the user's to write */
static u16 sample;
static struct eventfd_ctx *notified;
static DECLARE_WAIT_QUEUE_HEAD(readers);
static struct dentry *debug_folder;
static char *debug_page;

static void *ring_slot(u32 offset, u64 count)
{
	return area + offset + count % slots * lab.setup.bytes;
}

static void ring_publish(void)
{
	made++;
	/* Pairs with the reader's acquire: the record before its count. */
	smp_store_release(&control->to_user, made);
}

static void ring_notify(void)
{
	wake_up_interruptible(&readers);
	if (notified)
		eventfd_signal(notified);
}

static long ring_produce(struct lab_side *side, unsigned long count)
{
	unsigned long n;

	for (n = 0; n < count && !lab_killed(n); n++) {
		lab_produce(ring_slot(RING_TO_USER, made), side->setup.bytes, side->seq++);
		ring_publish();
	}
	ring_notify();
	return n;
}

static void ring_sample(void)
{
	u16 *block = ring_slot(RING_TO_USER, made);
	u32 i;

	for (i = 0; i < lab.setup.bytes / sizeof(*block); i++)
		block[i] = sample++;
	ring_publish();
}

/* The count is the user's: read once, then checked. */
static long ring_consume(struct lab_side *side, unsigned long count)
{
	/* Pairs with the writer's release: the count before the records. */
	u64 ready = smp_load_acquire(&control->to_kernel) - taken;

	if (ready > slots)
		return -EBADMSG;
	if (ready < count)
		return -EAGAIN;
	for (; count; count--)
		lab_consume(side, ring_slot(RING_TO_KERNEL, taken++), side->setup.bytes);
	/* Pairs with the writer's acquire: read before it is written again. */
	smp_store_release(&control->taken, taken);
	return 0;
}

static void ring_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(sampling, ring_work);

static void ring_work(struct work_struct *work)
{
	mutex_lock(&ring_lock);
	if (lab.setup.flags & RING_SAMPLES) {
		ring_sample();
		ring_notify();
		schedule_delayed_work(&sampling, 1);
	}
	mutex_unlock(&ring_lock);
}

static long ring_setup(struct lab_side *side)
{
	slots = min(RING_BYTES / side->setup.bytes, RING_MAX_SLOTS);
	made = 0;
	taken = 0;
	sample = 0;
	memset(control, 0, sizeof(*control));
	control->slots = slots;
	lab_prepare(area + RING_TO_USER, RING_BYTES);
	if (side->setup.flags & RING_SAMPLES)
		schedule_delayed_work(&sampling, 1);
	return 0;
}

static const struct lab_ops ring_ops = {
	.setup = ring_setup,
	.produce = ring_produce,
	.consume = ring_consume,
};

static long ring_set_eventfd(int fd)
{
	struct eventfd_ctx *ctx = fd < 0 ? NULL : eventfd_ctx_fdget(fd);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	if (notified)
		eventfd_ctx_put(notified);
	notified = ctx;
	return 0;
}

static long ring_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret;

	mutex_lock(&ring_lock);
	if (cmd == RING_EVENTFD)
		ret = ring_set_eventfd(arg);
	else
		ret = lab_ioctl(&lab, &ring_ops, cmd, arg);
	mutex_unlock(&ring_lock);
	return ret;
}

/* file->private_data: the count up to which poll() has told of records. */
static __poll_t ring_poll(struct file *file, poll_table *wait)
{
	u64 now;

	poll_wait(file, &readers, wait);
	now = READ_ONCE(made);
	if ((u64)file->private_data == now)
		return 0;
	file->private_data = (void *)now;
	return EPOLLIN | EPOLLRDNORM;
}

/* Executable or private, it would be something else. */
static int ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_EXEC)
		return -EINVAL;
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYEXEC);
	return remap_vmalloc_range(vma, area, vma->vm_pgoff);
}

static int ring_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return nonseekable_open(inode, file);
}

static int ring_release(struct inode *inode, struct file *file)
{
	mutex_lock(&ring_lock);
	lab.setup.flags &= ~RING_SAMPLES;
	mutex_unlock(&ring_lock);
	return 0;
}

static const struct file_operations ring_fops = {
	.owner = THIS_MODULE,
	.open = ring_open,
	.release = ring_release,
	.poll = ring_poll,
	.mmap = ring_mmap,
	.unlocked_ioctl = ring_ioctl,
};

static struct miscdevice ring_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lab_mmap",
	.fops = &ring_fops,
};

static int page_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return -EACCES;
	vm_flags_clear(vma, VM_MAYWRITE);
	return remap_vmalloc_range(vma, debug_page, vma->vm_pgoff);
}

static const struct file_operations page_fops = {
	.owner = THIS_MODULE,
	.mmap = page_mmap,
};

/* The usual proxy of debugfs has no mmap; the file goes before the module's text does. */
static int page_create(void)
{
	debug_page = vmalloc_user(PAGE_SIZE);
	if (!debug_page)
		return -ENOMEM;
	strscpy(debug_page, RING_PAGE_TEXT, PAGE_SIZE);
	debug_folder = debugfs_create_dir("lab_mmap", NULL);
	debugfs_create_file_unsafe("page", 0400, debug_folder, NULL, &page_fops);
	return 0;
}

static int ring_create(void)
{
	int ret = lab_side_init(&lab);

	if (ret)
		return ret;
	area = vmalloc_user(RING_MAP);
	if (!area) {
		lab_side_free(&lab);
		return -ENOMEM;
	}
	control = (struct ring_control *)area;
	return ring_setup(&lab);
}

static void ring_destroy(void)
{
	cancel_delayed_work_sync(&sampling);
	if (notified)
		eventfd_ctx_put(notified);
	vfree(area);
	lab_side_free(&lab);
}

static int __init ring_init(void)
{
	int ret = ring_create();

	if (ret)
		return ret;
	ret = page_create();
	if (ret)
		goto err_ring;
	ret = misc_register(&ring_device);
	if (ret)
		goto err_page;
	return 0;

err_page:
	debugfs_remove_recursive(debug_folder);
	vfree(debug_page);
err_ring:
	ring_destroy();
	return ret;
}
module_init(ring_init);

static void __exit ring_exit(void)
{
	misc_deregister(&ring_device);
	debugfs_remove_recursive(debug_folder);
	vfree(debug_page);
	ring_destroy();
}
module_exit(ring_exit);

MODULE_DESCRIPTION("Laboratory: mapped ring");
MODULE_LICENSE("GPL");
