// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel extends its caller's heap and copies records out into it; nobody names a buffer.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: the kernel chooses the place, within a call of the user's.
 * Direction: k2u only; whoever has something to give has a buffer, and that is
 * a write or an ioctl. Synchronous. Loss: none. Unit: what RLIMIT_DATA and the
 * address space have room for. Privilege: the node's mode. Choose it never: the
 * C library doesn't know of it and takes the memory for its own with the next
 * sbrk(3); with other threads nothing keeps the place free.
 *
 * What was brk(2) from within the kernel is vm_mmap() for a module, which leaves
 * the end of the heap to the caller; vm_brk_flags() is for execve(2)'s loaders
 * alone today. What set_fs(KERNEL_DS) was for, handing pointers of the kernel to system calls, is
 * no more (5.10 on x86, then all): copy_to_user() refuses them whatever a
 * module does, and the callers have kernel_execve(), kernel_read(),
 * kernel_write(), which take such pointers, and nothing else does.
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>

#include "lab_kernel.h"
#include "brk.h"

static DEFINE_MUTEX(brk_lock);	/* of lab */
static struct lab_side lab;

/* From addr on; only for a caller that is alone in its address space. */
static int extend_heap(struct mm_struct *mm, unsigned long addr, size_t len)
{
	unsigned long ret;

	if (atomic_read(&mm->mm_users) > 1)
		return -EBUSY;
	if (check_data_rlimit(rlimit(RLIMIT_DATA), addr + len, mm->start_brk,
			      mm->end_data, mm->start_data))
		return -ENOSPC;
	ret = vm_mmap(NULL, addr, len, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, 0);
	if (IS_ERR_VALUE(ret))
		return ret == -EEXIST ? -ENOMEM : ret;
	mmap_write_lock(mm);
	mm->brk = addr + len;
	mmap_write_unlock(mm);
	return 0;
}

static long copy_out(unsigned long addr, unsigned long count)
{
	u32 bytes = lab.setup.bytes;
	unsigned long n;

	for (n = 0; n < count; n++, addr += bytes)
		if (copy_to_user((void __user *)addr, lab_next(&lab), bytes))
			return -EFAULT;
	return count;
}

static long brk_export(unsigned long count)
{
	struct mm_struct *mm = current->mm;
	unsigned long addr = PAGE_ALIGN(READ_ONCE(mm->brk));
	u64 entered = lab_enter(&lab);
	long ret;

	if (!count || count > BRK_MAX_BYTES / lab.setup.bytes)
		return -EINVAL;
	ret = extend_heap(mm, addr, PAGE_ALIGN(count * lab.setup.bytes));
	if (!ret)
		ret = copy_out(addr, count);
	lab_leave(&lab, entered);
	return ret;
}

static long brk_to_kernel(void)
{
	return copy_to_user((void __force __user *)lab.buf, "x", 1) ? -EFAULT : 0;
}

static long brk_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret;

	mutex_lock(&brk_lock);
	if (cmd == BRK_EXPORT)
		ret = brk_export(arg);
	else if (cmd == BRK_TO_KERNEL)
		ret = brk_to_kernel();
	else
		ret = lab_ioctl(&lab, NULL, cmd, arg);
	mutex_unlock(&brk_lock);
	return ret;
}

static const struct file_operations brk_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = brk_ioctl,
};

static struct miscdevice brk_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lab_brk",
	.fops = &brk_fops,
};

static int __init brk_init(void)
{
	int ret = lab_side_init(&lab);

	if (ret)
		return ret;
	ret = misc_register(&brk_device);
	if (ret)
		lab_side_free(&lab);
	return ret;
}
module_init(brk_init);

static void __exit brk_exit(void)
{
	misc_deregister(&brk_device);
	lab_side_free(&lab);
}
module_exit(brk_exit);

MODULE_DESCRIPTION("Laboratory: the caller's heap");
MODULE_LICENSE("GPL");
