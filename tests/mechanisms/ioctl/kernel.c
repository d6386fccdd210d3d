// SPDX-License-Identifier: GPL-2.0
/*
 * A device whose commands are numbered: a 200-byte message each way; records of any size, or many.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user. Directions: u2k, k2u, or both in one call. Synchronous. Loss:
 * none. Unit: 16 KiB - 1 by the command's number; more by a pointer in it.
 * Privilege: the node's mode. Choose it for commands of a device, not for
 * data: every command is an ABI of its own that nobody can inspect.
 */
#include "lab_kernel.h"
#include "ioctl.h"

static DEFINE_MUTEX(ioctl_lock);	/* of all below */
static struct lab_side lab;
static struct ioctl_message message;
static struct ioctl_record records[IOCTL_BATCH];

/* Inline wherever it is called, lest a single record pay for batches; so are the next two. */
static __always_inline long ioctl_send(const struct ioctl_record *rec)
{
	u64 entered = lab_enter(&lab);

	if (copy_from_user(lab.buf, u64_to_user_ptr(rec->addr), rec->len))
		return -EFAULT;
	lab_consume(&lab, lab.buf, rec->len);
	lab_leave(&lab, entered);
	return 0;
}

static __always_inline long ioctl_recv(const struct ioctl_record *rec)
{
	u64 entered = lab_enter(&lab);

	if (rec->len < lab.setup.bytes)
		return -EMSGSIZE;
	if (copy_to_user(u64_to_user_ptr(rec->addr), lab_next(&lab), lab.setup.bytes))
		return -EFAULT;
	lab_leave(&lab, entered);
	return lab.setup.bytes;
}

static __always_inline long ioctl_move(const struct ioctl_record *rec, bool send)
{
	if (rec->reserved || rec->len > LAB_MAX_BYTES)
		return -EINVAL;
	return send ? ioctl_send(rec) : ioctl_recv(rec);
}

static long ioctl_record(unsigned int cmd, unsigned long arg)
{
	struct ioctl_record rec;

	if (copy_from_user(&rec, (void __user *)arg, sizeof(rec)))
		return -EFAULT;
	return ioctl_move(&rec, cmd == IOCTL_SEND);
}

/* Returns how many records were moved before one failed; the errno if it was the first. */
static noinline long ioctl_batch(unsigned int cmd, unsigned long arg)
{
	struct ioctl_batch batch;
	long ret = 0;
	u32 n;

	if (copy_from_user(&batch, (void __user *)arg, sizeof(batch)))
		return -EFAULT;
	if (batch.reserved || batch.nr > IOCTL_BATCH)
		return -EINVAL;
	if (copy_from_user(records, u64_to_user_ptr(batch.addr), batch.nr * sizeof(*records)))
		return -EFAULT;
	for (n = 0; n < batch.nr; n++) {
		ret = ioctl_move(&records[n], cmd == IOCTL_SEND_BATCH);
		if (ret < 0)
			break;
	}
	return n ?: ret;
}

static long ioctl_get(struct ioctl_message __user *to)
{
	return copy_to_user(to, &message, sizeof(message)) ? -EFAULT : 0;
}

/* What faults half-way must not be half a message. */
static long ioctl_set(const struct ioctl_message __user *from)
{
	struct ioctl_message taken;

	if (copy_from_user(&taken, from, sizeof(taken)))
		return -EFAULT;
	message = taken;
	return 0;
}

/* The same number with another size is a call of another ABI. */
static bool ioctl_wrong_size(unsigned int cmd)
{
	return _IOC_TYPE(cmd) == 'M' && _IOC_NR(cmd) <= _IOC_NR(IOCTL_RECV_BATCH);
}

static long ioctl_command(unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case IOCTL_SET_MESSAGE:
		return ioctl_set((void __user *)arg);
	case IOCTL_GET_MESSAGE:
		return ioctl_get((void __user *)arg);
	case IOCTL_SEND:
	case IOCTL_RECV:
		return ioctl_record(cmd, arg);
	case IOCTL_SEND_BATCH:
	case IOCTL_RECV_BATCH:
		return ioctl_batch(cmd, arg);
	default:
		return ioctl_wrong_size(cmd) ? -EINVAL : lab_ioctl(&lab, NULL, cmd, arg);
	}
}

static long ioctl_unlocked(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret;

	mutex_lock(&ioctl_lock);
	ret = ioctl_command(cmd, arg);
	mutex_unlock(&ioctl_lock);
	return ret;
}

static const struct file_operations ioctl_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = ioctl_unlocked,
};

static struct miscdevice ioctl_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lab_ioctl",
	.fops = &ioctl_fops,
};

static int __init ioctl_init(void)
{
	int ret = lab_side_init(&lab);

	if (ret)
		return ret;
	ret = misc_register(&ioctl_device);
	if (ret)
		lab_side_free(&lab);
	return ret;
}
module_init(ioctl_init);

static void __exit ioctl_exit(void)
{
	misc_deregister(&ioctl_device);
	lab_side_free(&lab);
}
module_exit(ioctl_exit);

MODULE_DESCRIPTION("Laboratory: ioctl");
MODULE_LICENSE("GPL");
