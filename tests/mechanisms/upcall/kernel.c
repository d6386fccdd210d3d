// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel starts a program: arguments and input go to it, exit code and output come back.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: kernel. Directions: k2u by arguments or standard input, u2k by the
 * exit code or standard output. Synchronous if it waits for the end; without
 * waiting nobody learns even that there is no such program. Loss: none. Unit:
 * 8 bits of exit code, 128 KiB - 1 of text an argument, any through files.
 * Privilege: the program runs as root with all capabilities in the first
 * namespaces, whoever caused it: its path must not be the caller's to choose,
 * but in a test. Choose it for what is rare and policy: hotplug, core dumps,
 * key requests; a daemon that listens is better wherever one can be.
 */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/hex.h>
#include <linux/umh.h>
#include <linux/wait.h>

#include "lab_parts.h"
#include "upcall.h"

static_assert(UPCALL_NO_WAIT == UMH_NO_WAIT && UPCALL_EXEC == UMH_WAIT_EXEC &&
	      UPCALL_END == UMH_WAIT_PROC);

static DEFINE_MUTEX(upcall_lock);	/* of lab, text and room */
static struct lab_side lab;
static char *text;		/* an argument */
static size_t room;		/* of the record in lab.buf that the helper reads or writes */

static atomic_t under_way;	/* programs on their start */
static DECLARE_WAIT_QUEUE_HEAD(all_ended);

/*
 * Standard input and output of the helper. The caller of ioctl(2) holds the
 * lock and waits for the helper's end: nobody else touches lab.buf, unless that
 * caller was killed, and then what is in it is of no use.
 */
static ssize_t input_read(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	return simple_read_from_buffer(buf, len, ppos, lab.buf, room);
}

static ssize_t output_write(struct file *file, const char __user *buf, size_t len, loff_t *ppos)
{
	return simple_write_to_buffer(lab.buf, room, ppos, buf, len);
}

static const struct file_operations helper_fops = {
	.owner = THIS_MODULE,
	.read = input_read,
	.write = output_write,
};

/* In the new process, which has no files yet. */
static int give_file(int want, int mode)
{
	struct file *file = anon_inode_getfile("[lab_upcall]", &helper_fops, NULL, mode);
	int fd;

	if (IS_ERR(file))
		return PTR_ERR(file);
	file->f_mode |= FMODE_PREAD | FMODE_PWRITE;
	fd = get_unused_fd_flags(0);
	if (fd != want) {
		fput(file);
		return fd < 0 ? fd : -EBADF;
	}
	fd_install(fd, file);
	return 0;
}

static int give_files(struct subprocess_info *info, struct cred *new)
{
	return give_file(0, O_RDONLY) ?: give_file(1, O_WRONLY);
}

/* What the new program is started with; it may outlive the call that asked for it. */
struct call {
	struct upcall_run run;
	char *arg;
	char *argv[4];
	char *envp[5];
};

static struct call *new_call(void)
{
	struct call *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	c->envp[0] = "HOME=/";
	c->envp[1] = "PATH=/bin:/sbin";
	c->envp[2] = "LAB_SUM=" UPCALL_SUM;
	return c;
}

static void put_call(struct call *c)
{
	kvfree(c->arg);
	kfree(c);
}

/*
 * Maybe long after the call that asked for it. The module must not be gone
 * before the last instruction here: upcall_exit() lets a grace period pass.
 */
static void free_call(struct subprocess_info *info)
{
	put_call(info->data);
	rcu_read_lock();
	if (atomic_dec_and_test(&under_way))
		wake_up(&all_ended);
	rcu_read_unlock();
}

/* Status of the program, or an errno. */
static int start(struct call *c, int wait)
{
	struct subprocess_info *info;

	info = call_usermodehelper_setup(c->argv[0], c->argv, c->envp, GFP_KERNEL,
					 give_files, free_call, c);
	if (!info) {
		put_call(c);
		return -ENOMEM;
	}
	atomic_inc(&under_way);
	/* A caller that is killed doesn't wait for a program that may never end. */
	return call_usermodehelper_exec(info, wait ? wait | UMH_KILLABLE : wait);
}

static bool is_string(const char *word, size_t size)
{
	return strnlen(word, size) < size;
}

static int fill_call(struct call *c, const void __user *arg)
{
	struct upcall_run *run = &c->run;

	if (copy_from_user(run, arg, sizeof(*run)))
		return -EFAULT;
	if (run->wait > UPCALL_END || !is_string(run->path, sizeof(run->path)) ||
	    !is_string(run->arg, sizeof(run->arg)) || !is_string(run->env, sizeof(run->env)))
		return -EINVAL;
	c->argv[0] = run->path;
	c->argv[1] = run->arg;
	c->envp[3] = run->env;
	return 0;
}

static long upcall_run(const void __user *arg)
{
	struct call *c = new_call();
	int ret;

	if (!c)
		return -ENOMEM;
	ret = fill_call(c, arg);
	if (ret) {
		kfree(c);
		return ret;
	}
	room = 0;
	return start(c, c->run.wait);
}

/* The helper must be content. */
static int run_helper(char *verb, const char *arg)
{
	struct call *c = new_call();
	int status;

	if (!c)
		return -ENOMEM;
	c->arg = kvmemdup(arg, strlen(arg) + 1, GFP_KERNEL);
	if (!c->arg) {
		put_call(c);
		return -ENOMEM;
	}
	c->argv[0] = UPCALL_HELPER;
	c->argv[1] = verb;
	c->argv[2] = c->arg;
	status = start(c, UMH_WAIT_PROC);
	if (status < 0)
		return status;
	return status ? -EIO : 0;
}

static int send_part(const u8 *part, u32 len)
{
	if (lab.setup.flags & UPCALL_STDIN) {
		room = len;
		return run_helper("read", "");
	}
	*bin2hex(text, part, len) = '\0';
	return run_helper("take", text);
}

static long upcall_produce(struct lab_side *side, unsigned long count)
{
	unsigned long n = 0;
	const u8 *part;
	u32 len;
	int ret;

	while (n < count) {
		part = lab_part(side, &len);
		ret = send_part(part, len);
		if (ret)
			return ret;
		if (lab_part_done(side, len))
			n++;
	}
	return n;
}

/* The helper makes record after record. */
static long upcall_consume(struct lab_side *side, unsigned long count)
{
	char number[48];
	int ret;

	room = side->setup.bytes;
	for (; count; count--) {
		snprintf(number, sizeof(number), "%zu:%llu", room, side->seq++);
		ret = run_helper("make", number);
		if (ret)
			return ret;
		lab_consume(side, side->buf, room);
	}
	return 0;
}

static long upcall_setup(struct lab_side *side)
{
	bool by_argument = !(side->setup.flags & UPCALL_STDIN);

	lab_part_off = 0;
	if (side->setup.unit < side->setup.bytes && !by_argument)
		return -EINVAL;
	return by_argument && side->setup.unit > UPCALL_UNIT ? -EMSGSIZE : 0;
}

static const struct lab_ops upcall_ops = {
	.setup = upcall_setup,
	.produce = upcall_produce,
	.consume = upcall_consume,
};

static long upcall_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret;

	if (mutex_lock_killable(&upcall_lock))
		return -EINTR;
	if (cmd == UPCALL_RUN)
		ret = upcall_run((const void __user *)arg);
	else
		ret = lab_ioctl(&lab, &upcall_ops, cmd, arg);
	mutex_unlock(&upcall_lock);
	return ret;
}

static const struct file_operations upcall_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = upcall_ioctl,
};

static struct miscdevice upcall_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lab_upcall",
	.fops = &upcall_fops,
};

static int __init upcall_init(void)
{
	int ret;

	text = kvmalloc(2 * UPCALL_UNIT + 1, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	ret = lab_side_init(&lab);
	if (ret)
		goto err_text;
	ret = misc_register(&upcall_device);
	if (ret)
		goto err_side;
	return 0;

err_side:
	lab_side_free(&lab);
err_text:
	kvfree(text);
	return ret;
}
module_init(upcall_init);

static void __exit upcall_exit(void)
{
	misc_deregister(&upcall_device);
	wait_event(all_ended, !atomic_read(&under_way));
	synchronize_rcu();
	lab_side_free(&lab);
	kvfree(text);
}
module_exit(upcall_exit);

MODULE_DESCRIPTION("Laboratory: programs that the kernel starts");
MODULE_LICENSE("GPL");
